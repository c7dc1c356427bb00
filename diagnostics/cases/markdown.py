"""Markdown made of words that others wrote: nothing in them is taken for markup."""

from __future__ import annotations

import re
from datetime import datetime

from django.utils import timezone

from ..connections.telling import clean

# What is not seen, or turns the direction of what is; line ends and tabs stay.
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def when(at: datetime) -> str:
    """A moment, exact to the second, with its time zone."""
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M:%S %Z")


def section(title: str, parts: list[str], otherwise: str = "") -> str:
    """A part under its heading; empty where there is nothing to say."""
    body = "\n\n".join(parts) or otherwise
    return f"## {title}\n\n{body}" if body else ""


def plain(text: str) -> str:
    """One line in which nothing is taken for Markdown or HTML."""
    flat = " ".join(_UNSEEN.sub("", clean(text)).split())
    for sign in "\\`*_[]<>#|":
        flat = flat.replace(sign, f"\\{sign}")
    return flat


def ticked(text: str) -> str:
    """Safe between single backticks."""
    return " ".join(_UNSEEN.sub("", clean(text)).replace("`", "'").split())


def fenced(text: str, kind: str = "") -> str:
    """A block that the text cannot close: its fence is longer than any in it."""
    fence, text = "```", _UNSEEN.sub("", text)
    while fence in text:
        fence += "`"
    return f"{fence}{kind}\n{text.rstrip()}\n{fence}"
