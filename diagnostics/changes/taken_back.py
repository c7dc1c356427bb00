"""What became of taking a step back."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class TakenBack:
    """What became of taking a step back: what could not be, with why; `retry` when only the connection failed."""

    done: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    retry: bool = False

    @property
    def complete(self) -> bool:
        return not self.refused

    def why(self) -> str:
        return " ".join(f"{shown}: {why}" for shown, why in self.refused)
