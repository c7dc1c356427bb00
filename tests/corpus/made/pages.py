"""Small parts of which the made pages are put together."""

from __future__ import annotations

HTML = (("Content-Type", "text/html; charset=utf-8"),)
SENTENCES = {
    "en": "Every mug is thrown by hand and fired twice, so that no two of them are alike.",
    "fr": "Chaque tasse est tournée à la main et cuite deux fois, aucune ne ressemble à une autre.",
    "de": "Jeder Becher wird von Hand gedreht und zweimal gebrannt, keiner gleicht dem anderen.",
    "es": "Cada taza se hace a mano y se cuece dos veces, y no hay dos iguales.",
    "it": "Ogni tazza è fatta a mano e cotta due volte, e non ce ne sono due uguali.",
}


def document(title: str, body: str, *, language: str = "en", head: str = "") -> bytes:
    """A page that stands alone, with no way to another page of the site."""
    text = (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head><meta charset="utf-8"><title>{title}</title>{head}</head>\n'
        f"<body>\n{body}\n</body>\n</html>"
    )
    return text.encode()


def site(title: str, body: str, *, language: str = "en", sentences: int = 12) -> bytes:
    """A page of a site: with its menu, its words and its foot."""
    menu = "".join(f'<li><a href="/{name}/">{name.title()}</a></li>' for name in ("shop", "journal", "about", "contact"))
    words = f"<p>{SENTENCES[language]}</p>\n" * sentences
    foot = '<footer><a href="/imprint/">Imprint</a> <a href="/privacy/">Privacy</a></footer>'
    return document(title, f"<header><nav><ul>{menu}</ul></nav></header><main>{body}\n{words}</main>{foot}", language=language)
