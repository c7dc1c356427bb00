"""What is known of the Apache that reads a `.htaccess`: what it surely has, surely lacks, and lets a `.htaccess` say."""

from __future__ import annotations

from dataclasses import dataclass

# Compiled in, or without which no Apache 2.4 that serves files is run.
ALWAYS = frozenset({"core", "mod_so", "http_core", "mod_authz_core"})


@dataclass(frozen=True, slots=True)
class ServerKnowledge:
    """`loaded` and `absent` need not be complete: a module in neither is simply not known about.

    `overrides` holds the classes of AllowOverride, None where that is not known.
    """

    loaded: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    overrides: frozenset[str] | None = None

    def has(self, module: str) -> bool | None:
        """True, False, or None where it is not known."""
        if module in ALWAYS or module in self.loaded:
            return True
        return False if module in self.absent else None

    def allows(self, override: str) -> bool:
        """Whether AllowOverride lets a directive of this class in; yes where it is not known."""
        if self.overrides is None or "All" in self.overrides or override == "any":
            return True
        return any(part in self.overrides for part in override.split("/"))


UNKNOWN_SERVER = ServerKnowledge()


def module_names(text: str) -> frozenset[str]:
    """The ways `<IfModule X>` may name a module: mod_rewrite.c, rewrite_module, mod_rewrite."""
    word = text.strip().lower()
    base = word.removesuffix(".c").removeprefix("mod_").removesuffix("_module")
    return frozenset({word, f"mod_{base}"})
