"""Which files Apache reads for a page, wherever a login says that the docroot is."""

from __future__ import annotations

import pytest

from diagnostics.evidence import Evidence, TextFile
from diagnostics.trying.htaccess import parts_of
from tests.diagnostics.evidences import site


@pytest.mark.timeout(20)
@pytest.mark.parametrize("docroot", ["/", "/www", "/home/me/www/"])
def test_files_on_the_way_to_a_page_are_taken_apart(docroot: str) -> None:
    top = docroot.rstrip("/")
    names = (f"{top}/.htaccess", f"{top}/shop/.htaccess", f"{top}/shop/old/.htaccess", f"{top}/blog/.htaccess")
    files = tuple(TextFile(name.lstrip("/"), name, b"Options -Indexes\n", 0o644, 0.0) for name in names)
    seen = Evidence(site(path="/shop/old/a.html"), "apache-755", "ftp", htaccess=files, docroot=docroot)
    assert [part.file.absolute for part in parts_of(seen)] == list(names[:3])
