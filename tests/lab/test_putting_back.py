"""A site that was known while it was well loses a file: it is put back by the commands alone, and all is undone to the byte."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.lab.hosting import Hosting, Shell, differences, state_of

Register = Callable[..., dict]
TAKE = "from sites.models import Site; from diagnostics.baselines import taking; taking.take(Site.objects.select_related('host').get())"


def known(shell: Shell, register: Register) -> None:
    """Registered, probed and read while all is well."""
    register("bakery", ("/about.html",))
    assert shell.run("probe", "bakery", "--json").json["verdict"] == "up"
    taken = shell.run("shell", "--verbosity", "0", "-c", TAKE)
    assert taken.status == 0, taken.err


@pytest.mark.parametrize("account", ["sftp"], indirect=True)
def test_lost_start_page_is_put_back_and_undone(well: Hosting, shell: Shell, register: Register) -> None:
    known(shell, register)
    content = (well.docroot / "index.html").read_bytes()
    (well.docroot / "index.html").unlink()
    broken = state_of(well.home)
    assert well.get("/")[0] in (403, 404)
    shell.run("probe", "bakery", "--json")
    diagnosed = shell.run("diagnose", "bakery", "--json").json["findings"][0]
    assert (diagnosed["cause"], diagnosed["repair"]["id"]) == ("index-file-missing", "restore-file"), diagnosed
    repaired = shell.run("repair", "bakery", "--yes", "--json")
    assert (repaired.status, repaired.json["cured"]) == (0, True), (repaired.out, repaired.err)
    assert [step["repair"] for step in repaired.json["steps"]] == ["restore-file"]
    assert (well.docroot / "index.html").read_bytes() == content and well.get("/")[0] == 200
    undone = shell.run("undo", "bakery", "--all", "--json")
    assert (undone.status, undone.json["identical"]) == (0, True), undone.out
    assert not differences(broken, state_of(well.home))
