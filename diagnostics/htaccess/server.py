"""What is known of the Apache that reads a `.htaccess`: what it surely has, surely lacks, and lets a `.htaccess` say."""

from __future__ import annotations

from dataclasses import dataclass, replace

# Compiled in, or without which no Apache 2.4 that serves files is run.
ALWAYS = frozenset({"core", "mod_so", "http_core", "mod_authz_core"})


@dataclass(frozen=True, slots=True)
class ServerKnowledge:
    """`loaded` and `absent` need not be complete: a module in neither is simply not known about.

    `overrides` holds the classes of AllowOverride, None where that is not known; `options` those of `AllowOverride Options=…`, in
    lower case, None for all; `nonfatal` what `AllowOverride Nonfatal=…` makes a warning of: "override", "unknown".
    `defines` are the names that `<IfDefine>` asks for, None where they are not known; `version` is (2, 4, 66), or () where only 2.4 is.
    """

    loaded: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    overrides: frozenset[str] | None = None
    options: frozenset[str] | None = None
    nonfatal: frozenset[str] = frozenset()
    defines: frozenset[str] | None = None
    version: tuple[int, ...] = ()

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

    def allows_option(self, option: str) -> bool:
        """Whether `Options` may name this one (in lower case, without sign)."""
        return self.options is None or option in self.options or option == "none"

    def without(self, modules: set[str]) -> ServerKnowledge:
        """The same server, known to lack these modules."""
        return replace(self, loaded=self.loaded - modules, absent=self.absent | modules)


UNKNOWN_SERVER = ServerKnowledge()


def module_names(text: str) -> frozenset[str]:
    """The ways `<IfModule X>` may name a module: mod_rewrite.c, rewrite_module, mod_rewrite."""
    word = text.strip().lower()
    base = word.removesuffix(".c").removeprefix("mod_").removesuffix("_module")
    return frozenset({word, f"mod_{base}"})
