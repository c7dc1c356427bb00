"""What a baseline kept is found again for a finding, offered, put back and undone to the byte: on a real sshd and a real FTP server."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from diagnostics.baselines import keeping, taking
from diagnostics.changes.executor import Executor
from diagnostics.connections import connecting, purposes
from diagnostics.connections.locking import held
from diagnostics.connections.telling import shown_diff
from diagnostics.copies import BESIDE, RELEASE
from diagnostics.evidence import Evidence, PageSeen, SiteSeen
from diagnostics.facts.gather import SitePaths, gather
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.models import BaselineContent, KeptFile, Step
from diagnostics.repairs import plan_repair
from diagnostics.repairs.plan import CreateFile, CreateFolder, Plan, RemoveFile, WriteFile
from diagnostics.repairs.registry import ways
from diagnostics.repairs.restore_file import ID
from diagnostics.restoring import looking
from sites.models import Host, Site
from tests.diagnostics.baselines.conftest import planted, well
from tests.diagnostics.changes_made import applied, tree
from tests.diagnostics.restoring.conftest import named
from tests.factories import make_host, make_site, make_team
from tests.ftp_servers import FtpServer
from tests.servers import SshServer, sshd

pytestmark = pytest.mark.django_db(transaction=True)
FORMS = b"<?php\nfunction forms_show() {\n    return 'form';\n}\n"
MAIN = "wp-content/plugins/forms/forms.php"
PART = "wp-content/plugins/forms/inc/show.php"


@pytest.fixture(scope="module")
def ssh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with sshd(tmp_path_factory.mktemp("ssh")) as started:
        yield started


@pytest.fixture
def server(request: pytest.FixtureRequest) -> SshServer | FtpServer:
    return named(request)


@pytest.fixture
def www(server: SshServer | FtpServer) -> Path:
    folder = planted(server)
    put(server, folder / MAIN, b"<?php\n/* Plugin Name: Forms\n * Version: 2.1 */\nrequire __DIR__ . '/inc/show.php';\n")
    put(server, folder / PART, FORMS)
    return folder


@pytest.fixture
def site(server: SshServer | FtpServer, www: Path) -> Site:
    if isinstance(server, FtpServer):
        secret = {"protocol": server.protocol, "password": server.password}
    else:
        secret = {"protocol": "ssh", "private_key": server.private_key_text}
    host = make_host(
        make_team(), address=server.address, port=server.port, user=server.user, host_key=server.host_key, state=Host.State.WORKS,
        practice=True, **secret,
    )  # fmt: skip
    return well(make_site(host=host, name="shop", docroot=f"{server.remote_home}/{www.relative_to(server.home)}"))


def put(server: SshServer | FtpServer, path: Path, content: bytes, mode: int = 0o604) -> None:
    for folder in reversed([each for each in path.parents if not each.exists()]):
        folder.mkdir()
        server.own(folder)
    path.write_bytes(content)
    path.chmod(mode)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    server.own(path)


def finding(cause: str, path: str = "", said: str = "", confidence: float = 0.9) -> Finding:
    proofs = (Proof("error-log", said),) if said else ()
    return Finding("t", cause, Severity.CRITICAL, confidence, "s", path=path, line=2, evidence=proofs, repairs=(ID,))


def seen(site: Site, *findings: Finding, neighbours: tuple[str, ...] = ()) -> Evidence:
    """The files as they are now, of a site that began to fail a moment ago, with what could be put back for these findings."""
    at = timezone.now() + timedelta(seconds=1)
    page = PageSeen("/", "http://shop.example/", "server-error", 500, at)
    view = SiteSeen("shop", "http://shop.example/", "down", "server-error", (page,), at)
    with purposes.doing("diagnosis", site=site), connecting.reader_for(site.host) as reader:
        evidence = gather(reader, view, SitePaths(site.docroot, neighbours=neighbours), "apache-755", at)
        return looking.with_copies(site, reader, evidence, findings, neighbours)


def plan(evidence: Evidence, found: Finding, answers: tuple[tuple[str, str], ...] = ()) -> Plan:
    made = plan_repair(ID, evidence, found, answers)
    assert made is not None
    return made


@pytest.mark.parametrize("server", ["ssh", "ftp"], indirect=True)
def test_broken_file_is_put_back_and_undone_to_the_byte(server: SshServer, www: Path, site: Site) -> None:
    taking.take(site)
    put(server, www / PART, FORMS[:20], 0o600)
    broken = tree(www)
    found = finding("php-truncated-file", f"www/{PART}")
    made = plan(seen(site, found), found)
    assert made.changes[0].diff().count("\n+") >= 2 and not made.needs_person and not made.takes_away_protection
    step = applied(site, *made.changes)
    assert (www / PART).read_bytes() == FORMS and (www / PART).stat().st_mode & 0o777 == 0o600
    assert plan_repair(ID, seen(site, found), found) is None, "what is as it was needs nothing"
    undone(step, site)
    assert tree(www) == broken


def undone(step: Step, site: Site) -> None:
    with held(site.host) as lock, Executor(lambda: connecting.writer_for(site.host), lock) as executor:
        assert executor.take_back(step).complete


@pytest.mark.parametrize("server", ["ssh", "ftp"], indirect=True)
def test_missing_files_are_put_back_together(server: SshServer, www: Path, site: Site) -> None:
    more = "wp-content/plugins/forms/inc/more.php"
    put(server, www / more, b"<?php\n// more\n")
    taking.take(site)
    (www / PART).unlink()
    (www / more).unlink()
    before = tree(www)
    said = f"PHP Fatal error:  Uncaught Error: Failed opening required '/srv/other/www/{PART}' (include_path='.')"
    found = finding("php-missing-file", f"www/{MAIN}", said)
    made = plan(seen(site, found), found)
    assert {type(change) for change in made.changes} == {CreateFile} and len(made.changes) == 2
    step = applied(site, *made.changes)
    assert ((www / PART).read_bytes(), (www / PART).stat().st_mode & 0o777) == (FORMS, 0o604)
    assert (www / more).read_bytes() == b"<?php\n// more\n"
    undone(step, site)
    assert tree(www) == before


@pytest.mark.parametrize("server", ["ssh", "ftp"], indirect=True)
@pytest.mark.parametrize("has_more", [False, True])
def test_folder_of_a_plugin_of_nobodys_making_is_made_again(server: SshServer, www: Path, site: Site, has_more: bool) -> None:
    """What of it nobody kept is told, and is a person's."""
    put(server, www / "wp-content/plugins/forms/inc/parts/list.php", b"<?php\n// the list\n")
    if has_more:
        put(server, www / "wp-content/plugins/forms/inc/form.css", b"p { margin: 0 }\n")
    taking.take(site)
    shutil.rmtree((www / PART).parent)
    said = f"PHP Fatal error:  Uncaught Error: Failed opening required '{site.docroot}/{PART}' (include_path='.')"
    before, found = tree(www), finding("php-missing-file", f"www/{MAIN}", said)
    made = plan(seen(site, found), found)
    assert [type(change) for change in made.changes] == [CreateFolder, CreateFolder, CreateFile, CreateFile]
    assert ("1 more files lay in that folder" in made.needs_person) is has_more and made.needs_person
    step = applied(site, *made.changes)
    assert (www / PART).read_bytes() == FORMS and (www / "wp-content/plugins/forms/inc/parts/list.php").is_file()
    undone(step, site)
    assert tree(www) == before and not (www / PART).parent.exists()


