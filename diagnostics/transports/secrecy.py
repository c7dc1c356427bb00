"""What a host says is shown and kept, but never the secrets of its own connection: some hosts repeat what they were told."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import quote

from diagnostics.transports.base import ConnectionDetails
from diagnostics.transports.failures import printable
from sites.redaction import GONE

SAID_LIMIT = 200  # characters of a host's words that are shown
_SHORT = 4  # characters: below this a secret is taken out only where it stands alone, or no word would be left whole
_KEY_LINE = 16  # characters of a line of a private key that can be nothing else


class Secrets:
    """The secrets of one connection and of the jump hosts on its way."""

    def __init__(self, details: ConnectionDetails | None = None) -> None:
        found = {form for secret in _secrets(details) for form in _forms(secret)}
        patterns = [_pattern(form) for form in sorted(found, key=len, reverse=True)]
        self._pattern = re.compile("|".join(patterns), re.IGNORECASE) if patterns else None

    def hidden(self, text: str) -> str:
        """A host's words without them, in whatever case. To be asked before anything is cut off."""
        return self._pattern.sub(GONE, text) if self._pattern else text

    def shown(self, said: str) -> str:
        """A stranger's words for a message: one line, no control characters, bounded, without the secrets."""
        line = " ".join(printable(self.hidden(said).replace("\r", " ").replace("\n", " ")[: 4 * SAID_LIMIT]).split())
        return line if len(line) <= SAID_LIMIT else line[: SAID_LIMIT - 1] + "…"

    def __repr__(self) -> str:
        return "Secrets()"


def _secrets(details: ConnectionDetails | None) -> Iterator[str]:
    while details is not None:
        yield from filter(None, (details.password, details.passphrase))
        yield from (line for line in details.private_key.split() if len(line) >= _KEY_LINE)
        details = details.via


def _forms(secret: str) -> Iterator[str]:
    """As hosts may give them back: as they are, escaped as we show stray characters, or encoded for the line."""
    raw = secret.encode("utf-8", "surrogateescape")
    yield from (secret, printable(secret), secret.strip() or secret)
    if len(secret) >= _SHORT:
        yield from (quote(raw, safe=""), b64encode(raw).decode("ascii"), b64encode(raw).decode("ascii").rstrip("="))


def _pattern(form: str) -> str:
    """Words are put on one line before they are shown: a space stands for any of them."""
    plain = r"\s+".join(re.escape(part) for part in form.split()) or re.escape(form)
    return rf"(?<!\w){plain}(?!\w)" if len(form) < _SHORT else plain
