"""The host's own PHP is asked over a real SSH: it compiles files, runs nothing, and how often the host is asked stays bounded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from diagnostics.checks import run_checks
from diagnostics.evidence import Evidence, PageSeen, SiteSeen
from diagnostics.facts.gather import SitePaths, gather
from diagnostics.transports import open_reader
from diagnostics.transports.watched import WatchedReader
from tests.diagnostics.transports.conftest import GUARD, details_for
from tests.programs import binary
from tests.servers import SshServer, sshd

pytestmark = pytest.mark.skipif(not binary("php"), reason="php is not installed")
NOW = datetime.now(UTC).replace(microsecond=0)
WELL = "<?php\nreturn 1;\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with sshd(tmp_path_factory.mktemp("ssh")) as made:
        yield made


class Counted:
    """Told of every use of the connection."""

    def __init__(self) -> None:
        self.uses = 0
        self.commands: list[str] = []

    def begin(self, verb: str, path: str, **details: Any) -> int:
        self.commands.append(path)
        return 1

    def end(self, begun: int, error: Exception | None) -> None:
        assert begun == 1

    def counted(self, size: int) -> None:
        self.uses += 1

    def tick(self) -> None:
        assert self.uses >= 0


def seen(server: SshServer, files: dict[str, str | bytes], log: str = "", powered_by: str = "") -> tuple[Evidence, Counted]:
    root = Path(server.home) / "www"
    for old in sorted(root.rglob("*"), reverse=True):
        old.rmdir() if old.is_dir() else old.unlink()
    for name, content in {"index.php": WELL, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        server.own(path.parent)
        server.own(path)
    (Path(server.home) / "error.log").write_text(log)
    server.own(Path(server.home) / "error.log")
    page = PageSeen("/", "http://x/", "server-error", 500, NOW, token="tok1234567", powered_by=powered_by)
    site = SiteSeen("shop", "http://x/", "down", "server-error", (page,), NOW)
    watcher = Counted()
    with open_reader(details_for(server), guard=GUARD) as reader:
        places = SitePaths(f"{server.remote_home}/www", f"{server.remote_home}/error.log")
        watched: Any = WatchedReader(reader, watcher)
        return gather(watched, site, places, "apache-755", NOW), watcher


def test_file_that_does_not_compile_is_named_by_php_itself(server: SshServer) -> None:
    evidence, _counted = seen(server, {"index.php": "<?php\n\n$a = ;\n", "odd 'name' $(id).php": "<?php\n\n\n}\n"})
    first = run_checks(evidence).findings[0]
    assert (first.cause, first.path, first.line) == ("php-parse-error", "www/index.php", 3)
    assert "syntax error" in first.evidence[0].text
    assert {lint.line for lint in evidence.php.lints if lint.error} == {3, 4}


def test_nothing_of_the_site_is_run(server: SshServer) -> None:
    side = Path(server.home) / "was-run"
    seen(server, {"index.php": f"<?php\nfile_put_contents('{side}', 'x');\n$a = ;\n", ".user.ini": "auto_prepend_file=index.php\n"})
    assert not side.exists()


def test_files_that_compile_are_left_in_peace(server: SshServer) -> None:
    evidence, _counted = seen(server, {f"lib/{number}.php": WELL for number in range(30)})
    assert evidence.php.lints and not any(lint.error for lint in evidence.php.lints)
    assert [finding for finding in run_checks(evidence).findings if finding.check == "php-syntax"] == []


def test_php_of_another_version_than_the_sites_is_not_believed_for_certain(server: SshServer) -> None:
    evidence, _counted = seen(server, {"index.php": "<?php\n\n$a = ;\n"}, powered_by="PHP/5.6.40")
    first = next(finding for finding in run_checks(evidence).findings if finding.check == "php-syntax")
    assert evidence.php.version == (5, 6) and first.sureness == "likely"


def test_host_is_asked_little_when_the_log_tells(server: SshServer) -> None:
    at = NOW + timedelta(seconds=1)
    said = f"PHP Fatal error:  Uncaught Error: Call to undefined function gone() in {server.remote_home}/www/index.php:2"
    line = f"[{at:%d-%b-%Y %H:%M:%S} UTC] {said}\n"
    evidence, counted = seen(server, {f"lib/{number}.php": WELL for number in range(300)}, line)
    assert run_checks(evidence).findings[0].cause == "php-undefined-function"
    assert counted.uses <= 26, counted.uses


def test_host_is_asked_a_bounded_number_of_times_when_nothing_tells(server: SshServer) -> None:
    _evidence, counted = seen(server, {f"lib/{number}.php": WELL for number in range(300)})
    assert counted.uses <= 30 and len(counted.commands) <= 8, (counted.uses, counted.commands)
