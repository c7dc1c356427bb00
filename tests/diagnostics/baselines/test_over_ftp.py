"""Baselines over FTP: hosts that tell times to the second, and one that tells them to the minute."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from diagnostics.baselines import showing, storing, taking, wording
from diagnostics.models import Baseline, HostAction
from sites import queueing
from sites.models import Host
from tests.diagnostics.baselines.conftest import SECRET, planted, well
from tests.diagnostics.baselines.test_comparing import EXPECTED, run, told, update
from tests.factories import make_host, make_site, make_team, make_user
from tests.ftp_servers import FtpServer, pure_ftpd, pyftpdlib, vsftpd

Serving = Callable[[Path], AbstractContextManager[FtpServer]]
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("serving", "exact"),
    [(vsftpd, False), (lambda folder: pure_ftpd(folder, tls=True), True), pytest.param(pyftpdlib, True, marks=pytest.mark.full)],
    ids=["vsftpd", "pure-ftpd-tls", "pyftpdlib"],
)
def test_baseline_is_taken_and_compared_over_ftp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, serving: Serving, exact: bool) -> None:
    monkeypatch.setattr(queueing, "enqueue", lambda *_args, **_more: True)
    with serving(tmp_path) as server:
        docroot = planted(server)
        host = make_host(
            make_team(members=(make_user("alice"),)), protocol=server.protocol, address=server.address, port=server.port, user=server.user,
            password=server.password, host_key=server.host_key, state=Host.State.WORKS, practice=True,
        )  # fmt: skip
        site = well(make_site(host=host, name="shop", docroot=str(docroot)))
        before = [(path, path.lstat().st_mtime_ns) for path in sorted(docroot.rglob("*"))]
        older = taking.take(site)
        assert (older.files, older.counted, older.protocol) == (4, 1, server.protocol)
        records = {record.path: record for record in storing.records(older)}
        assert records[b"wp-content/plugins/akismet/akismet.php"].label == "Akismet\t5.2"
        assert SECRET in b"".join(storing.contents(site.pk, [records[b"wp-config.php"].digest]).values())
        assert records[b"index.php"].mtime == int((docroot / "index.php").stat().st_mtime) or not exact
        assert wording.headline(showing.result_of(run(site, older))) == "Nothing changed."
        assert [(path, path.lstat().st_mtime_ns) for path in sorted(docroot.rglob("*"))] == before
        update(docroot, server)  # type: ignore[arg-type]
        row = run(site, older)
        assert (row.state, row.error, told(row)) == ("done", "", EXPECTED)
        (config, *_others) = wording.rows(showing.result_of(row))
        assert "+define('WP_DEBUG', true);" in config.files[0].diff and SECRET.decode() not in repr(config)
        newer = taking.take(site)
    Host.objects.update(port=1)
    assert told(run(site, older, newer)) == EXPECTED
    assert Baseline.objects.count() == 2
    assert set(HostAction.objects.values_list("verb", "outcome")) == {("login", "done")}
