"""Names and texts that a seed chooses from, so that no two sites of the lab are alike."""

from __future__ import annotations

from random import Random

FOLDERS = (
    "shop", "blog", "news", "gallery", "events", "members", "press", "archive", "downloads", "kontakt", "galerie", "boutique", "agenda",
    "recettes", "tienda", "noticias", "prodotti", "team", "jobs", "wiki", "forum", "kurse", "stages", "menu", "rooms", "prices", "intern",
)  # fmt: skip
PAGES = (
    "about", "contact", "imprint", "prices", "opening-hours", "history", "team", "faq", "terms", "directions", "services", "reviews",
    "newsletter", "partners", "privacy", "catalogue", "booking", "menu-of-the-day", "angebote", "impressum", "mentions-legales",
)  # fmt: skip
TITLES = (
    "Bakery by the river", "Mugs and bowls", "Village choir", "Bike repair", "Holiday house Anna", "Practice Dr. Weiss", "Garden tools",
    "Club de lecture", "Pizzeria Da Gino", "Yoga at the mill", "Sailing school", "Old books", "Carpenter Holm", "Atelier Lune",
)  # fmt: skip
LIBRARIES = ("lib", "inc", "includes", "src", "app", "core", "classes", "system", "modules", "common")
SCRIPTS = ("boot", "init", "bootstrap", "common", "start", "loader", "setup")
HELPERS = ("helpers", "functions", "tools", "utils", "shared", "render")
NOUNS = (
    "Basket", "Order", "Price", "Customer", "Booking", "Room", "Invoice", "Ticket", "Recipe", "Photo", "Lesson", "Member", "Article",
    "Coupon", "Address", "Event", "Menu", "Message", "Product", "Voucher",
)  # fmt: skip
VERBS = ("load", "find", "format", "count", "render", "parse", "store", "check", "sort", "merge", "send", "build", "list", "pick")
PLUGIN_WORDS = (
    "easy", "simple", "wp", "ultimate", "smart", "light", "pro", "fast", "social", "contact", "gallery", "slider", "cache", "seo", "form",
    "booking", "event", "price", "table", "cookie", "notice", "backup", "share", "map", "review", "newsletter", "popup", "font", "menu",
)  # fmt: skip
THEME_WORDS = ("north", "paper", "linen", "atlas", "breeze", "cedar", "ember", "fjord", "grove", "harbor", "ivory", "juniper", "lumen")
SENTENCES = (
    "We bake every morning, and what is left in the evening goes to the neighbours.", "Open from Tuesday to Saturday, nine to six.",
    "Ring the bell twice; the workshop is loud.", "Our prices include everything but the weather.",
    "Groups of more than eight people are asked to book a table.", "The next course begins in spring.",
    "Nous sommes fermés au mois d'août.", "Wir freuen uns auf Ihren Besuch.", "Since 1971 in the third generation.",
)  # fmt: skip


def slug(rng: Random, *, words: tuple[str, ...] = PLUGIN_WORDS, count: int = 2) -> str:
    """A name of a plugin or theme that nobody has published."""
    return "-".join(rng.sample(words, count)) + rng.choice(("", "", "-pro", "-lite", "-plus", f"-{rng.randint(2, 9)}"))


def identifier(rng: Random) -> str:
    """A name of a function as site owners write them."""
    verb, noun = rng.choice(VERBS), rng.choice(NOUNS)
    return rng.choice((f"{verb}_{noun.lower()}s", f"{verb}{noun}", f"{noun.lower()}_{verb}", f"my_{verb}_{noun.lower()}"))


def misspelt(rng: Random, word: str, known: frozenset[str]) -> str:
    """The word with one slip of the finger in it, which makes it none of those known (lower case)."""
    while True:
        at = rng.randrange(1, len(word) - 1)
        slips = (word[:at] + word[at + 1 :], word[:at] + word[at] + word[at:], word[:at] + word[at + 1] + word[at] + word[at + 2 :])
        slip = rng.choice(slips)
        if slip.lower() not in known and slip.lower() != word.lower():
            return slip


def paragraphs(rng: Random, count: int = 6) -> str:
    return "\n".join(f"<p>{rng.choice(SENTENCES)}</p>" for _ in range(count))


def html(rng: Random, title: str, body: str = "") -> str:
    """A page of a few hundred bytes."""
    return (
        f"<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{title}</title></head>\n"
        f"<body>\n<h1>{title}</h1>\n{body or paragraphs(rng)}\n</body>\n</html>\n"
    )  # fmt: skip