def test_file_that_lost_a_function_is_found_by_what_it_defined(server: SshServer, www: Path, site: Site) -> None:
    taking.take(site)
    put(server, www / PART, b"<?php\n")
    said = "PHP Fatal error:  Uncaught Error: Call to undefined function forms_show() in /srv/www/wp-content/themes/x/index.php:3"
    found = finding("php-undefined-function", "www/index.php", said)
    made = plan(seen(site, found), found)
    assert [change.path for change in made.changes] == [f"{site.docroot}/{PART}"]


def test_what_was_kept_after_it_failed_or_of_another_folder_is_not_offered(server: SshServer, www: Path, site: Site) -> None:
    taking.take(site)
    put(server, www / PART, b"<?php\nforms(")
    found = finding("php-parse-error", f"www/{PART}")
    KeptFile.objects.update(first_seen_at=timezone.now() + timedelta(hours=1))
    assert plan_repair(ID, seen(site, found), found) is None
    KeptFile.objects.update(first_seen_at=timezone.now() - timedelta(hours=1))
    assert plan_repair(ID, seen(site, found), found) is not None
    put(server, www / PART, FORMS)
    elsewhere = www.parent / "other"
    www.rename(elsewhere)
    site.docroot = site.docroot.removesuffix("www") + "other"
    site.save()
    taking.take(site)
    assert not KeptFile.objects.filter(first_seen_at__lt=timezone.now() - timedelta(minutes=30)).exists()


