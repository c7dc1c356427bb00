"""Lines of `.env` for which a program refuses the whole file."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnostics.facts.settings.env_files import read_env
from diagnostics.repairs import CannotPlan, try_plan
from diagnostics.repairs.env_line import ID
from diagnostics.repairs.plan import Plan, WriteFile
from tests.diagnostics.repairs.real_folder import fill, finding, read, steady

pytestmark = pytest.mark.django_db


def planned(docroot: Path, line: str, number: int = 2, name: str = ".env") -> object:
    fill(docroot, {name: f"APP_ENV=prod\n{line}\nLAST=1\n".encode()})
    found = finding("php-uncaught-exception", f"www/{name}", ID, number)
    return try_plan(ID, read(docroot, found), found)


@pytest.mark.parametrize(
    ("line", "mended"),
    [
        ("TRUSTED_HOSTS shop.example", "# TRUSTED_HOSTS shop.example"),
        ("define('MAIL', 'x');", "# define('MAIL', 'x');"),
        ("<<<<<<< HEAD", "# <<<<<<< HEAD"),
        ("APP_NAME=My Club", "APP_NAME='My Club'"),
        ("MAIL_FROM=My Club <a@example.org> # ours", "MAIL_FROM='My Club <a@example.org>' # ours"),
    ],
)
def test_line_is_mended_and_undone(docroot: Path, settings: object, line: str, mended: str) -> None:
    plan = planned(docroot, line)
    assert isinstance(plan, Plan) and bool(plan.needs_person) == mended.startswith("#")
    assert isinstance(plan.changes[0], WriteFile) and plan.changes[0].after == f"APP_ENV=prod\n{mended}\nLAST=1\n".encode()
    steady(docroot, settings, plan)


@pytest.mark.parametrize("line", ["APP_NAME='My Club'", "A=1", "A=", "# a b", "", 'A="$B c"', "A=it's mine"])
def test_line_that_is_sound_or_unclear_is_left(docroot: Path, line: str) -> None:
    assert isinstance(planned(docroot, line), CannotPlan)
    assert planned(docroot, "no setting", name="env.php") is None


KEY = 'KEY="-----BEGIN KEY-----\nMIIEabc\nA b\nB=c d\n-----END KEY-----"'


@pytest.mark.parametrize("number", [2, 3, 4, 5, 6])
@pytest.mark.parametrize("value", [KEY, KEY.replace('"', "'"), f"export {KEY}"])
def test_line_inside_of_a_value_in_quotes_is_left(docroot: Path, value: str, number: int) -> None:
    assert isinstance(planned(docroot, value, number), CannotPlan)


def test_line_behind_a_value_of_several_lines_is_mended_and_every_other_value_stays(docroot: Path) -> None:
    plan = planned(docroot, f'{KEY}\nNAME=My Club\nTITLE="${{NAME}}"', 7)
    assert isinstance(plan, Plan) and isinstance(plan.changes[0], WriteFile)
    before, after = (read_env(content.decode()) for content in (plan.changes[0].before, plan.changes[0].after))
    assert before == after and after["TITLE"] == "My Club" and "B=c d" in after["KEY"]


def test_line_between_a_quote_that_is_not_closed_and_the_next_is_left(docroot: Path) -> None:
    assert isinstance(planned(docroot, 'A="x\nrest of it\nB="y"', 3), CannotPlan)
