"""A secret that was read on a host: held for the moment in which it is used, and shown by nothing."""

from __future__ import annotations

from typing import NoReturn


class Secret:
    """Text that no print, log, message, copy on disk or comparison gives away. `reveal` is for the one place that sends it on."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __repr__(self) -> str:
        return "Secret(…)"

    def __format__(self, spec: str) -> str:
        return "…"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not stored")
