"""From a broken site to a well one and back to the byte, by the commands alone, against a real Apache and a real sshd."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.lab.faults import FAULTS, Fault
from tests.lab.hosting import Hosting, Shell, differences, state_of

FINDING = {"cause", "also", "severity", "confidence", "summary", "path", "line", "evidence", "repairable_by", "repair"}
REPORT = {"site", "before", "after", "cured", "duration_s", "steps", "left"}
STEP = {"id", "repair", "cause", "state", "changed", "undo"}

Register = Callable[..., dict]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_broken_site_is_named_repaired_and_undone(well: Hosting, shell: Shell, register: Register, fault: Fault) -> None:
    fault.make(well)
    broken = state_of(well.home, exact=True)
    start = state_of(well.home)
    assert well.get(fault.page)[0] == 500
    pages = tuple({"/about.html", fault.page} - {"/"})
    added = register("bakery", pages, *(("--profile", fault.profile) if fault.profile else ()))
    assert set(added) >= {"site", "host", "found"}

    probed = shell.run("probe", "bakery", "--json")
    assert probed.status == 1, probed.err
    assert (probed.json["verdict"], probed.json["kind"]) == ("down", "server-error")
    assert {"site", "url", "verdict", "kind", "scope", "pattern", "pages"} <= set(probed.json)
    assert {"path": fault.page, "status": 500, "kind": "server-error"}.items() <= next(
        page for page in probed.json["pages"] if page["path"] == fault.page
    ).items()

    diagnosed = shell.run("diagnose", "bakery", "--json")
    assert diagnosed.status == 1, diagnosed.err
    first = diagnosed.json["findings"][0]
    assert set(first) >= FINDING
    assert first["cause"] == fault.cause, diagnosed.json
    assert (first["path"], first["line"]) == (fault.path, fault.line), first
    assert first["severity"] == "critical"
    assert first["confidence"] >= fault.confidence
    assert first["repairable_by"] == "account"
    assert any(proof["source"] == "error-log" and fault.proof in proof["text"] for proof in first["evidence"]), first["evidence"]
    assert set(first["repair"]) >= {"id", "reversible", "diff"}
    assert not differences(broken, state_of(well.home, exact=True)), "a diagnosis touches nothing"

    planned = shell.run("repair", "bakery", "--dry-run", "--json")
    assert planned.status == 1, planned.err
    assert [step["state"] for step in planned.json["steps"]] == ["planned"]
    assert not differences(broken, state_of(well.home, exact=True)), "a dry run touches nothing"

    repaired = shell.run("repair", "bakery", "--yes", "--json")
    assert repaired.status == 0, (repaired.out, repaired.err)
    assert set(repaired.json) >= REPORT
    assert (repaired.json["before"], repaired.json["after"], repaired.json["cured"]) == ("down", "up", True)
    assert all(set(step) >= STEP and step["undo"] == "possible" for step in repaired.json["steps"])
    assert repaired.json["steps"][-1]["state"] == "done-verified"
    assert {path for step in repaired.json["steps"] for path in step["changed"]} == set(fault.changed)
    assert well.get(fault.page)[0] == 200
    assert set(differences(start, state_of(well.home))) == {path.encode() for path in fault.changed}
    assert shell.run("probe", "bakery", "--json").json["verdict"] == "up"

    undone = shell.run("undo", "bakery", "--all", "--json")
    assert undone.status == 0, (undone.out, undone.err)
    assert undone.json["identical"] is True
    assert undone.json["refused"] == []
    assert undone.json["undone"] == [step["id"] for step in reversed(repaired.json["steps"])]
    assert not differences(start, state_of(well.home)), "undo brings back every byte, mode and time"
    assert well.get(fault.page)[0] == 500


def test_healthy_site_is_left_alone(well: Hosting, shell: Shell, register: Register) -> None:
    before = state_of(well.home, exact=True)
    register("bakery", ("/about.html", "/shop/", "/cgi/contact.cgi"))
    probed = shell.run("probe", "bakery", "--json")
    assert (probed.status, probed.json["verdict"], probed.json["scope"]) == (0, "up", "none")
    diagnosed = shell.run("diagnose", "bakery", "--json")
    assert diagnosed.status == 0, diagnosed.out
    assert [finding for finding in diagnosed.json["findings"] if finding["severity"] != "note"] == []
    repaired = shell.run("repair", "bakery", "--yes", "--json")
    assert repaired.status == 0, repaired.out
    assert repaired.json["steps"] == []
    assert repaired.json["after"] == "up"
    assert not differences(before, state_of(well.home, exact=True)), "nothing of a healthy site is touched"
    nothing = shell.run("undo", "bakery", "--all", "--json")
    assert (nothing.status, nothing.json["undone"]) == (0, [])


def test_files_that_others_protect_stay_protected(well: Hosting, shell: Shell, register: Register) -> None:
    """A line that restricts access stands next to the fault: a repair goes around it, and never lets anybody in."""
    well.write("www/private/.htaccess", b"Require all denied\nRewritEngine On\n")
    start = state_of(well.home)
    register("bakery", ("/private/customers.sql",))
    shell.run("probe", "bakery", "--json")
    repaired = shell.run("repair", "bakery", "--yes", "--json")
    assert repaired.status in (0, 1), repaired.err
    assert well.get("/private/customers.sql")[0] in (403, 500)
    assert (well.docroot / "private" / ".htaccess").read_bytes().startswith(b"Require all denied\n")
    shell.run("undo", "bakery", "--all", "--json")
    assert not differences(start, state_of(well.home))


def test_file_that_was_changed_since_is_not_overwritten_by_undo(well: Hosting, shell: Shell, register: Register) -> None:
    FAULTS[0].make(well)
    register()
    shell.run("probe", "bakery", "--json")
    repaired = shell.run("repair", "bakery", "--yes", "--json")
    assert repaired.json["cured"], repaired.out
    well.write("www/.htaccess", b"# the owner's own\n")
    undone = shell.run("undo", "bakery", "--all", "--json")
    assert undone.status == 1
    assert undone.json["undone"] == []
    assert [row["step"] for row in undone.json["refused"]] == [repaired.json["steps"][0]["id"]]
    assert undone.json["identical"] is False
    assert (well.docroot / ".htaccess").read_bytes() == b"# the owner's own\n"


def test_commands_refuse_with_one_document_and_status_2(shell: Shell) -> None:
    for command in (("probe", "nobody"), ("diagnose", "nobody"), ("repair", "nobody", "--yes"), ("undo", "nobody", "--all")):
        refused = shell.run(*command, "--json")
        assert refused.status == 2, (command, refused.out, refused.err)
        assert set(refused.json["error"]) >= {"code", "message", "hint"}, command
        assert refused.json["error"]["message"] in refused.err


def test_site_is_not_registered_over_a_host_key_that_is_not_the_one_given(well: Hosting, shell: Shell, tmp_path) -> None:
    key = tmp_path / "key"
    key.write_text(well.ssh.private_key_text)
    key.chmod(0o600)
    wrong = "SHA256:" + "A" * 43
    refused = shell.run(
        "add_site", "bakery", well.web.url + "/", "--connect", f"ssh://{well.ssh.user}@127.0.0.1:{well.ssh.port}",
        "--key", str(key), "--host-key", wrong, "--json",
    )  # fmt: skip
    assert refused.status == 2
    assert "host-key" in refused.json["error"]["code"]
    assert shell.run("status", "--json").json["sites"] == {"up": 0, "suspect": 0, "down": 0, "unknown": 0}
