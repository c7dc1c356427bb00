"""How the broker is reached; without Django, so that the clock can read it too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from config.env import Env

# Enqueueing must fail within moments when the broker is away: callers leave the work to the sweeper.
TRANSPORT_OPTIONS: dict[str, Any] = {
    "visibility_timeout": 1800,  # longer than any hard time limit, so that nothing runs twice at once
    "socket_connect_timeout": 2,
    "socket_timeout": 10,
    "socket_keepalive": True,
    "health_check_interval": 10,
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.2,
    "interval_max": 0.2,
}


def note(state_folder: Path) -> Path:
    """The file in which `up` says where the embedded Valkey's socket is."""
    return state_folder / "broker.socket"


def redis_url(env: Env, state_folder: Path) -> str:
    """REDIS_URL, else the Valkey that `up` runs, else ""."""
    given = env.redis_url("REDIS_URL")
    if given:
        return given
    try:
        path = note(state_folder).read_text(encoding="utf-8").strip()
    except OSError:
        return ""
    return f"unix://{path}" if path and Path(path).exists() else ""


def celery_url(url: str) -> str:
    """The same address as Celery spells it; without any broker one that is never there, so that enqueueing fails at once."""
    return (url or "unix:///nonexistent/sitemend.sock").replace("unix://", "redis+socket://", 1)
