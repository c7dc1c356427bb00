"""Where a password file lies, and whether the web server finds it under the name that .htaccess gives it."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnostics.evidence import TextFile
from diagnostics.facts import password_files
from diagnostics.transports.local import LocalReader


@pytest.mark.parametrize(
    ("named", "exists"),
    [("{www}/intern/.htpasswd", True), ("{www}/intern/.users", False), ("~/www/intern/.htpasswd", False), ("www/intern/.htpasswd", False)],
)
def test_name_without_its_beginning_is_looked_for_elsewhere_by_the_server(tmp_path: Path, named: str, exists: bool) -> None:
    """The file lies there all the same, and is kept to be named rightly."""
    file = tmp_path / "www/intern/.htpasswd"
    file.parent.mkdir(parents=True)
    file.write_text("anna:x\n")
    content = f"AuthUserFile {named.format(www=tmp_path / 'www')}\n".encode()
    htaccess = TextFile("www/intern/.htaccess", str(file.parent / ".htaccess"), content, 0o644, 0.0)
    found = password_files.read(LocalReader([str(tmp_path)]), (htaccess,), str(tmp_path / "www"))
    assert [each.exists for each in found] == [exists]
    assert (found[0].found == str(file)) is (".htpasswd" in named)
