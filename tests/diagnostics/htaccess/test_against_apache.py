"""The linter's verdict against that of a real Apache, file by file."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path

import pytest

from diagnostics.htaccess.lint import lint
from diagnostics.htaccess.server import ServerKnowledge
from tests.diagnostics.htaccess.corpus import FAULTY, SOUND
from tests.lab.apache import DEFAULT_MODULES, apache, why_missing

pytestmark = pytest.mark.skipif(bool(why_missing()), reason=why_missing() or "Apache is here")

SERVER = ServerKnowledge(
    loaded=frozenset(f"mod_{name}" for name in DEFAULT_MODULES) | {"mod_version"},
    absent=frozenset({"mod_php", "mod_access_compat", "mod_security2", "mod_pagespeed", "mod_nothing", "php_module", "mod_php7"}),
)


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_linter_agrees_with_apache(tmp_path_factory: pytest.TempPathFactory) -> None:
    base = tmp_path_factory.mktemp("apache")
    for folder in (base, *base.parents):
        if folder == Path("/tmp"):
            break
        folder.chmod(0o755)
    docroot = base / "www"
    contents = {f"sound-{name}": content for name, content in SOUND.items()}
    contents |= {f"faulty-{name}": content for name, (content, _, _) in FAULTY.items()}
    for name, content in contents.items():
        folder = docroot / name
        folder.mkdir(parents=True)
        (folder / ".htaccess").write_bytes(content)
        (folder / "page.txt").write_text("here")
    disagree = []
    with apache(docroot, base / "logs") as server:
        for name, content in contents.items():
            refused = status_of(f"{server.url}/{name}/page.txt") == 500
            faults = [fault for fault in lint(content, SERVER) if fault.sure]
            if refused != bool(faults):
                disagree.append((name, "Apache refuses" if refused else "Apache serves", faults))
        log = server.error_log.read_text("utf-8", "replace")
    assert not disagree, "\n".join([*map(str, disagree), log])
    assert len(contents) >= 60
