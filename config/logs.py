"""Log lines: the id of the request they belong to, no secrets, nothing that forges a second line."""

from __future__ import annotations

import logging
import re
from contextvars import ContextVar
from typing import Any

request_id: ContextVar[str] = ContextVar("request_id", default="-")

_SCRUBBED = "[hidden]"
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # user:password@ in a URL
    (re.compile(r"(?i)(\b[a-z][a-z0-9+.\-]*://[^\s:/@]*):[^\s/@]+@"), r"\1:" + _SCRUBBED + "@"),
    # Authorization: Basic ..., Cookie: ...
    (re.compile(r"(?i)\b((?:proxy-)?authorization|cookie|set-cookie|x-api-key)(['\"]?\s*[:=]\s*['\"]?)[^\r\n'\"]+"), r"\1\2" + _SCRUBBED),
    # password=..., "secret": "...", token: ...
    (
        re.compile(
            r"(?i)\b((?:[a-z0-9]+[_-])*(?:password|passwd|passphrase|secret|token|api[_-]?key|credentials?[_-]key|secret[_-]key))"
            r"(['\"]?\s*[:=]\s*)('[^']*'|\"[^\"]*\"|[^\s,;&)}\]]+)"
        ),
        r"\1\2" + _SCRUBBED,
    ),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), _SCRUBBED),
    (re.compile(r"/first-run/[A-Za-z0-9_\-]+"), "/first-run/" + _SCRUBBED),
    (re.compile(r"\bgAAAAA[A-Za-z0-9_\-]{40,}={0,2}"), _SCRUBBED),  # a Fernet token
)


def scrub(text: str) -> str:
    """`text` without what looks like a secret."""
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


class RequestIdFilter(logging.Filter):
    """Gives every record the id of the request that is being answered, "-" outside of one."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True


class ScrubFilter(logging.Filter):
    """Scrubs the message; arguments are merged first, so that none slips through."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            text = record.getMessage()
        except (TypeError, ValueError):  # wrong number of arguments: logging itself reports it
            return True
        record.msg, record.args = scrub(text), None
        return True


class PlainFormatter(logging.Formatter):
    """One record, one line; only tracebacks are longer, and they are scrubbed too."""

    def format(self, record: logging.LogRecord) -> str:
        record.msg = str(record.msg).replace("\r", "\\r").replace("\n", "\\n")
        return super().format(record)

    def formatException(self, ei: object) -> str:  # noqa: N802 (the name is logging's)
        return scrub(super().formatException(ei))  # type: ignore[arg-type]


# Plain lines on standard error.
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "request_id": {"()": RequestIdFilter},
        "scrub": {"()": ScrubFilter},
    },
    "formatters": {
        "plain": {"()": PlainFormatter, "format": "{asctime} {levelname} {name} [{request_id}] {message}", "style": "{"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain", "filters": ["request_id", "scrub"]}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
        "paramiko": {"level": "WARNING"},
        "celery": {"level": "INFO"},
        "celery.worker.strategy": {"level": "WARNING"},  # one line per received task is noise at 150 probes a second
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
    },
}