def test_copy_beside_it_and_of_the_same_release_need_a_person(server: SshServer, www: Path, site: Site) -> None:
    other = www.parent / "second"
    put(server, other / MAIN, (www / MAIN).read_bytes())
    put(server, other / PART, FORMS)
    put(server, www / f"{PART}.bak", b"<?php\nfunction forms_show() { return 'old'; }\n")
    put(server, www / "wp-content/plugins/forms/inc/show.old.php", b"<?php\nfunction (")
    put(server, www / "wp-includes/version.php", b"<?php\n$wp_version = '6.1.1';\n")
    put(server, www / PART, b"<?php\nfunction (")
    found = finding("php-parse-error", f"www/{PART}")
    evidence = seen(site, found, neighbours=(site.docroot.removesuffix("www") + "second",))
    (file,) = evidence.restorable
    assert [copy.source for copy in file.copies] == [RELEASE, BESIDE], "a copy that PHP cannot read is none"
    chosen = [plan(evidence, found, answers) for answers in ways(ID, evidence, found)]
    assert all(each.needs_person for each in chosen) and len({each.digest() for each in chosen}) == 2
    assert isinstance(chosen[1].changes[0], WriteFile) and b"'old'" in chosen[1].changes[0].after
    assert chosen[1].title == "Put show.php.bak in the place of show.php"


def test_file_of_wordpress_itself_comes_from_the_same_release_only(server: SshServer, www: Path, site: Site) -> None:
    for folder, release in ((www, "6.1.1"), (www.parent / "newer", "6.2"), (www.parent / "same", "6.1.1")):
        put(server, folder / "wp-includes/version.php", f"<?php\n$wp_version = '{release}';\n".encode())
        put(server, folder / "wp-includes/load.php", f"<?php\n// {folder.name}\n".encode())
    taking.take(site)
    put(server, www / "wp-includes/load.php", b"<?php\nfunction (")
    found = finding("wordpress-core-file", "www/wp-includes/load.php")
    made = plan(seen(site, found), found)
    assert isinstance(made.changes[0], WriteFile) and made.changes[0].after == b"<?php\n// same\n"
    assert made.needs_person and "same/wp-includes/load.php" in made.why, "nobody vouches for the other copy"


def test_older_states_may_be_chosen(server: SshServer, www: Path, site: Site) -> None:
    taking.take(site)
    put(server, www / PART, FORMS.replace(b"form'", b"newer form'"))
    os.utime(www / PART, (1_700_000_500, 1_700_000_500))
    taking.take(site)
    put(server, www / PART, b"<?php\nfunction (")
    found = finding("php-parse-error", f"www/{PART}")
    evidence = seen(site, found)
    states = [plan(evidence, found, answers).changes[0] for answers in ways(ID, evidence, found)]
    assert [b"newer" in change.after for change in states if isinstance(change, WriteFile)] == [True, False]


def test_line_that_keeps_somebody_out_is_not_lost_without_a_person(server: SshServer, www: Path, site: Site) -> None:
    taking.take(site)
    put(server, www / ".htaccess", b"RewriteEngine on\nRequire ip 192.0.2.1\nRewritEngine on\n")
    found = finding("htaccess-invalid-directive", "www/.htaccess")
    made = plan(seen(site, found), found)
    assert made.takes_away_protection and made.needs_person


