"""The one-time link that makes the administrator: shown by `up` as long as nobody can log in.

Only a hash is kept, in the state folder; the link is void as soon as any user exists, whoever made them.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model


def _kept() -> Path:
    return settings.SITEMEND_VAR_DIR / "first-run.hash"


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8")).hexdigest()


def is_needed() -> bool:
    """Whether there is no user yet."""
    return not get_user_model().objects.exists()


def make_token() -> str | None:
    """A fresh token, which replaces an earlier one; None when a user exists already."""
    if not is_needed():
        _kept().unlink(missing_ok=True)
        return None
    token = secrets.token_urlsafe(24)
    draft = _kept().with_suffix(".new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(_hash(token))
    draft.replace(_kept())
    return token


def verify_token(token: str) -> bool:
    """Whether `token` is the current one and nobody can log in yet. Changes nothing."""
    try:
        kept = _kept().read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return False
    return hmac.compare_digest(kept, _hash(token)) and is_needed()


def consume_token(token: str) -> bool:
    """Takes the token, once: of two requests with the same token only one gets True, and makes the user then."""
    if not verify_token(token):
        return False
    taken = _kept().with_name(f"{_kept().name}.{secrets.token_hex(4)}")
    try:
        _kept().rename(taken)  # atomic: the second one finds nothing
    except FileNotFoundError:
        return False
    matches = hmac.compare_digest(taken.read_text(encoding="ascii").strip(), _hash(token))
    taken.unlink()
    return matches
