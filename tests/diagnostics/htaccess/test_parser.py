from __future__ import annotations

import random

from diagnostics.htaccess.parser import LineKind, parse, split_words
from tests.diagnostics.htaccess.corpus import FAULTY, SOUND


def test_parse_keeps_every_byte_of_the_corpus() -> None:
    for content in [*SOUND.values(), *(content for content, _, _ in FAULTY.values())]:
        assert parse(content).content == content


def test_parse_keeps_every_byte_of_random_input() -> None:
    chance = random.Random(7)
    pieces = [b"\n", b"\r\n", b"\\\n", b"\\\r\n", b"\\", b"\r", b"<", b">", b"</", b'"', b"'", b"#", b" ", b"\t", b"\x00", b"\xff", b"RewriteRule",  # noqa: E501
              b"IfModule", b"\xef\xbb\xbf", b"a"]  # fmt: skip
    for _ in range(3000):
        content = b"".join(chance.choice(pieces) for _ in range(chance.randrange(30)))
        document = parse(content)
        assert document.content == content
        assert [line.number for line in document.lines] == sorted({line.number for line in document.lines})


def test_continued_line_is_one_line_with_the_number_of_its_first() -> None:
    document = parse(b"# a\nRewriteRule ^a$ \\\r\n  /b \\\n  [L]\nOptions -Indexes\n")
    rule = document.lines[1]
    assert (rule.number, rule.last, rule.words) == (2, 4, ("^a$", "/b", "[L]"))
    assert document.lines[2].number == 5
    assert document.at(3) is rule


def test_sections_are_named_without_brackets() -> None:
    opening, closing = parse(b'<FilesMatch "\\.php$">\n</filesmatch>\n').lines
    assert (opening.kind, opening.key, opening.words) == (LineKind.OPEN, "filesmatch", ("\\.php$",))
    assert (closing.kind, closing.key) == (LineKind.CLOSE, "filesmatch")


def test_split_words_understands_quotes() -> None:
    assert split_words('a "b c" \'d "e\' "f\\"g"') == ("a", "b c", 'd "e', 'f"g')
