"""The one-time link for the administrator works once, and only while nobody can log in."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from sites import first_run

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def state(settings, tmp_path: Path) -> Path:
    settings.SITEMEND_VAR_DIR = tmp_path
    return tmp_path


def test_token_is_taken_once(state: Path) -> None:
    token = first_run.make_token()
    assert token
    kept = state / "first-run.hash"
    assert token not in kept.read_text()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert first_run.verify_token(token)
    assert first_run.consume_token(token)
    assert not first_run.consume_token(token)
    assert not first_run.verify_token(token)
    assert list(state.iterdir()) == []


def test_wrong_or_former_token_is_refused_and_takes_nothing() -> None:
    former = first_run.make_token()
    token = first_run.make_token()
    for wrong in ("", "x", former or "", "é"):
        assert not first_run.consume_token(wrong)
    assert first_run.consume_token(token or "")


def test_token_is_void_once_a_user_exists(state: Path) -> None:
    token = first_run.make_token()
    User.objects.create_user("anna")
    assert not first_run.verify_token(token or "")
    assert not first_run.consume_token(token or "")
    assert first_run.make_token() is None
    assert list(state.iterdir()) == []
