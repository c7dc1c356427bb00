"""A real Apache and real servers for its files: a repair without a person cures, over SSH and FTP, and what protects is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnostics.automatic import approving
from diagnostics.models import AutomaticRepair, Diagnosis, Step
from sites.models import Host
from sites.probing_now import probe_now
from tests.diagnostics.automatic.conftest import allow
from tests.diagnostics.trying.places import place
from tests.factories import make_user
from tests.lab.apache import why_missing

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(bool(why_missing()), reason=why_missing() or "Apache is there"),
]
PAGE = b"<p>Bread and butter since 1971.</p>"


@pytest.mark.parametrize("transport", ["ssh", "ftp"])
def test_misspelt_line_is_mended_and_undone(transport: str, tmp_path: Path, worker: list[str]) -> None:
    with place(transport, tmp_path) as made:
        Host.objects.update(capabilities=["read", "write", "rename", "chmod", "list-modes"])
        made.put("index.html", PAGE)
        made.put(".htaccess", b"RewritEngine On\nOptions -Indexes\n", 0o604)
        broken = made.tree()
        allow(made.site, confidence=0.6)
        assert probe_now(made.site).verdict == "up", "the failure was confirmed, its cause found and mended while it was probed again"
        row = AutomaticRepair.objects.get()
        assert row.outcome == "cured", row.message
        assert (made.docroot / ".htaccess").read_bytes() == b"RewriteEngine On\nOptions -Indexes\n"
        assert probe_now(made.site).verdict == "up"
        approving.request_undo(row, make_user("p", team=made.site.team))
        assert made.tree() == broken


def test_line_that_keeps_visitors_out_is_left_to_a_person(tmp_path: Path, worker: list[str]) -> None:
    """Two faults: one may be mended, the other is a rule that restricts access. Nothing stays of what did not cure."""
    with place("ssh", tmp_path) as made:
        Host.objects.update(capabilities=["read", "write", "rename", "chmod", "list-modes"])
        made.put("index.html", PAGE)
        made.put(".htaccess", b"Requiree ip 10.0.0.0/33 nonsense\n", 0o604)
        before = made.tree()
        allow(made.site, confidence=0.6)
        assert probe_now(made.site).verdict == "down"
        assert Diagnosis.objects.filter(state="done").exists()
        assert made.tree() == before and not any(step.stands_applied for step in Step.objects.all())
