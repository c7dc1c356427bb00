"""What a program keeps beside the docroot is compared, named, put back and undone to the byte: over SSH, SFTP and FTP on real servers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from diagnostics.baselines import comparing, keeping, showing, since, storing, taking, wording
from diagnostics.changes.looking import Stale
from diagnostics.connections import connecting, purposes
from diagnostics.copies import Restorable
from diagnostics.evidence import Evidence, PageSeen, SiteSeen
from diagnostics.facts.gather import SitePaths, gather
from diagnostics.findings import Finding
from diagnostics.manifests import places
from diagnostics.models import Baseline, KeptFile
from diagnostics.repairs import plan_repair
from diagnostics.repairs.plan import CreateFile, RenameFile, WriteFile
from diagnostics.repairs.restore_file import ALL, ID, _holds_for_others
from diagnostics.restoring import looking
from sites import queueing
from sites.models import Host, Site
from tests.diagnostics.baselines.conftest import well
from tests.diagnostics.changes_made import applied, tree
from tests.diagnostics.evidences import evidence
from tests.diagnostics.restoring.conftest import named
from tests.diagnostics.restoring.test_looking import finding, put, undone
from tests.factories import make_host, make_site, make_team
from tests.ftp_servers import FtpServer
from tests.servers import SshServer, sshd

pytestmark = pytest.mark.django_db(transaction=True)
HOME_CONTROLLER = "app/Http/Controllers/HomeController.php"
FILES = {
    "public/index.php": b"<?php\nrequire __DIR__.'/../vendor/autoload.php';\n$app = require_once __DIR__.'/../bootstrap/app.php';\n",
    "bootstrap/app.php": b"<?php\nreturn new App();\n",
    "bootstrap/cache/config.php": b"<?php return [];\n",
    "config/app.php": b"<?php\nreturn ['name' => env('APP_NAME')];\n",
    "config/services.yaml": b"services:\n    mailer:\n        secret: hunter2\n",
    "routes/web.php": b"<?php\nreturn [];\n",
    HOME_CONTROLLER: b"<?php\nnamespace App\\Http\\Controllers;\nclass HomeController\n{\n}\n",
    ".env": b"APP_NAME=Shop\nAPP_KEY=base64:hunter2\n",
    "artisan": b"#!/usr/bin/env php\n",
    "vendor/autoload.php": b"<?php\n",
    "vendor/slim/slim/App.php": b"<?php\n",
    "storage/logs/laravel.log": b"[today] fine\n",
    "mail/cur/1": b"Dear customer, hunter2\n",
    "second/index.php": b"<?php // another site\n",
    "node_modules/left/pad.js": b"1\n",
}


@pytest.fixture(scope="module")
def ssh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with sshd(tmp_path_factory.mktemp("ssh")) as started:
        yield started


@pytest.fixture(params=["ssh", "sftp", "ftp"])
def site(request: pytest.FixtureRequest) -> Site:
    """A Laravel whose docroot is `public`, in a folder of the account."""
    protocol: str = request.param
    request.param = "ftp" if protocol == "ftp" else "ssh"
    server = named(request)
    top = server.home / f"t{os.getpid()}{timezone.now():%H%M%S%f}"
    for path, content in FILES.items():
        put(server, top / path, content)  # type: ignore[arg-type]
    secret = {"password": server.password} if isinstance(server, FtpServer) else {"private_key": server.private_key_text}
    host = make_host(
        make_team(), protocol=server.protocol if protocol == "ftp" else protocol, address=server.address, port=server.port,
        user=server.user, host_key=server.host_key, state=Host.State.WORKS, practice=True, **secret,
    )  # fmt: skip
    made = well(make_site(host=host, name="shop", docroot=f"{server.remote_home}/{top.relative_to(server.home)}/public"))
    made.server, made.top = server, top  # type: ignore[attr-defined]
    return made


def change(site: Site, path: str, content: bytes | None) -> None:
    place: Path = site.top / path  # type: ignore[attr-defined]
    if content is None:
        place.unlink()
    else:
        put(site.server, place, content)  # type: ignore[attr-defined]
        os.utime(place, None)


def seen(site: Site, *findings: Finding) -> Evidence:
    """As a diagnosis sees it that begins a moment after the site began to fail."""
    at = timezone.now() + timedelta(seconds=1)
    view = SiteSeen("shop", site.url, "down", "server-error", (PageSeen("/", site.url, "server-error", 500, at),), at)
    with purposes.doing("diagnosis", site=site), connecting.reader_for(site.host) as reader:
        evidence = gather(reader, view, SitePaths(site.docroot, beside=since.places_of(site, at)), "apache-755", at)
        return looking.with_copies(site, reader, evidence, findings, ())


def test_baseline_holds_the_program_and_nothing_else_of_the_account(site: Site) -> None:
    taken = taking.take(site)
    paths = {record.path.decode() for record in storing.records(taken) if record.kind == "f"}
    own = {f"../{path}" for path in FILES if path.startswith(("app", "config", "routes", ".env", "artisan", "vendor/autoload"))}
    assert paths - {"../vendor/slim/slim/App.php"} == own | {"index.php", "../bootstrap/app.php"}
    assert ("../vendor/slim/slim/App.php" in paths) is (site.host.protocol == "ssh")
    assert places.from_json(taken.beside)[0].folders == ("app", "bootstrap", "config", "routes", "vendor")
    kept = set(KeptFile.objects.values_list("path", flat=True))
    assert {"../.env", "../config/services.yaml", f"../{HOME_CONTROLLER}"} <= kept and "../vendor/slim/slim/App.php" not in kept
    assert keeping.amount(site).size < keeping.limit()


def test_broken_file_is_named_put_back_and_undone(site: Site) -> None:
    taking.take(site)
    change(site, HOME_CONTROLLER, FILES[HOME_CONTROLLER][:30])
    before = tree(site.top)  # type: ignore[attr-defined]
    found = finding("php-parse-error", HOME_CONTROLLER)
    evidence = seen(site, found)
    assert [(each.paths, each.how) for each in since.changes(site, evidence) or ()] == [((HOME_CONTROLLER,), "changed")]
    made = plan_repair(ID, evidence, found)
    assert made is not None and not made.needs_person and [type(each) for each in made.changes] == [WriteFile]
    assert made.changes[0].shown == HOME_CONTROLLER
    step = applied(site, *made.changes)
    assert (site.top / HOME_CONTROLLER).read_bytes() == FILES[HOME_CONTROLLER]  # type: ignore[attr-defined]
    undone(step, site)
    assert tree(site.top) == before  # type: ignore[attr-defined]


def test_lost_file_is_found_by_what_the_log_says(site: Site) -> None:
    taking.take(site)
    change(site, "config/app.php", None)
    before = tree(site.top)  # type: ignore[attr-defined]
    said = "PHP Warning:  require(/srv/hosting/u1/config/app.php): Failed to open stream: No such file or directory in /x/vendor/y.php:3"
    found = finding("php-missing-file", "bootstrap/app.php", said)
    made = plan_repair(ID, seen(site, found), found)
    assert made is not None and [(type(each), each.shown) for each in made.changes] == [(CreateFile, "config/app.php")]
    step = applied(site, *made.changes)
    assert (site.top / "config/app.php").read_bytes() == FILES["config/app.php"]  # type: ignore[attr-defined]
    undone(step, site)
    assert tree(site.top) == before  # type: ignore[attr-defined]


def test_lost_class_is_found_by_what_defined_it(site: Site) -> None:
    taking.take(site)
    change(site, HOME_CONTROLLER, None)
    said = 'PHP Fatal error:  Uncaught Error: Class "App\\Http\\Controllers\\HomeController" not found in /x/routes/web.php:3'
    found = finding("php-class-not-found", "routes/web.php", said)
    made = plan_repair(ID, seen(site, found), found)
    assert made is not None and [each.shown for each in made.changes] == [HOME_CONTROLLER] and not made.needs_person


def test_everything_is_put_back_as_it_was(site: Site) -> None:
    taking.take(site)
    change(site, ".env", None)
    change(site, "config/services.yaml", b"services: {\n")
    change(site, "app/New.php", b"<?php\n")
    change(site, "mail/cur/2", b"Dear customer\n")
    change(site, "storage/logs/laravel.log", b"[today] broken\n")
    change(site, "bootstrap/cache/config.php", b"<?php return 1;\n")
    before = tree(site.top)  # type: ignore[attr-defined]
    found = finding("application-answers-500")
    made = plan_repair(ID, seen(site, found), found, ((ALL, "changed"),))
    assert made is not None
    assert {(type(each), each.shown) for each in made.changes} == {
        (CreateFile, ".env"), (WriteFile, "config/services.yaml"), (RenameFile, "app/New.php")
    }  # fmt: skip
    step = applied(site, *made.changes)
    assert (site.top / ".env").read_bytes() == FILES[".env"]  # type: ignore[attr-defined]
    undone(step, site)
    assert tree(site.top) == before  # type: ignore[attr-defined]


def test_comparison_names_paths_from_the_account_and_shows_no_secret(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queueing, "enqueue", lambda *_args, **_more: True)
    older = taking.take(site)
    change(site, ".env", b"APP_NAME=Shop\nAPP_KEY=base64:other-secret\nAPP_DEBUG=true\n")
    change(site, "app/New.php", b"<?php\n")
    change(site, "public/info.php", b"<?php\n")
    change(site, "mail/cur/2", b"Dear customer\n")
    result = showing.result_of(comparing.run(comparing.request(site, older, None).pk))  # type: ignore[arg-type]
    assert result is not None
    rows = wording.rows(result)
    told = {(row.title, row.counts): [each.path for each in row.files] for row in rows}
    assert told[("Configuration .env", "1 changed")] == [".env"]
    assert told[("Folder app", "1 added")] == ["app/New.php"] and told[("Files in the docroot", "1 added")] == ["public/info.php"]
    assert "+APP_DEBUG= [removed]" in rows[0].files[0].diff
    assert not any(secret in repr(rows) for secret in ("hunter2", "other-secret", "mail"))


def test_baseline_from_before_is_compared_in_what_it_knew(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queueing, "enqueue", lambda *_args, **_more: True)
    older = taking.take(site)
    Baseline.objects.update(beside=[])
    older.refresh_from_db()
    newer = taking.take(site)
    for other in (newer, None):
        result = showing.result_of(comparing.run(comparing.request(site, older, other).pk))  # type: ignore[arg-type]
        assert result is not None and wording.headline(result) == "Nothing changed."


def test_single_file_is_put_back_where_the_folders_could_not_be_listed_in_time(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    taking.take(site)
    change(site, HOME_CONTROLLER, FILES[HOME_CONTROLLER][:30])
    monkeypatch.setattr("diagnostics.facts.program_tree.TIME_LIMIT_S", -1.0)
    found = finding("php-parse-error", HOME_CONTROLLER)
    evidence = seen(site, found)
    assert evidence.program_scope == () and evidence.since_well is None and not since.changes(site, evidence)
    made = plan_repair(ID, evidence, found)
    assert made is not None and [each.shown for each in made.changes] == [HOME_CONTROLLER]


def test_folder_that_became_a_link_is_not_written_through(site: Site) -> None:
    taking.take(site)
    change(site, HOME_CONTROLLER, FILES[HOME_CONTROLLER][:30])
    found = finding("php-parse-error", HOME_CONTROLLER)
    made = plan_repair(ID, seen(site, found), found)
    assert made is not None
    folder: Path = site.top / "app"  # type: ignore[attr-defined]
    folder.rename(site.top / "moved")  # type: ignore[attr-defined]
    folder.symlink_to(site.top / "moved")  # type: ignore[attr-defined]
    with pytest.raises(Stale):
        applied(site, *made.changes)


def test_settings_above_the_docroot_of_any_program_are_kept_and_a_person_puts_them_back(site: Site) -> None:
    for path in ("vendor/autoload.php", "bootstrap/app.php", "artisan"):
        change(site, path, None)
    change(site, "public/index.php", b"<?php echo 1;\n")
    change(site, ".htaccess", b"Options -Indexes\nDirectoryIndex index.php\n")
    change(site, "wp-config.php", b"<?php\ndefine('DB_PASSWORD', 'hunter2');\n")
    taken = taking.take(site)
    assert [(place.base, place.folders) for place in places.from_json(taken.beside)] == [("..", ())]
    change(site, ".htaccess", b"Options -Indexes\nDirectoryIndexx index.php\n")
    change(site, "wp-config.php", b"<?php\ndefine('DB_PASSWORD',\n")
    shared, own = finding("htaccess-invalid-directive", ".htaccess"), finding("wordpress-config-syntax", "wp-config.php")
    evidence = seen(site, shared, own)
    changed = since.changes(site, evidence) or ()
    assert {each.paths for each in changed} == {(".htaccess",), ("wp-config.php",)}
    first, second = plan_repair(ID, evidence, shared), plan_repair(ID, evidence, own)
    assert first is not None and second is not None and not second.needs_person
    assert "every site below" in first.needs_person and "account" in first.affects
    assert isinstance(second.changes[0], WriteFile) and b"hunter2" in second.changes[0].after


def test_lost_settings_that_lie_beside_the_docroot_itself_are_told_by_it(site: Site) -> None:
    taking.take(site)
    change(site, ".env", None)
    said = 'Unable to read the "/srv/u1/.env" environment file. in /srv/u1/x.php:3\nStack trace:\n#0 /srv/u1/public/index.php(3): boot()'
    found = finding("php-uncaught-exception", "public/index.php", said)
    made = plan_repair(ID, seen(site, found), found)
    assert made is not None and [(type(each), each.shown) for each in made.changes] == [(CreateFile, ".env")]


def test_lost_file_that_is_named_in_whatever_words_is_put_back(site: Site) -> None:
    taking.take(site)
    change(site, "config/app.php", None)
    said = 'PHP Fatal error:  Uncaught RuntimeException: Unable to read the "/srv/u1/config/app.php" environment file. in /srv/u1/x.php:3'
    found = finding("php-uncaught-exception", "public/index.php", said)
    made = plan_repair(ID, seen(site, found), found)
    assert made is not None and [(type(each), each.shown) for each in made.changes] == [(CreateFile, "config/app.php")]


@pytest.mark.parametrize(
    ("path", "is_shared"),
    [
        ("lib/db.php", True), ("functions.php", True), (".htaccess", True), (".env", False), ("app/Http/Home.php", False),
        ("shop/lib/db.php", False), ("www/lib/db.php", False),
    ],
)  # fmt: skip
def test_code_that_sites_of_one_account_may_share_is_put_back_by_a_person(path: str, is_shared: bool) -> None:
    file = Restorable(path, f"/home/demo/{path}", b"new", 0o644, (), (), 0, True)
    assert _holds_for_others(file, evidence({}, "")) is is_shared
