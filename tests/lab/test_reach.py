"""What of a database the account can repair: not one that lies nowhere, nor rights that were taken from its user."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from tests.diagnostics.trying.conftest import stack
from tests.lab.cases import CASES
from tests.lab.planting import Planted
from tests.lab.reach import is_of_others
from tests.lab.scene import Scene
from tests.lab.stack import Stack

__all__ = ["stack"]


@pytest.mark.parametrize(
    ("case", "change", "expected"),
    [
        ("user-is-locked", "", False),
        ("user-is-locked", "REVOKE INSERT ON {name}.* FROM '{user}'@'localhost'", True),
        ("user-is-locked", "DROP DATABASE {name}", True),
    ],
)
def test_database_that_is_gone_and_rights_that_were_taken_are_of_others(stack: Stack, case: str, change: str, *, expected: bool) -> None:
    scene = Scene(stack.places["plain"], stack.databases, Random(3))
    try:
        scene.clear()
        chosen = next(each for each in CASES if each.name.endswith(case))
        truth = chosen.generate(scene)
        made = scene.database
        assert made is not None and stack.databases.is_there(made) and stack.databases.is_shut(made)
        if change:
            stack.databases.run(change.format(name=made.name, user=made.user))
        assert is_of_others(Planted(chosen, scene, truth, "php")) is expected
        assert is_of_others(Planted(chosen, scene, replace(truth, cause="php-parse-error"), "php")) is False
        opened = stack.databases.with_new_password(made, "another-1", unlock=True)
        assert not stack.databases.is_shut(opened) and stack.databases.refuses_password(made)
    finally:
        scene.close()
