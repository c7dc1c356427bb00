"""In which layer a fault lies, told by small files of our own on a real WordPress; they are gone afterwards and answer to nobody else."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from diagnostics import diagnosing
from diagnostics.models import Diagnosis, JournalEntry
from diagnostics.trying import canaries, canary_files
from tests.diagnostics.trying.blogs import Blog, blog_on
from tests.lab.sites.wordpress_site import config
from tests.lab.stack import Stack
from tests.programs import binary

FAILS = "<?php\nhttp_response_code(500);\nexit;\n"
real = pytest.mark.django_db(transaction=True)


def placed(blog: Blog) -> tuple[list[tuple[str, str]], dict[str, Any]]:
    """What each layer answered, and the first finding then."""
    step = blog.tried(canaries.ID)
    rows = step.result["tried"]["layers"]
    assert len(rows) <= 4
    entries = JournalEntry.objects.filter(step=step)
    assert {(entry.change, entry.state) for entry in entries} == {("create", "taken-back")}
    findings = [row for row in diagnosing.as_json(Diagnosis.objects.first())["findings"] if row["severity"] == "critical"]
    return [(row["layer"], row["answer"]) for row in rows], findings[0]


@real
@pytest.mark.parametrize("transport", ["sftp", pytest.param("ftp", marks=pytest.mark.full)])
def test_plugin_lies_above_all_that_answers(stack: Stack, transport: str) -> None:
    with blog_on(stack, transport) as blog:
        blog.breaks("gallery")
        answers, first = placed(blog)
        assert answers == [("static", "ok"), ("php", "ok"), ("database", "ok"), ("start", "ok")]
        assert first["cause"] == "wordpress-plugin" and first["confidence"] < 0.95
        assert first["evidence"][0]["text"].splitlines() == [
            "A plain text file: answered as it should",
            "One line of PHP: answered as it should",
            "One line of PHP with the site's own database login: answered as it should",
            "WordPress without its plugins and theme: answered as it should",
        ]


@real
@pytest.mark.full
def test_htaccess_stops_the_plain_file_too(blog: Blog) -> None:
    name = blog.scene.at(".htaccess")
    blog.scene.keep(name, blog.scene.read(name) + b"SubstituteMaxLineLength 10m\n")
    answers, first = placed(blog)
    assert answers == [("static", "failed")]
    assert first["cause"].startswith("htaccess-") and first["path"].endswith(".htaccess")


@real
@pytest.mark.full
def test_settings_of_php_stop_one_line_of_it(blog: Blog) -> None:
    blog.scene.keep(blog.scene.at("wp-content/first.php"), FAILS)
    first_file = blog.scene.path(blog.scene.at("wp-content/first.php"))
    blog.scene.keep(blog.scene.at(".user.ini"), f"auto_prepend_file = {first_file}\n")
    answers, first = placed(blog)
    assert answers == [("static", "ok"), ("php", "failed")]
    assert first["cause"] == "user-ini-bad-prepend", first


@real
def test_login_that_the_database_refuses_is_certain(blog: Blog) -> None:
    blog.scene.keep(blog.scene.at("wp-config.php"), config(blog.scene, password="another"))
    answers, first = placed(blog)
    assert ("php", "ok") in answers and ("database", "failed") in answers
    assert (first["cause"], first["confidence"] >= 0.95) == ("database-access-denied", True), first


@real
@pytest.mark.full
def test_file_of_wordpress_itself_stops_its_start(blog: Blog) -> None:
    blog.scene.keep(blog.scene.at("wp-includes/l10n.php"), FAILS)
    answers, _first = placed(blog)
    assert answers[-1] == ("start", "failed") and ("database", "ok") in answers


def answered(content: bytes, folder: Path, key: str) -> str:
    path = folder / "canary.php"
    path.write_bytes(content)
    code = f"$_GET = {key}; include '{path}';"
    return subprocess.run([binary("php"), "-n", "-r", code], capture_output=True, text=True, check=True, timeout=20).stdout


@pytest.mark.skipif(not binary("php"), reason="php is not installed")
def test_files_answer_to_their_word_alone_and_only_for_their_time(tmp_path: Path) -> None:
    later, word = int(time.time()) + 600, "0123456789abcdef"
    for content in (canary_files.php(word, later), canary_files.database(word, later, "x.php")):
        assert canary_files.MARK in answered(content, tmp_path, f"array('k' => '{word}')")
        for key in ("array()", "array('k' => 'no')", "array('k' => array())"):
            assert answered(content, tmp_path, key) == ""
        assert word.encode() not in content
    assert answered(canary_files.php(word, int(time.time()) - 1), tmp_path, f"array('k' => '{word}')") == ""


@pytest.mark.skipif(not binary("php"), reason="php is not installed")
def test_settings_that_are_not_plain_leave_it_unknown(tmp_path: Path) -> None:
    (tmp_path / "settings.php").write_text("<?php define('DB_HOST', getenv('H'));")
    content = canary_files.database("w", int(time.time()) + 60, "settings.php")
    assert answered(content, tmp_path, "array('k' => 'w')") == f"{canary_files.MARK} unknown"
