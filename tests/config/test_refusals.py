"""A setting that makes no sense stops every program with one line and no traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = {
    "manage.py": ["manage.py", "check"],
    "up": ["manage.py", "up", "--port", "0"],
    "gunicorn": ["-m", "gunicorn", "config.wsgi", "--bind", "127.0.0.1:0", "--no-control-socket", "--log-level", "critical"],
    "celery": ["-m", "celery", "-A", "config", "worker"],
    "beat": ["-m", "celery", "-A", "config.clock", "beat"],
}


def run(arguments: list[str], tmp_path: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "SITEMEND_VAR_DIR": str(tmp_path / "state"), **settings}
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("program", PROGRAMS)
def test_program_says_one_line(program: str, tmp_path: Path) -> None:
    ended = run(PROGRAMS[program], tmp_path, REDIS_URL="nonsense")
    assert ended.returncode not in (0, 1)
    assert ended.stderr.startswith("sitemend: REDIS_URL: must be redis://"), ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1
    assert ended.stdout == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SITEMEND_ALLOWED_NETWORKS", "10.0.0.0/99"),
        ("DATABASE_URL", "mysql://me:hidden@db/x"),
        ("DATABASE_URL", "postgresql://me:hidden@db:port/x"),
        ("DATABASE_URL", "postgresql://me:hidden@db/"),
        ("REDIS_URL", "hidden"),
        ("EMAIL_URL", "smtp://me:hidden@mail/with/path"),
        ("SITEMEND_CREDENTIALS_KEY", "hidden"),
        ("SITEMEND_SECRET_KEY", "hidden"),
        ("SITEMEND_DEBUG", "perhaps"),
        ("SITEMEND_LANGUAGE", "tlh"),
        ("SITEMEND_TIME_ZONE", "Mars/Olympus"),
        ("SITEMEND_PROBES_PER_ADDRESS", "0"),
        ("SITEMEND_CONNECTIONS_PER_HOST", "0"),
        ("SITEMEND_BASE_URL", "watch.example"),
        ("SITEMEND_LOCAL_ROOTS", "relative"),
        ("SITEMEND_TRUSTED_PROXIES", "proxy.example"),
    ],
)
def test_each_setting_is_named_and_its_secret_is_not_shown(name: str, value: str, tmp_path: Path) -> None:
    ended = run(["-c", "import config.settings"], tmp_path, **{name: value})
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"sitemend: {name}: ")
    assert len(ended.stderr.strip().splitlines()) == 1
    assert "hidden" not in ended.stderr


def test_language_that_is_not_translated_is_refused_and_not_offered(tmp_path: Path) -> None:
    missing = [code for code in ("fr", "de") if not (ROOT / "locale" / code).is_dir()]
    offered = run(["-c", "import config.settings as s; print(*(code for code, _ in s.LANGUAGES))"], tmp_path)
    assert offered.stdout.split() == [code for code in ("en", "fr", "de") if code not in missing]
    for code in missing:
        ended = run(["-c", "import config.settings"], tmp_path, SITEMEND_LANGUAGE=code)
        assert ended.returncode == 2
        assert ended.stderr.startswith(f"sitemend: SITEMEND_LANGUAGE: '{code}' is not translated yet; there is: en")


def test_json_is_answered_where_it_was_asked_for(tmp_path: Path) -> None:
    ended = run(["manage.py", "status", "--json"], tmp_path, SITEMEND_DEBUG="perhaps")
    assert ended.returncode == 2
    assert json.loads(ended.stdout)["error"]["message"].startswith("SITEMEND_DEBUG: ")
