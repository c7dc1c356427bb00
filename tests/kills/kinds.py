"""The repairs that are interrupted, and what makes each of them necessary."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """`changes`: so many its plan makes, by which it is told from others of the same repair. A trial makes them one after another."""

    name: str
    fault: str
    repair: str
    changes: int
    is_trial: bool = False
    is_undo: bool = False


KINDS = (
    Kind("a line of .htaccess", "misspelt", "correct-htaccess-line", 1),
    Kind("modes of two files", "open-scripts", "set-permissions", 2),
    Kind("a plugin set aside", "broken-plugin", "set-aside-part", 1),
    Kind("a file put back", "broken-plugin", "restore-file", 1),
    Kind("everything put back", "update-broken-off", "restore-file", 3),
    Kind("a line found by halving", "silent-line", "bisect-htaccess", 2, is_trial=True),
    Kind("a plugin found by halving", "silent-plugin", "bisect-plugins", 5, is_trial=True),
    Kind("the layer found by canaries", "silent-plugin", "canary-files", 3, is_trial=True),
    Kind("undo of a line", "misspelt", "correct-htaccess-line", 1, is_undo=True),
    Kind("undo of modes", "open-scripts", "set-permissions", 2, is_undo=True),
    Kind("undo of a plugin set aside", "broken-plugin", "set-aside-part", 1, is_undo=True),
    Kind("undo of everything", "update-broken-off", "restore-file", 3, is_undo=True),
)
