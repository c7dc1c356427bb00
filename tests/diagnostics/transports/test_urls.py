from __future__ import annotations

import pytest

from diagnostics.transports.urls import ParsedConnection, UrlRefused, parse_connect_url


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("ssh://demo@shop.example:2222", ParsedConnection("ssh", "shop.example", 2222, "demo")),
        (" SFTP://demo@shop.example/ ", ParsedConnection("sftp", "shop.example", 22, "demo")),
        ("ssh://demo%40team@192.0.2.7", ParsedConnection("ssh", "192.0.2.7", 22, "demo@team")),
        ("sftp://demo@[2001:db8::7]:22", ParsedConnection("sftp", "2001:db8::7", 22, "demo")),
        ("ftp://demo@shop.example", ParsedConnection("ftp", "shop.example", 21, "demo")),
        ("FTPS://demo@shop.example", ParsedConnection("ftps", "shop.example", 21, "demo")),
        ("ftps://demo@shop.example:990", ParsedConnection("ftps", "shop.example", 990, "demo")),
        ("local:", ParsedConnection("local", "", 0, "")),
    ],
)
def test_connection_is_read(text: str, parsed: ParsedConnection) -> None:
    assert parse_connect_url(text) == parsed


def test_password_is_refused_with_advice_and_not_repeated() -> None:
    for text in ("ssh://demo:hunter2@shop.example", "sftp://demo:@shop.example", "ssh://:hunter2@shop.example"):
        with pytest.raises(UrlRefused, match="password") as caught:
            parse_connect_url(text)
        assert "--secret-env" in caught.value.hint
        assert "hunter2" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    "text",
    ["", "shop.example", "http://demo@shop.example", "ssh:demo@shop.example", "ssh://shop.example", "ssh://demo@", "ssh://demo@shop.example:0",
     "ssh://demo@shop.example:70000", "ssh://demo@shop.example:x", "ssh://demo@shop.example/www", "local:/srv", "ssh://de%00mo@shop.example",
     "ssh://demo@[::1", "ssh://demo@shop.example?x=1"],
)  # fmt: skip
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(UrlRefused):
        parse_connect_url(text)
