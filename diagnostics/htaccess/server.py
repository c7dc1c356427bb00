"""What is known of the Apache that reads a `.htaccess`: what it surely has, surely lacks, and lets a `.htaccess` say."""

from __future__ import annotations

from dataclasses import dataclass, replace

# Compiled in, or without which no Apache 2.4 that serves files is run.
ALWAYS = frozenset({"core", "mod_so", "http_core", "mod_authz_core"})

CLASSES = frozenset({"AuthConfig", "FileInfo", "Indexes", "Limit", "Options"})
_ALL = frozenset({"indexes", "ssi", "exec", "links", "cgi"})
# What each option stands for: All leaves MultiViews and SymLinksIfOwnerMatch out.
OPTION_BITS = {
    "none": frozenset[str](), "all": _ALL, "indexes": frozenset({"indexes"}), "includes": frozenset({"ssi", "exec"}),
    "includesnoexec": frozenset({"ssi"}), "followsymlinks": frozenset({"links"}), "symlinksifownermatch": frozenset({"owner"}),
    "execcgi": frozenset({"cgi"}), "multiviews": frozenset({"views"}), "runscripts": frozenset({"views", "cgi"}),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ServerKnowledge:
    """`loaded` and `absent` need not be complete: a module in neither is simply not known about.

    `overrides` holds the classes of AllowOverride, None where that is not known; `options` those of `AllowOverride Options=…`, in
    lower case, None for all; `listed` the names of AllowOverrideList in lower case, that of a section with its bracket; `nonfatal` what
    `AllowOverride Nonfatal=…` makes a warning of: "override", "unknown". `refused` are classes and `refused_options` options that the
    server is known to turn down, `doubtful_options` those that some hosts of this kind turn down and some do not.
    `defines` are the names that `<IfDefine>` asks for, None where they are not known; `version` is (2, 4, 66), or () where only 2.4 is.
    """

    loaded: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    overrides: frozenset[str] | None = None
    options: frozenset[str] | None = None
    listed: frozenset[str] = frozenset()
    nonfatal: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    refused_options: frozenset[str] = frozenset()
    doubtful_options: frozenset[str] = frozenset()
    defines: frozenset[str] | None = None
    version: tuple[int, ...] = ()

    def has(self, module: str) -> bool | None:
        """True, False, or None where it is not known."""
        if module in ALWAYS or module in self.loaded:
            return True
        return False if module in self.absent else None

    @property
    def reads_nothing(self) -> bool:
        """AllowOverride None without a list: no .htaccess is read at all."""
        return self.overrides is not None and not self.overrides and not self.listed and not self.nonfatal

    def allows(self, override: str, name: str = "") -> bool:
        """Whether AllowOverride lets a directive of this class and name in; yes where it is not known."""
        if name.lower() in self.listed:
            return True
        parts = CLASSES if override == "any" else override.split("/")
        held = CLASSES if self.overrides is None or "All" in self.overrides else self.overrides
        return any(part in held and part not in self.refused for part in parts)

    def allows_option(self, option: str) -> bool:
        """Whether `Options` may name this one (in lower case, without sign): `set_options` of server/core.c compares bit by bit."""
        wanted = OPTION_BITS.get(option, frozenset())
        if any(wanted >= OPTION_BITS.get(refused, frozenset({"unknown"})) for refused in self.refused_options):
            return False
        return self.options is None or wanted <= frozenset[str]().union(*(OPTION_BITS.get(held, frozenset()) for held in self.options))

    def without(self, modules: set[str]) -> ServerKnowledge:
        """The same server, known to lack these modules."""
        return replace(self, loaded=self.loaded - modules, absent=self.absent | modules)


def overriding(server: ServerKnowledge, allow: str, listed: str = "") -> ServerKnowledge:
    """The same server with the words of its AllowOverride and AllowOverrideList: `set_override` of server/core.c."""
    classes: set[str] = set()
    options: frozenset[str] | None = None
    nonfatal: set[str] = set()
    for word in allow.split():
        name, _, values = word.partition("=")
        if name.lower() == "all":
            classes = set(CLASSES)
        elif name.lower() == "none":
            classes = set()
        elif name.lower() == "nonfatal":
            nonfatal |= {"override", "unknown"} if values.lower() == "all" else {values.lower()}
        else:
            classes.add(next(known for known in CLASSES if known.lower() == name.lower()))
            if name.lower() == "options":
                options = frozenset(values.lower().split(",")) if values else frozenset({"all"})
    names = frozenset(listed.lower().split()) - {"none"}
    return replace(server, overrides=frozenset(classes), options=options, listed=names, nonfatal=frozenset(nonfatal))


UNKNOWN_SERVER = ServerKnowledge()


def module_names(text: str) -> frozenset[str]:
    """The ways `<IfModule X>` may name a module: mod_rewrite.c, rewrite_module, mod_rewrite."""
    word = text.strip().lower()
    base = word.removesuffix(".c").removeprefix("mod_").removesuffix("_module")
    return frozenset({word, f"mod_{base}"})