def test_part_that_changed_as_a_whole_needs_a_person(server: SshServer, www: Path, site: Site) -> None:
    taking.take(site)
    put(server, www / MAIN, (www / MAIN).read_bytes().replace(b"2.1", b"3.00"))
    put(server, www / PART, b"<?php\nfunction (")
    found = finding("wordpress-plugin", f"www/{PART}")
    assert "update" in plan(seen(site, found), found).needs_person


def test_file_of_a_program_that_was_deployed_anew_needs_a_person(server: SshServer, www: Path, site: Site) -> None:
    names = [f"app/{folder}/{name}.php" for folder in ("models", "pages") for name in ("a", "b", "c")]
    for name in names:
        put(server, www / name, b"<?php\n// first release\n")
    taking.take(site)
    found = finding("php-parse-error", f"www/{names[0]}")
    put(server, www / names[0], b"<?php\nfunction (")
    put(server, www / names[1], b"<?php\n// edited by hand\n")
    assert not plan(seen(site, found), found).needs_person, "a person who edits touches a file or two"
    for name in names[1:]:
        put(server, www / name, b"<?php\n// the second release\n")
    assert "update" in plan(seen(site, found), found).needs_person


def test_mere_suspicion_needs_a_person(server: SshServer, www: Path, site: Site) -> None:
    taking.take(site)
    put(server, www / PART, FORMS + b"// one more\n")
    likely, named, unsure = finding("recent-change", f"www/{PART}"), finding("php-parse-error", f"www/{PART}"), 0.5
    evidence = seen(site, likely, named, finding("wordpress-plugin", f"www/{PART}", confidence=unsure))
    assert "suspected" in plan(evidence, likely).needs_person
    assert "likely enough" in plan(evidence, finding("wordpress-plugin", f"www/{PART}", confidence=unsure)).needs_person
    assert not plan(evidence, named).needs_person


def test_settings_are_put_back_and_no_password_is_shown(server: SshServer, www: Path, site: Site) -> None:
    taking.take(site)
    content = (www / "wp-config.php").read_bytes()
    put(server, www / "wp-config.php", content.replace(b"do-not-show-me-4711", b"another-secret-0815").replace(b");", b"", 1))
    found = finding("wordpress-config-syntax", "www/wp-config.php")
    made = plan(seen(site, found), found)
    assert isinstance(made.changes[0], WriteFile) and made.changes[0].after == content
    assert "4711" not in shown_diff(made) and "0815" not in shown_diff(made)


def test_switched_off_nothing_is_kept(server: SshServer, www: Path, site: Site) -> None:
    taking.take(site)
    assert keeping.amount(site).files >= 4
    before = BaselineContent.objects.count()
    keeping.switch(site, on=False)
    assert not KeptFile.objects.exists() and 0 < BaselineContent.objects.count() < before
    taking.take(site)
    assert not KeptFile.objects.exists() and not keeping.amount(site).is_on
    keeping.switch(site, on=True)
    taking.take(site)
    assert KeptFile.objects.filter(path=PART).exists()


@pytest.mark.parametrize(
    "line",
    ["$cfg['blowfish_secret'] = 'hunter2';", "$db = new PDO('mysql:host=h', 'u', 'hunter2');", "define( 'DB_PASSWORD',\n  'hunter2' );"],
)
def test_no_secret_of_a_program_is_in_what_is_shown(line: str) -> None:
    with_it, without = f"<?php\n{line}\necho 1;\n".encode(), b"<?php\necho 1;\n"
    for change in (
        WriteFile("/w/a.php", "w/a.php", without, with_it), WriteFile("/w/a.php", "w/a.php", with_it, without),
        CreateFile("/w/a.php", "w/a.php", with_it, 0o644), RemoveFile("/w/a.php", "w/a.php", with_it, 0o644),
    ):  # fmt: skip
        shown = shown_diff(Plan("r", "c", "t", "w", (change,)))
        assert "hunter2" not in shown and "w/a.php" in shown and "removed" in shown
