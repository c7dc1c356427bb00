"""What one kind of host expects and allows, as values, and how a mode is judged against it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase

from diagnostics.evidence import TreeEntry
from diagnostics.htaccess.server import ServerKnowledge
from sites.texts import mark as _


class ModeSeverity(StrEnum):
    FINE = "fine"
    ADVICE = "advice"  # looser than the policy, works
    EXCEEDS_POLICY = "exceeds-policy"  # writable by others where nothing refuses it
    LIKELY_500 = "likely-500"  # writable by others where scripts are then refused
    BLOCKS_SITE = "blocks-site"  # the web server cannot read or pass
    HOSTS_BLOCK = "hosts-block"  # the host itself shut the account: never touched


@dataclass(frozen=True, slots=True)
class ModeRule:
    """`most` no bit outside it; `need` bits that must be set; `fix` the mode of the policy, None: never changed by itself."""

    kind: str  # "file", "folder" or "" for both
    most: int
    need: int
    fix: int | None
    match: tuple[str, ...] = ()  # shell patterns on the path, empty: every path
    accept: tuple[int, ...] = ()
    advise: int | None = None
    skip: bool = False


@dataclass(frozen=True, slots=True)
class RootPolicy:
    """Of the folder above the docroot. `exact` where the host lays it down, `disabled` are the modes of its own block."""

    exact: int | None = None
    most: int = 0o755
    accept: tuple[int, ...] = ()
    disabled: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    name: str
    title: str
    source: str
    root: RootPolicy
    rules: tuple[ModeRule, ...]
    docroot_accept: tuple[int, ...] = ()
    refuses_writable_by_others: bool = False  # scripts run under suEXEC or its like
    docroots: tuple[str, ...] = ("www", "public_html", "htdocs", "httpdocs", "web", "public")
    error_logs: tuple[str, ...] = ("logs/error.log", "logs/error_log", "error_log", "error.log")  # from the folder above the docroot
    access_logs: tuple[str, ...] = ("logs/access.log", "logs/access_log", "access_log", "access.log")
    log_lag_s: int = 0
    mode_lag_s: int = 0  # how long a changed mode may take to show
    server: ServerKnowledge = field(default=ServerKnowledge())


@dataclass(frozen=True, slots=True)
class Judgement:
    """`expected` is the mode of the policy, None where nothing should be changed."""

    severity: ModeSeverity
    expected: int | None
    why: str
    stricter: bool = False  # the mode is stricter than the policy: loosened only when a person says so


def policy_for(entry: TreeEntry, profile: Profile, *, docroot: bool = False) -> Judgement:
    """How the mode of this file or folder stands to the profile. Links are never judged."""
    rule = _rule_for(entry, profile)
    if rule is None or (docroot and entry.mode in profile.docroot_accept) or entry.mode in rule.accept:
        return Judgement(ModeSeverity.FINE, None, "")
    mode = entry.mode
    if mode & 0o022:
        severity = ModeSeverity.LIKELY_500 if profile.refuses_writable_by_others else ModeSeverity.EXCEEDS_POLICY
        return Judgement(severity, _tightened(mode, rule), _("Others than the owner may write it."))
    if mode & 0o6000:
        return Judgement(ModeSeverity.ADVICE, mode & rule.most, _("It carries a special bit that a website does not need."))
    if (missing := rule.need & ~mode) and not _works_all_the_same(entry, missing):
        why = _("The web server may not enter this folder.") if entry.kind == "folder" else _("The web server may not read this file.")
        return Judgement(ModeSeverity.BLOCKS_SITE, rule.fix, why, stricter=True)
    if mode & ~rule.most:
        return Judgement(ModeSeverity.ADVICE, _tightened(mode, rule), _("It allows more than this host's guide asks for."))
    return Judgement(ModeSeverity.FINE, None, "")


def judge_root(mode: int, profile: Profile) -> Judgement:
    """The mode of the account's root folder. The host's own block is told and never taken back."""
    root = profile.root
    if mode in root.disabled:
        return Judgement(ModeSeverity.HOSTS_BLOCK, None, _("The host has shut this account by taking away the rights of its root folder."))
    if mode in root.accept or mode == root.exact:
        return Judgement(ModeSeverity.FINE, None, "")
    if mode & 0o022:
        severity = ModeSeverity.LIKELY_500 if profile.refuses_writable_by_others else ModeSeverity.EXCEEDS_POLICY
        return Judgement(severity, root.exact or mode & root.most, _("Others than the owner may write into the root folder."))
    if root.exact is not None:
        blocked = not mode & 0o001
        severity = ModeSeverity.BLOCKS_SITE if blocked else ModeSeverity.ADVICE
        return Judgement(severity, root.exact, _("This host lays down the mode of the root folder."), stricter=blocked)
    return Judgement(ModeSeverity.ADVICE if mode & ~root.most else ModeSeverity.FINE, None, "")


def _tightened(mode: int, rule: ModeRule) -> int:
    """The mode without what is too much: never a bit more than it had."""
    return mode & rule.most


def _works_all_the_same(entry: TreeEntry, missing: int) -> bool:
    """A folder that cannot be listed is still passed; PHP that runs as the account reads what others may not."""
    if entry.kind == "folder":
        return not missing & 0o111
    return not missing & 0o700 and entry.path.lower().endswith((".php", ".inc", ".phtml"))


def _rule_for(entry: TreeEntry, profile: Profile) -> ModeRule | None:
    if entry.kind not in ("file", "folder"):
        return None
    for rule in profile.rules:
        if rule.kind and rule.kind != entry.kind:
            continue
        if rule.match and not any(fnmatchcase("/" + entry.path, pattern) for pattern in rule.match):
            continue
        return None if rule.skip else rule
    return None
