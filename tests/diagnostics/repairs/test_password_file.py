"""Password files that .htaccess names and that are elsewhere, shut, or nowhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics import offering
from diagnostics.evidence import LogLine, PasswordFile
from diagnostics.repairs import CannotPlan, try_plan
from diagnostics.repairs.kinds import kind_of
from diagnostics.repairs.password_file import ID
from diagnostics.repairs.plan import ChangeMode, Plan, WriteFile
from diagnostics.repairs.registry import ways
from tests.diagnostics.repairs.real_folder import fill, finding, read, steady

pytestmark = pytest.mark.django_db
CAUSE = "htaccess-auth-file-missing"
RULES = "AuthType Basic\nAuthName x\nAuthUserFile {named}\nRequire valid-user\n"
USERS = b"anna:$apr1$Vq3x2d0K$y1sQm5m6o1bQvQpVw4rTz/\n"
FOUND = finding(CAUSE, "www/intern/.htaccess", ID, 3)


def place(docroot: Path, named: str, *files: str) -> None:
    fill(docroot.parent, {"www/intern/.htaccess": RULES.format(named=named).encode(), **dict.fromkeys(files, USERS)})


@pytest.mark.parametrize(
    ("named", "lies", "written"),
    [
        ("/var/www/vhosts/old.example/httpdocs/.htpasswd", "www/.htpasswd", "{home}/www/.htpasswd"),
        (".htpasswd", "www/intern/.htpasswd", "{home}/www/intern/.htpasswd"),
        ('"/kunden/47 11/.users"', "www/intern/.users", '"{home}/www/intern/.users"'),
        ("/gone/.users", "www/of staff/.users", '"{home}/www/of staff/.users"'),
        ("/gone/.htpasswd", ".htpasswd", "{home}/.htpasswd"),
    ],
)
def test_path_is_written_as_the_web_server_calls_it(docroot: Path, settings: object, named: str, lies: str, written: str) -> None:
    place(docroot, named, lies)
    (answers,) = ways(ID, read(docroot, FOUND), FOUND)
    plan = try_plan(ID, read(docroot, FOUND), FOUND, answers)
    assert isinstance(plan, Plan)
    (change,) = plan.changes
    assert isinstance(change, WriteFile) and change.after == RULES.format(named=written.format(home=docroot.parent)).encode()
    assert plan.needs_person and kind_of(ID) == "" and offering.guide_step(plan) == "htaccess"
    steady(docroot, settings, plan)


def test_person_chooses_among_several_and_the_nearest_comes_first(docroot: Path) -> None:
    place(docroot, "/gone/.htpasswd", "www/.htpasswd", "www/intern/.htpasswd")
    evidence = read(docroot, FOUND)
    assert [dict(way)["file"] for way in ways(ID, evidence, FOUND)] == ["www/intern/.htpasswd", "www/.htpasswd"]
    plans = [try_plan(ID, evidence, FOUND, way) for way in ways(ID, evidence, FOUND)]
    assert len({plan.digest() for plan in plans if isinstance(plan, Plan)}) == 2


def test_root_of_the_server_comes_from_its_log_where_this_login_sees_another(docroot: Path) -> None:
    place(docroot, "/gone/.htpasswd", "www/.htpasswd")
    seen = read(docroot, FOUND)
    way = ways(ID, seen, FOUND)[0]
    elsewhere = replace(seen, docroot="/www", error_log=(), connection="sftp")
    assert isinstance(try_plan(ID, elsewhere, FOUND, way), CannotPlan)
    told = LogLine("error-log", "error.log", None, "PHP Warning:  x in /srv/web/u7/www/index.php on line 1")
    plan = try_plan(ID, replace(elsewhere, error_log=(told,)), FOUND, way)
    assert isinstance(plan, Plan) and b"AuthUserFile /srv/web/u7/www/.htpasswd\n" in plan.changes[0].after  # type: ignore[union-attr]


def test_file_that_the_server_may_not_read_is_opened_by_a_person_and_never_where_visitors_get_it(docroot: Path, settings: object) -> None:
    named = str(docroot.parent / ".htpasswd")
    place(docroot, named, ".htpasswd")
    (docroot.parent / ".htpasswd").chmod(0o600)
    plan = try_plan(ID, read(docroot, FOUND), FOUND)
    assert isinstance(plan, Plan) and plan.takes_away_protection and plan.needs_person
    assert [(each.shown, each.after) for each in plan.changes if isinstance(each, ChangeMode)] == [(".htpasswd", 0o644)]
    steady(docroot, settings, plan)
    place(docroot, str(docroot / "users.txt"), "www/users.txt")
    (docroot / "users.txt").chmod(0o600)
    assert isinstance(try_plan(ID, read(docroot, FOUND), FOUND), CannotPlan)


def test_what_is_nowhere_is_handed_over(docroot: Path) -> None:
    place(docroot, "/gone/.htpasswd")
    (docroot / ".htpasswd").symlink_to("/etc/passwd")
    evidence = read(docroot, FOUND)
    assert not ways(ID, evidence, FOUND) and isinstance(try_plan(ID, evidence, FOUND), CannotPlan)
    outside = replace(evidence, passwords=(PasswordFile("/gone/.htpasswd", False, None),))
    assert isinstance(try_plan(ID, outside, FOUND), CannotPlan)
