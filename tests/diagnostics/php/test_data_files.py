# ruff: noqa: E501 (a script stays on its lines)
"""Files of data that PHP code reads: which a script names, and whether they read well. INI is compared with PHP's own reader."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from diagnostics.php.data_files import Asked, asked_in, fault_of

VALUES = [
    "geheim(7", "so!gut)", "x^(2", "a|b(c", "a|b", "(1|2)", "~1", "!x", "a!b", "a~b", '"a(b"', "'a(b'", '"a', 'a"b"', "1 ; x(y", "${x}", "{a",
    "x{y}", "a=b", "a&", "&a", "a&b", "", '"a" "b"', '"a\\"b"', "a?b", "E_ALL & ~E_NOTICE", "a;b(c", '"a;b" ; c"d', "http://x/?a=b&c=d",
    "pa$$w0rd", "a#b", "@%+-*/", "^", '"two\nlines"',
]  # fmt: skip


@pytest.mark.skipif(not shutil.which("php"), reason="PHP is not installed")
def test_ini_is_refused_as_php_refuses_it() -> None:
    program = (
        "foreach (json_decode(stream_get_contents(STDIN)) as $t) { $r[] = @parse_ini_string($t, true) !== false; } echo json_encode($r);"
    )
    texts = [f"; first\n[part]\nkey = {value}\nnext = 2\n" for value in [*VALUES, "x\n[open"]]
    said = subprocess.run(["php", "-r", program], input=json.dumps(texts).encode(), capture_output=True, check=True, timeout=30).stdout
    assert [fault_of("ini", text.encode()) is None for text in texts] == json.loads(said)


def test_line_of_the_fault_is_told() -> None:
    fault = fault_of("ini", b"; a\n[b]\nhost = x\npassword = so!gut)\n")
    assert fault is not None and fault.line == 4
    fault = fault_of("json", b'{\n  "a": 1,\n  "b": 2,\n}\n')
    assert fault is not None and fault.line == 4
    fault = fault_of("xml", b"<a>\n<b>\n</a>\n")
    assert fault is not None and fault.line == 3


@pytest.mark.parametrize(
    ("kind", "content"), [("json", b"{}"), ("json", b'"\xc3\xa4"'), ("xml", b"<?xml version='1.0'?>\n<a/>"), ("ini", b"")]
)
def test_file_that_reads_well_has_no_fault(kind: str, content: bytes) -> None:
    assert fault_of(kind, content) is None


@pytest.mark.parametrize(
    ("kind", "content"), [("json", b""), ("json", b"\xef\xbb\xbf{}"), ("json", b'"\xe4"'), ("xml", b" "), ("json", b"{'a': 1}")]
)
def test_file_that_is_empty_or_stored_in_another_way_has_one(kind: str, content: bytes) -> None:
    assert fault_of(kind, content) is not None


def test_xml_that_grows_is_not_followed() -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;">]><a>&c;'
    assert fault_of("xml", bomb) is None


def test_names_in_a_script_are_those_of_its_lines() -> None:
    script = (
        b"<?php\n$a = parse_ini_file(__DIR__ . '/site.conf', true);\n// json_decode('old.json')\n"
        b'$b = json_decode(file_get_contents("$root/data/prices.json"));\n$c = parse_ini_file("raw.ini", false, INI_SCANNER_RAW);\n$d = \'x.ini\';\n'
    )
    assert asked_in(script) == [Asked("/site.conf", "ini", 2), Asked("/data/prices.json", "json", 4)]
