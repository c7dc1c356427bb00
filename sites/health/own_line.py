"""Whether it is our own connection that is down. Pure.

When many sites in many places are out of reach at the same time, what they have in common is us. Before anybody is alarmed, some
well-known addresses (anchors) are asked. A site that answers, be it with a 500, proves that our line works.
"""

from __future__ import annotations

from sites.probing.outcome import Kind

WITHIN_S = 30.0  # what was seen in these last seconds counts
SHARE = 0.3  # of the sites seen in that time
LEAST_SITES = 5
LEAST_PLACES = 2  # hosting accounts or addresses

# Codes of the engine for what a broken line of ours looks like; a firewall or a login page of ours may refuse, or show its own certificate.
_SILENT = frozenset(
    {"dns", "refused", "unreachable", "connect-timeout", "timeout", "empty", "reset", "tls", "tls-name", "tls-untrusted", "tls-expired"}
)


# Of these, what a line that is cut off altogether looks like.
_CUT_OFF = frozenset({"dns", "unreachable", "connect-timeout", "timeout"})
LEAST_OF_ALL = 2  # one site alone is never held back


def looks_cut_off(detail: str) -> bool:
    """Whether nothing at all came back, not even a refusal."""
    return detail in _CUT_OFF


def are_all_cut_off(cut_off: int, seen: int) -> bool:
    """Whether every site seen lately got nothing back: in a small fleet, too, the anchors are then asked."""
    return cut_off == seen >= LEAST_OF_ALL


def is_silent(kind: str, detail: str) -> bool:
    """Whether this outcome may be due to our own line."""
    return kind == Kind.UNREACHABLE and detail in _SILENT


def is_storm(silent: int, seen: int, places: int, share: float = SHARE) -> bool:
    """Whether so many of the sites seen lately do not answer that the anchors should be asked."""
    return silent >= LEAST_SITES and places >= LEAST_PLACES and silent > share * seen


def is_calm_again(silent: int, answering: int) -> bool:
    """Whether so many sites answer again that our line works, whatever the anchors say: a network of ours may keep them from us."""
    few = silent < LEAST_SITES and silent <= answering
    return answering > 0 and (few or silent <= SHARE * (silent + answering))


def line_is_down(answered: int, asked: int) -> bool:
    """Whether the anchors say that it is us: most of them do not answer. Without anchors it is never us."""
    return asked > 0 and answered * 2 < asked
