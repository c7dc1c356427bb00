"""The executor's hand at a host's panel: the only one that starts a change there, looks whether it helped, and takes it back.

A panel carries out what it is asked for later, by itself. So a change goes on in short looks, each from what is stored and from what the
panel tells; a worker that dies in between is followed by the next look. What nobody heard the answer to is looked for, never sent again.
"""

from .deeds import UndoRefused
from .running import advance, begin_undo, dispatch, is_one, wait_for

__all__ = ["UndoRefused", "advance", "begin_undo", "dispatch", "is_one", "wait_for"]
