from __future__ import annotations

import pytest

from sites.importing.reading import Unreadable, decoded, records
from sites.importing.rows import guarded, unguarded
from sites.importing.sources import parse_file, parse_text

HEADER = "name;url;tags"
LINE = "Café Zürich;https://café.example/;été"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252"])
def test_text_is_read_whatever_encoding_wrote_it(encoding: str) -> None:
    text = f"{HEADER}\r\n{LINE}\r\n" + "Plain;https://plain.example/;ascii\r\n" * 40
    row = parse_file(text.encode(encoding), 100).rows[0]
    assert row.values == {"name": "Café Zürich", "url": "https://café.example/", "tags": "été"}


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separator_and_line_end_are_found_out(separator: str, end: str) -> None:
    lines = [["name", "url", "pages"], ["Shop", "https://shop.example/", f'"/a{separator}b /c"'], ["Blog", "https://blog.example/", ""]]
    parsed = parse_file(end.join(separator.join(cells) for cells in lines).encode(), 10)
    assert [row.values for row in parsed.rows] == [
        {"name": "Shop", "url": "https://shop.example/", "pages": f"/a{separator}b /c"},
        {"name": "Blog", "url": "https://blog.example/"},
    ]


def test_quotes_and_newlines_in_fields_are_kept_and_rows_counted_as_a_spreadsheet_does() -> None:
    text = 'name,url,must_contain\n\n"Say ""hi""",https://a.example/,"one\ntwo"\nB,https://b.example/,\n'
    rows = parse_file(text.encode(), 10).rows
    assert [(row.number, row.values["name"]) for row in rows] == [(3, 'Say "hi"'), (4, "B")]
    assert rows[0].values["must_contain"] == "one\ntwo"


def test_line_of_excel_that_names_the_separator_is_no_row() -> None:
    assert [row.get("url") for row in parse_file(b"sep=;\r\nname;url\r\nA;https://a.example/,x\r\n", 5).rows] == ["https://a.example/,x"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "nothing in it"),
        (b"name,address\nA,https://a.example/\n", "“url” is missing"),
        (b"Shop,https://shop.example/\n", "name”, “url"),
        (b"name,url\n\x00\x01", "not a text file"),
        (b"\xff\xfea", "damaged"),
        (b"{\"sites\": [", "damaged or cut off"),
        (b"[1, 2]", "none that is known"),
        (b'name,url\n"A,https://a.example/\n' + b"B,https://b.example/\n" * 300, "line 2 is not closed"),
        (b"name,url\n" + b"A,https://a.example/\n" * 11, "more than 10 rows"),
        (b"name,url\n" + b"x" * 200_000, "cannot be read from line 2"),
    ],
)  # fmt: skip
def test_file_that_cannot_be_read_says_why(data: bytes, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        parse_file(data, 10)


def test_unknown_columns_are_told_and_a_row_too_long_is_refused() -> None:
    parsed = parse_file(b"Name, URL ,intervall\nA,https://a.example/,60,surplus\n", 10)
    assert "intervall" in parsed.notes[0] and "more fields" in parsed.rows[0].refusal
    assert parsed.rows[0].values == {"name": "A", "url": "https://a.example/"}


def test_zero_bytes_are_no_text() -> None:
    with pytest.raises(Unreadable):
        decoded(b"abc\x00def" + b"x" * 100)
    assert records("", 5) == []


@pytest.mark.parametrize(
    ("line", "name", "url"),
    [
        ("https://shop.example/", "shop.example", "https://shop.example/"),
        ("shop.example", "shop.example", "https://shop.example"),
        ("shop.example:8080/de", "shop.example:8080/de", "https://shop.example:8080/de"),
        ("My shop https://shop.example/", "My shop", "https://shop.example/"),
        ("My shop, shop.example", "My shop", "https://shop.example"),
        ("http://shop.example/;Bakery & Sons", "Bakery & Sons", "http://shop.example/"),
        ("shop.example\tBakery", "Bakery", "https://shop.example"),
        ('"Bakery, Inc.",https://shop.example/', "Bakery, Inc.", "https://shop.example/"),
    ],
)
def test_pasted_line_is_an_address_or_name_and_address(line: str, name: str, url: str) -> None:
    row = parse_text(f"# my list\n{line}\n", 10).rows[0]
    assert (row.number, row.get("name"), row.get("url"), row.refusal) == (2, name, url, "")


def test_pasted_line_without_an_address_is_refused_alone() -> None:
    rows = parse_text("shop.example\nhello world\n", 10).rows
    assert [bool(row.refusal) for row in rows] == [False, True]


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@x", "'=1", "''-x", "'plain'", "plain", "", "'", "\t=x"])
def test_guard_against_formulas_is_taken_off_again(value: str) -> None:
    assert unguarded(guarded(value)) == value
    assert not guarded(value).startswith(("=", "+", "-", "@", "\t", "\r"))
