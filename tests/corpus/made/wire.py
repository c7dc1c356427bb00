# ruff: noqa: E501 (a page or a setting stays on one line, to be compared with the next)
"""The same few answers as they travel: other character sets, wrongly declared ones, byte order marks, cut off, huge, odd headers."""

from __future__ import annotations

from collections.abc import Iterator

from sites.probing.outcome import Expectation, Kind
from tests.corpus.case import Case
from tests.corpus.made.pages import HTML, SENTENCES, document, site

_FATAL = "<br />\n<b>Fatal error</b>:  Uncaught Exception: Pas trouvé in /home/a/www/x.php:3\nStack trace:\n#0 {main}\n  thrown in <b>/home/a/www/x.php</b> on line <b>3</b><br />\n"
_CRITICAL = {
    "en": "There has been a critical error on this website.", "fr": "Il y a eu une erreur critique sur ce site.",
    "de": "Es gab einen kritischen Fehler auf deiner Website.", "es": "Ha habido un error crítico en esta web.",
    "it": "Si è verificato un errore critico sul tuo sito.",
}  # fmt: skip


def _declared(charset: str) -> tuple[tuple[str, str], ...]:
    return (("Content-Type", f"text/html; charset={charset}" if charset else "text/html"),)


def _wordpress(language: str) -> str:
    """As `wp_die` builds it."""
    return (
        f'<!DOCTYPE html><html lang="{language}"><head><title>WordPress</title></head><body id="error-page"><div class="wp-die-message"><p>'
        f'{_CRITICAL[language]}</p><p><a href="https://wordpress.org/documentation/article/faq-troubleshooting/">?</a></p></div></body></html>'
    )


def cases() -> Iterator[Case]:
    """Every way with an error and with a page that is well."""
    for language in SENTENCES:
        yield from _in_charsets(language)
    yield from _cut_and_huge()
    yield from _odd()


def _in_charsets(language: str) -> Iterator[Case]:
    well, broken = site("Mugs", f"<h1>{SENTENCES[language]}</h1>", language=language).decode(), _wordpress(language)
    for name, sent, declared in (
        ("latin-1", "latin-1", "iso-8859-1"), ("latin-1-as-utf-8", "latin-1", "utf-8"), ("utf-8-as-latin-1", "utf-8", "iso-8859-1"),
        ("utf-16", "utf-16", "utf-16"), ("utf-16-by-mark", "utf-16", ""), ("utf-8-mark", "utf-8-sig", ""), ("unknown", "utf-8", "x-none"),
    ):  # fmt: skip
        yield Case(f"wire/{language}/{name}-well", Kind.OK, 200, _declared(declared), well.encode(sent), language, lookalike=True)
        yield Case(f"wire/{language}/{name}-critical", Kind.FATAL_IN_BODY, 500, _declared(declared), broken.encode(sent), language)


def _cut_and_huge() -> Iterator[Case]:
    page = site("Mugs", "<h1>Mugs</h1>")
    long = site("Mugs", "<h1>Mugs</h1>", sentences=2500)
    for cut in (1, len(page) // 2, len(page) - 8):
        yield Case(f"wire/cut-at-{cut}", Kind.TRUNCATED, body=page[:cut], complete=False)
    yield Case("wire/cut-before-body", Kind.TRUNCATED, complete=False)
    yield Case("wire/cut-500", Kind.SERVER_ERROR, 500, body=page[:300], complete=False)
    yield Case("wire/cut-critical", Kind.FATAL_IN_BODY, 500, body=_wordpress("fr").encode()[:180], complete=False, language="fr")
    yield Case("wire/huge-well", Kind.OK, body=long, lookalike=True)
    yield Case("wire/huge-fatal-at-end", Kind.FATAL_IN_BODY, body=long.replace(b"</main>", _FATAL.encode())[: -len(b"x")])
    yield Case("wire/huge-article", Kind.OK, body=site("Fatal", f"<pre>{_FATAL}</pre>", sentences=2500), lookalike=True)
    yield Case("wire/huge-500", Kind.SERVER_ERROR, 500, body=long)
    yield Case(
        "wire/data-picture-in-parking",
        Kind.SUSPENDED,
        body=document(
            "Parked domain",
            f'<img src="data:image/png;base64,{"iVBORw0KGgo" * 3000}" alt=""><h1>This domain is parked</h1><p>Hosting account ready.</p>',
        ),
    )


def _odd() -> Iterator[Case]:
    yield Case("wire/no-type-well", Kind.OK, headers=(), body=document("Mugs", "<h1>Mugs</h1>"), lookalike=True)
    yield Case("wire/no-type-fatal", Kind.FATAL_IN_BODY, headers=(), body=_FATAL.encode())
    yield Case("wire/no-type-empty", Kind.WHITE_PAGE, headers=())
    yield Case("wire/mark-only", Kind.WHITE_PAGE, body=b"\xef\xbb\xbf")
    yield Case("wire/spaces-only", Kind.WHITE_PAGE, body=b" \r\n\r\n\t ")
    yield Case("wire/comment-only", Kind.WHITE_PAGE, body=b"<!-- cached -->")
    yield Case("wire/frame-only", Kind.WHITE_PAGE, body=b"<!DOCTYPE html><html><head></head><body></body></html>")
    yield Case("wire/xhtml-fatal", Kind.FATAL_IN_BODY, headers=(("Content-Type", "application/xhtml+xml"),), body=_FATAL.encode())
    yield Case(
        "wire/plain-fatal",
        Kind.FATAL_IN_BODY,
        headers=(("Content-Type", "text/plain"),),
        body=b"\nFatal error: Uncaught x in /a.php on line 3\n",
    )
    yield Case("wire/nul-bytes", Kind.OK, body=b"\x00\x00<h1>Mugs</h1>\x00", lookalike=True)
    yield Case(
        "wire/words-missing",
        Kind.UNEXPECTED,
        HTML and 200,
        HTML,
        document("Mugs", "<h1>Mugs</h1>"),
        expectation=Expectation(must_contain=("Plates",)),
    )
    yield Case(
        "wire/words-there",
        Kind.OK,
        200,
        HTML,
        document("Mugs", "<h1>Mugs &amp; Plates</h1>"),
        expectation=Expectation(must_contain=("Mugs & Plates",)),
        lookalike=True,
    )
    yield Case(
        "wire/forbidden-words",
        Kind.UNEXPECTED,
        200,
        HTML,
        document("Mugs", "<p>Casino</p>"),
        expectation=Expectation(must_not_contain=("Casino",)),
    )
    yield Case("wire/304", Kind.UNEXPECTED, 304, ())
    yield Case("wire/redirect-left", Kind.UNEXPECTED, 302, HTML)
    yield Case("wire/599", Kind.SERVER_ERROR, 599, HTML, b"x")
    yield Case("wire/upper-case", Kind.FATAL_IN_BODY, 500, HTML, _wordpress("en").replace("body id", "BODY ID").encode())
