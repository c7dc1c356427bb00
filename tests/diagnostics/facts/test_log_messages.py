"""A message of PHP in pieces, as nginx 1.22 writes it: of each packet 2,047 bytes with the head of the line, and no more."""

from __future__ import annotations

import pytest

from diagnostics.checks.php_messages import read_php_message
from diagnostics.facts.log_formats import split_entries
from diagnostics.facts.log_messages import unwrap
from diagnostics.php import application_messages

HEAD = '2026/11/22 18:41:39 [error] 319#319: *6 FastCGI sent in stderr: "'
WARNING = "PHP message: PHP Warning:  Undefined variable $price_of_the_mug in /home/me/www/noise.php on line 2; "
END = '" while reading response header from upstream, client: 192.0.2.7, server: , request: "GET /?_=tok1 HTTP/1.1", host: "shop.example"'
TRACE = "Stack trace:\n#0 /home/me/www/index.php(4): load()\n#1 {main}\n  thrown in /home/me/www/inc/load.php on line 31"


def told(*pieces: str) -> tuple[str, str]:
    """What is made of pieces, all but the last of which nginx cut."""
    cut = [(HEAD + piece)[:2047] for piece in pieces[:-1]]
    entries = split_entries("\n".join([*cut, HEAD + pieces[-1] + END]).encode(), cut=False)
    assert len(entries) == 1 and entries[0].client == "192.0.2.7"
    return unwrap(entries[0].text)


@pytest.mark.parametrize(
    ("rest", "cause", "line"),
    [
        (f"timeException: No price for mug 7 in /home/me/www/inc/load.php:31\n{TRACE}", "php-uncaught-exception", 31),
        (f"ad.php:31\n{TRACE}", "php-uncaught-exception", 31),
        ('error, unexpected token ";" in /home/me/www/inc/load.php on line 31', "php-parse-error", 31),
        ("or: Call to undefined function no_such() in /home/me/www/inc/load.php on line 31", "php-undefined-function", 31),
    ],
)
def test_rest_of_a_fatal_error_is_taken_for_one(rest: str, cause: str, line: int) -> None:
    text, before = told(WARNING * 30, WARNING * 30, rest)
    message = read_php_message(text, before)
    assert message is not None and (message.path, message.line) == ("/home/me/www/inc/load.php", line)
    assert cause in (message.cause, *message.also) and "client:" not in text


def test_whole_fatal_error_behind_a_gap_is_read() -> None:
    fatal = f"in /home/me/www/noise.php on line 2; PHP message: PHP Fatal error:  Uncaught Error: no in /home/me/www/a.php:9\n{TRACE}"
    message = read_php_message(*told(WARNING * 30, fatal))
    assert message is not None and (message.path, message.line) == ("/home/me/www/a.php", 9)


@pytest.mark.parametrize("rest", [
    "_of_the_mug in /home/me/www/noise.php on line 2; " + WARNING * 3,
    "eam: No such file or directory in /home/me/www/noise.php on line 2",
    "the thing was thrown in the bin on line 7",
])  # fmt: skip
def test_rest_of_a_warning_is_none(rest: str) -> None:
    assert read_php_message(*told(WARNING * 30, rest)) is None


OLD = "[Sun Nov 22 18:41:{second} 2026] [error] [client {client}] mod_fcgid: stderr: {said}"  # as Apache 2.2 wrote: no process is named


def fcgid(*lines: tuple[str, str, str]) -> list[str]:
    """The entries of a log: second, client and words of each line."""
    text = "\n".join(OLD.format(second=second, client=client, said=said) for second, client, said in lines)
    return [entry.text for entry in split_entries(text.encode(), cut=False)]


OTHER, OURS = "192.0.2.191:23408", "192.0.2.7:4711"
WARNS = ("39", OTHER, "PHP Warning:  Undefined variable $a in /home/me/www/a.php on line 2")
THROWN = 'Uncaught PHP Exception InvalidArgumentException: "No prices." at /home/me/www/b.php line 3'


@pytest.mark.parametrize(
    "lines",
    [
        (WARNS, ("39", OURS, THROWN)),
        (WARNS, ("39", OTHER, THROWN)),
        (WARNS, ("51", OURS, "no price for mug 7 in /home/me/www/b.php:3")),
        (WARNS, ("51", OTHER, "no price for mug 7 in /home/me/www/b.php:3")),
        (("39", OURS, THROWN), ("44", OURS, THROWN)),
        (WARNS, ("39", OTHER, "DomainException: no price in /home/me/www/b.php:3")),
    ],
)
def test_words_of_two_requests_stay_two_entries(lines: tuple[tuple[str, str, str], ...]) -> None:
    assert [text.rpartition("stderr: ")[2] for text in fcgid(*lines)] == [said for _second, _client, said in lines]


def test_lines_of_one_message_are_one_entry() -> None:
    trace = ["PHP Fatal error:  Uncaught Error: no in /home/me/www/a.php:9", "Stack trace:", "#0 {main}", "  thrown in a.php on line 9"]
    found = fcgid(*(("39", OURS, line) for line in trace))
    assert len(found) == 1 and found[0].endswith("\n".join(trace))


PARTS = [
    ["500 Internal Server Error", "Type: Error", "Code: 0", "Message: no mugs", "File: /home/me/b.php", "Line: 9"],
    ["Order not found", "Class: App\\Orders\\Lost", "Message: no rows", "File: /home/me/b.php", "Line: 9", "Trace: #0 /a.php(3): a()"],
]  # fmt: skip


@pytest.mark.parametrize("said", PARTS)
def test_parts_of_a_message_in_lines_of_their_own_are_one_entry_apart_from_the_warning_before(said: list[str]) -> None:
    found = fcgid(WARNS, *(("39", OTHER, line) for line in said))
    assert len(found) == 2 and found[1].endswith("\n".join(said))
    read = application_messages.read(found[1])
    assert read is not None and (read.path, read.line) == ("/home/me/b.php", 9)


def test_programs_own_words_behind_warnings_of_php_are_the_message() -> None:
    warning = "PHP Warning:  Undefined variable $a in /home/me/b.php on line 9"
    own = "\n".join(PARTS[0])
    said, before = unwrap(f"AH01071: Got error 'PHP message: {warning}; PHP message: {own}'")
    assert said.startswith("500 Internal") and before == warning
