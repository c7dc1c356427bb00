"""Slips in one line of PHP: which are corrected, which need a person, and what is left alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics import offering
from diagnostics.checks.php_parsing import first_error
from diagnostics.facts.settings.writing import login_in
from diagnostics.findings import Proof
from diagnostics.repairs import CannotPlan, try_plan
from diagnostics.repairs.php_line import ID
from diagnostics.repairs.plan import Plan, WriteFile
from tests.diagnostics.repairs.real_folder import fill, finding, read, steady

pytestmark = pytest.mark.django_db
AROUND = "<?php\r\n// settings\r\n{}\r\n$last = 3;\r\n"
DEBUG = "define( 'WP_DEBUG', false );"


def planned(docroot: Path, source: str | bytes, line: int, name: str = "wp-config.php") -> object:
    fill(docroot, {name: source.encode() if isinstance(source, str) else source})
    found = finding("wordpress-config-syntax", f"www/{name}", ID, line)
    return try_plan(ID, read(docroot, found), found)


@pytest.mark.parametrize(
    ("wrong", "right", "line"),
    [
        ("define( 'DB_PASSWORD', 'L'ete-2026!' );", "define( 'DB_PASSWORD', 'L\\'ete-2026!' );", 3),
        ("define( 'DB_PASSWORD', 'x9#'kP2' ); // new", "define( 'DB_PASSWORD', 'x9#\\'kP2' ); // new", 4),
        ("define('DB_PASSWORD', 'abc\\');", "define('DB_PASSWORD', 'abc\\\\');", 5),
        ('$a = [\r\n\'password\' => "it"s",\r\n];', '$a = [\r\n\'password\' => "it\\"s",\r\n];', 4),
        (f"define( 'WP_POST_REVISIONS', 5 )\r\n{DEBUG}", f"define( 'WP_POST_REVISIONS', 5 );\r\n{DEBUG}", 4),
        (f"$by = 'claire' # me\r\n{DEBUG}", f"$by = 'claire'; # me\r\n{DEBUG}", 4),
        ("define( 'WP_MEMORY_LIMIT', '128M' /* ours */", "define( 'WP_MEMORY_LIMIT', '128M' ); /* ours */", 4),
        ("define( 'FORCE_SSL_ADMIN', true )) ; // ours", "define( 'FORCE_SSL_ADMIN', true ); // ours", 3),
        ("define( 'WP_HOME, 'http://a' ); # ours", "define( 'WP_HOME', 'http://a' ); # ours", 3),
        ("define('DB_NAME', 'shop';", "define('DB_NAME', 'shop');", 3),
        ("define( 'EMPTY_TRASH_DAYS' 7 );", "define( 'EMPTY_TRASH_DAYS', 7 );", 3),
        ("define('WP_MEMORY_LIMIT'; '256M'); // ours", "define('WP_MEMORY_LIMIT', '256M'); // ours", 3),
    ],
)
def test_settings_that_can_mean_only_one_thing_are_corrected(docroot: Path, settings: object, wrong: str, right: str, line: int) -> None:
    plan = planned(docroot, AROUND.format(wrong), line)
    assert isinstance(plan, Plan), plan
    (change,) = plan.changes
    assert isinstance(change, WriteFile) and change.after.decode() == AROUND.format(right)
    assert not plan.needs_person and offering.guide_step(plan) == "php"
    steady(docroot, settings, plan)


def test_words_in_quotes_of_a_word_processor_are_texts_where_php_misses_a_constant_of_that_name(docroot: Path) -> None:
    wrong, right = "define( \u2018WP_CACHE\u2019, \u2018on\u2019 );", "define( 'WP_CACHE', 'on' );"
    fill(docroot, {"wp-config.php": AROUND.format(wrong).encode()})
    found = finding("wordpress-config-syntax", "www/wp-config.php", ID, 3)
    assert try_plan(ID, read(docroot, found), found) is None
    told = replace(found, evidence=(Proof("error-log", 'Uncaught Error: Undefined constant "\u2018WP_CACHE\u2019"'),))
    plan = try_plan(ID, read(docroot, told), told)
    assert isinstance(plan, Plan) and isinstance(plan.changes[0], WriteFile)
    assert plan.changes[0].after.decode() == AROUND.format(right) and not plan.needs_person


def test_value_is_what_stood_between_the_first_quote_and_the_last(docroot: Path) -> None:
    source = "<?php\n" + "".join(f"define('DB_{name}', '{name}');\n" for name in ("NAME", "USER", "HOST"))
    plan = planned(docroot, f"{source}define('DB_PASSWORD', 'it's \"a\\b'c');\n$table_prefix = 'wp_';\n", 5)
    assert isinstance(plan, Plan) and isinstance(plan.changes[0], WriteFile)
    login = login_in("wordpress", "/a.php", {"/a.php": plan.changes[0].after.decode()}, {})
    assert login is not None and login.password.reveal() == "it's \"a\\b'c"


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ("$a = array(\n'a' => f()\n'c' => 'd',\n);", 5),
        ("$x = g()\necho $x;", 4),
    ],
)
def test_slip_in_code_is_a_persons_business(docroot: Path, wrong: str, line: int) -> None:
    plan = planned(docroot, AROUND.format(wrong), line, "functions.php")
    assert isinstance(plan, Plan) and plan.needs_person and isinstance(plan.changes[0], WriteFile)
    assert first_error(plan.changes[0].after) is None


@pytest.mark.parametrize("source", ["<?php\nif ($a) {\n  b();\n", "<?php\nfunction (\n$$ ] x\n", "<?php\n$a = 1;\n"])
def test_what_no_single_sign_would_mend_is_left(docroot: Path, source: str) -> None:
    assert not isinstance(planned(docroot, source, 3, "functions.php"), Plan)


def test_text_that_is_no_program_and_lines_far_away_are_left(docroot: Path) -> None:
    wrong = "define( 'DB_PASSWORD', 'L'ete' );"
    assert planned(docroot, AROUND.format(wrong), 3, "notes.txt") is None
    assert isinstance(planned(docroot, AROUND.format(wrong) + "\n" * 9 + "$z = 1;\n", 15), CannotPlan)


def missed(docroot: Path, source: bytes, constant: str, line: int = 3) -> object:
    """What is planned where PHP misses a constant of this name on a line of a file that reads well."""
    fill(docroot, {"wp-config.php": source})
    found = finding("wordpress-config-syntax", "www/wp-config.php", ID, line)
    told = replace(found, evidence=(Proof("error-log", f'Uncaught Error: Undefined constant "{constant}"'),))
    return try_plan(ID, read(docroot, told), told)


@pytest.mark.parametrize("text", ['" Änderung"', '" Ñandú ё"', '"„Änderung“"', "'it ‘is’'", '"a" /* ‘TITEL’ */', '"\u201cTITEL\u201d"'])
@pytest.mark.parametrize("codec", ["utf-8", "cp1252"])
def test_constant_that_carries_no_such_quotes_is_left_as_it_is(docroot: Path, text: str, codec: str) -> None:
    source = AROUND.format(f"echo TITEL . {text};").encode(codec, "ignore")
    assert missed(docroot, source, "TITEL") is None


def test_letters_of_other_lines_and_of_texts_stay_where_such_quotes_are_mended(docroot: Path) -> None:
    line = 'echo ‘Straße’ . " Änderung ‘so’ Ñё"; // ‘Ä’'
    for constant in ("‘Straße’", r"\xe2\x80\x98Stra\xc3\x9fe\xe2\x80\x99", "Shop\\‘Straße’"):
        plan = missed(docroot, AROUND.format(line).encode() + b"// \xc4\n", constant)
        assert isinstance(plan, Plan) and isinstance(plan.changes[0], WriteFile) and not plan.needs_person
        right = AROUND.format(line.replace("‘Straße’", "'Straße'")).encode() + b"// \xc4\n"
        assert plan.changes[0].after == right


def test_such_quotes_in_the_bytes_of_windows_are_mended(docroot: Path) -> None:
    plan = missed(docroot, AROUND.format('echo ‘on’ . " Änderung “x”";').encode("cp1252"), r"\x91on\x92")
    assert isinstance(plan, Plan) and isinstance(plan.changes[0], WriteFile)
    assert plan.changes[0].after == AROUND.format("echo 'on' . \" Änderung “x”\";").encode("cp1252")


@pytest.mark.parametrize(
    ("wrong", "right", "is_certain"),
    [
        ('echo “My Ä shop” . "Ä ’";', "echo 'My Ä shop' . \"Ä ’\";", True),
        ("echo “My $shop[0] b”;", "echo 'My $shop[0] b';", False),
        ("define( ‘DB_HOST', 'Ä’' );", "define( 'DB_HOST', 'Ä’' );", False),
    ],
)
def test_such_quotes_that_stop_the_file_are_mended_at_their_place_only(docroot: Path, wrong: str, right: str, is_certain: bool) -> None:
    plan = planned(docroot, AROUND.format(wrong), 3)
    assert isinstance(plan, Plan) and isinstance(plan.changes[0], WriteFile)
    assert plan.changes[0].after.decode() == AROUND.format(right) and bool(plan.needs_person) != is_certain
