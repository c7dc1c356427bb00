"""A real WordPress with a real MariaDB that is broken in turn: what its pages, its installer and its files lead to, without a shell."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from diagnostics import examining
from diagnostics.databases import asker
from diagnostics.examining import Examination
from diagnostics.transports.local import LocalReader
from sites.models import Host, Site
from tests.corpus.software.wordpress import install, lay_out
from tests.factories import make_site
from tests.programs import binary, mariadb, running
from tests.servers import free_port

pytestmark = pytest.mark.django_db


@dataclass
class Blog:
    """A WordPress in `root`, answered by PHP at `url`, with a database behind a socket."""

    root: Path
    url: str
    line: str

    def sql(self, text: str) -> None:
        command = [binary("mariadb"), "--no-defaults", "-u", "root", "-S", self.line, "wp"]
        subprocess.run(command, input=text.encode(), check=True, timeout=30)

    def settings(self, old: str, new: str) -> None:
        path = self.root / "wp-config.php"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))


@pytest.fixture(scope="module")
def _running() -> Iterator[Blog]:
    if not (binary("mariadbd") and binary("php") and Path("/usr/share/wordpress").exists()):
        pytest.skip("WordPress, MariaDB and PHP are not installed")
    folder, port = Path(tempfile.mkdtemp(prefix="sitemend-wp-")), free_port()
    folder.chmod(0o755)
    try:
        with mariadb(folder / "db") as line:
            blog = Blog(lay_out(folder / "www", "", f"localhost:{line}"), f"http://127.0.0.1:{port}", line)
            subprocess.run(
                [binary("mariadb"), "--no-defaults", "-u", "root", "-S", line, "-e", "CREATE DATABASE wp"], check=True, timeout=30
            )
            install(blog.root, blog.url, [("Hello", "<p>Good morning.</p>" * 20)])
            with running(
                [binary("php"), "-d", "display_errors=0", "-d", "opcache.enable=0", "-S", f"127.0.0.1:{port}", "-t", blog.root], port=port
            ):
                yield blog
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def blog(_running: Blog) -> Iterator[Blog]:
    """The same for each test: what a test changed in settings and tables is put back."""
    path = _running.root / "wp-config.php"
    whole = path.read_bytes()
    yield _running
    path.write_bytes(whole)


@pytest.fixture
def site(blog: Blog, settings: Any) -> Site:
    settings.SITEMEND_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)
    return make_site(name="blog", url=blog.url + "/", paths=("/",), docroot=str(blog.root))


def examined(site: Site, blog: Blog) -> Examination:
    """As over SFTP: the files can be read, no command can be run, and the database is not reached from here."""
    return examining.examine(site, LocalReader([str(blog.root.parent)]), examining.look(site))


def first(site: Site, blog: Blog) -> tuple[str, str, str]:
    finding = examined(site, blog).findings[0]
    return finding.cause, finding.path, finding.sureness


def test_blog_that_is_well_has_no_finding(site: Site, blog: Blog) -> None:
    found = examined(site, blog)
    assert found.evidence.site.verdict == "up" and {finding.severity for finding in found.findings} <= {"note"}
    assert found.evidence.applications[0].version


def test_database_that_is_not_there_is_told_by_the_installer(site: Site, blog: Blog) -> None:
    blog.settings("'DB_NAME', 'wp'", "'DB_NAME', 'wp_new'")
    assert first(site, blog) == ("database-missing", "www/wp-config.php", "likely")


def test_table_that_is_not_there_is_told_by_the_installer(site: Site, blog: Blog) -> None:
    blog.sql("RENAME TABLE wp_options TO gone_options")
    try:
        assert first(site, blog) == ("database-table-missing", "www/wp-config.php", "likely")
    finally:
        blog.sql("RENAME TABLE gone_options TO wp_options")


def test_what_even_the_installer_does_not_tell_is_weighed_by_what_changed(site: Site, blog: Blog) -> None:
    blog.settings("'DB_PASSWORD', ''", "'DB_PASSWORD', 'wrong'")
    finding = examined(site, blog).findings[0]
    assert (finding.cause, finding.path, finding.sureness) == ("database-access-denied", "www/wp-config.php", "likely")
    os.utime(blog.root / "wp-config.php", (1_700_000_000, 1_700_000_000))
    finding = examined(site, blog).findings[0]
    assert (finding.cause, finding.sureness) == ("database-server-down", "possible") and "database-access-denied" in finding.also


def test_theme_that_is_not_there_is_named_by_the_database(site: Site, blog: Blog, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a database that can be asked: the account lies on this machine."""
    monkeypatch.setattr(examining.databases, "asker", lambda host: asker(Host(protocol="local")))
    blog.sql("UPDATE wp_options SET option_value = 'gone' WHERE option_name IN ('template', 'stylesheet')")
    try:
        found = examined(site, blog)
    finally:
        blog.sql("UPDATE wp_options SET option_value = 'plain' WHERE option_name IN ('template', 'stylesheet')")
    assert [page.kind for page in found.evidence.site.pages] == ["white-page"]
    assert (found.findings[0].cause, found.findings[0].path) == ("wordpress-theme", "www/wp-content/themes/gone")
    assert found.findings[0].sureness == "certain"


def test_theme_that_was_renamed_is_named_without_the_database(site: Site, blog: Blog) -> None:
    themes = blog.root / "wp-content/themes"
    (themes / "plain").rename(themes / "plain-old")
    try:
        found = examined(site, blog)
        assert [page.kind for page in found.evidence.site.pages] == ["white-page"]
        assert (found.findings[0].cause, found.findings[0].path) == ("wordpress-theme", "www/wp-content/themes/plain")
        assert found.findings[0].sureness == "likely"
    finally:
        (themes / "plain-old").rename(themes / "plain")


def test_release_that_asks_for_a_newer_php_says_so(site: Site, blog: Blog) -> None:
    path = blog.root / "wp-includes/version.php"
    whole = path.read_text()
    path.write_text(re.sub(r"required_php_version = '[^']+'", "required_php_version = '9.9.0'", whole))
    try:
        finding = examined(site, blog).findings[0]
        assert (finding.cause, finding.sureness) == ("php-version-incompatible-code", "certain") and "9.9.0" in finding.summary
    finally:
        path.write_text(whole)


def test_blog_that_shows_its_installer_is_not_well_and_its_prefix_is_named(site: Site, blog: Blog) -> None:
    blog.settings("$table_prefix = 'wp_'", "$table_prefix = 'new_'")
    found = examined(site, blog)
    assert [page.kind for page in found.evidence.site.pages] == ["unexpected"]
    assert (found.findings[0].cause, found.findings[0].path) == ("database-table-missing", "www/wp-config.php")
    assert "new_" in found.findings[0].summary


def test_blog_without_settings_says_that_they_are_missing(site: Site, blog: Blog) -> None:
    path = blog.root / "wp-config.php"
    path.rename(blog.root / "away.php")
    try:
        found = examined(site, blog).findings[0]
        assert (found.cause, found.path) == ("php-missing-file", "www/wp-config.php")
    finally:
        (blog.root / "away.php").rename(path)
