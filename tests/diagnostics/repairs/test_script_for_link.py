"""A script takes the place of a link to it, where it is the account's own; the link gets a name that nobody guesses."""

from __future__ import annotations

import posixpath
from dataclasses import replace

import pytest

from diagnostics.evidence import Evidence, Link, SiteSeen, TextFile, TreeEntry
from diagnostics.findings import Finding, Severity
from diagnostics.repairs import try_plan
from diagnostics.repairs.plan import CreateFile, Plan, RenameLink
from diagnostics.repairs.script_for_link import ID

HOME, LINK = "/home/me", "www/cgi-bin/form.pl"
SCRIPT = b"#!/usr/bin/perl\nprint 1;\n"
FOUND = Finding("cgi", "cgi-not-executable", Severity.CRITICAL, 0.9, "s", path=LINK, repairs=(ID,))


def seen(target: str = "private/form.pl", uid: int | None = 1000, mode: int = 0o644, content: bytes = SCRIPT) -> Evidence:
    absolute = posixpath.normpath(f"{HOME}/{target}")
    end = TreeEntry(target, absolute, "file", mode, len(content), 1.0, uid, uid)
    return Evidence(
        SiteSeen("s", "http://s/", "down", "server-error", ()), "", "ssh", docroot=f"{HOME}/www",
        tree=(TreeEntry(LINK, f"{HOME}/{LINK}", "link", 0o777, 9, 1.0, 1000, 1000),),
        links=(Link(LINK, absolute, 1000, (end,), f"../../{target}"),),
        at_hand=(TextFile(target, absolute, content, mode, 1.0),), sites_beside=(f"{HOME}/blog",),
    )  # fmt: skip


@pytest.mark.parametrize(("mode", "after"), [(0o644, 0o755), (0o600, 0o700), (0o755, 0o755), (0o666, 0o755)])
def test_copy_may_be_run_and_the_link_is_kept(mode: int, after: int) -> None:
    plan = try_plan(ID, seen(mode=mode), FOUND)
    assert isinstance(plan, Plan) and "private/form.pl" in plan.needs_person
    aside, copy = plan.changes
    assert isinstance(aside, RenameLink) and (aside.path, aside.leads_to) == (f"{HOME}/{LINK}", "../../private/form.pl")
    assert "form" not in aside.target.rpartition("/")[2] and aside.target.startswith(f"{HOME}/www/cgi-bin/set-aside-by-sitemend-")
    assert copy == CreateFile(f"{HOME}/{LINK}", LINK, SCRIPT, after)
    again = try_plan(ID, seen(mode=mode), FOUND)
    assert isinstance(again, Plan) and again.digest() == plan.digest()


def test_owner_that_the_connection_does_not_tell_is_in_nobodys_way() -> None:
    assert isinstance(try_plan(ID, seen(uid=None), FOUND), Plan)


@pytest.mark.parametrize(
    "evidence",
    [
        seen(uid=1001), seen("../other/form.pl"), seen("blog/form.pl"), seen(content=b"print 1;\n"), replace(seen(), at_hand=()),
        replace(seen(), links=()), replace(seen(), links=(replace(seen().links[0], held=""),)),
    ],
)  # fmt: skip
def test_what_is_not_the_accounts_own_or_no_script_is_not_copied(evidence: Evidence) -> None:
    assert try_plan(ID, evidence, FOUND) is None
