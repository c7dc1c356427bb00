"""A new password file where the old one is nowhere: made, named, asked of a real Apache, and undone."""

from __future__ import annotations

import base64
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics import offering
from diagnostics.connections.telling import shown_diff
from diagnostics.evidence import Evidence, LogLine, TreeEntry
from diagnostics.findings import Finding
from diagnostics.password_files import given
from diagnostics.repairs import CannotPlan, try_plan
from diagnostics.repairs.kinds import kind_of
from diagnostics.repairs.new_password_file import ID
from diagnostics.repairs.plan import CreateFile, Plan, WriteFile
from diagnostics.repairs.registry import ways
from tests.diagnostics.changes_made import site_in
from tests.diagnostics.repairs.real_folder import carried_out, fill, finding, read, steady, tree, undone
from tests.lab.apache import apache, why_missing

pytestmark = pytest.mark.django_db
CAUSE = "htaccess-auth-file-missing"
RULES = "AuthType Basic\nAuthName x\nAuthUserFile {named}\nRequire valid-user\n"
FOUND = finding(CAUSE, "www/intern/.htaccess", ID, 3)
SECRET = "bröd & Butter: 7"
HASH = given.hashed(SECRET)
TOLD = {"user": "anna", "hash": HASH}


def place(docroot: Path, named: str, rules: str = RULES) -> None:
    fill(docroot.parent, {"www/intern/.htaccess": rules.format(named=named).encode(), "www/intern/index.html": b"inside"})
    docroot.parent.chmod(0o705)


def tried(evidence: Evidence, found: Finding = FOUND, **answers: str) -> Plan | CannotPlan | None:
    return try_plan(ID, evidence, found, (TOLD | answers).items())


def planned(docroot: Path, found: Finding = FOUND, **answers: str) -> Plan:
    plan = tried(read(docroot, found), found, **answers)
    again = tried(read(docroot, found), found, **answers)
    assert isinstance(plan, Plan) and isinstance(again, Plan) and plan.digest() == again.digest(), plan
    return plan


def made_by(plan: Plan) -> CreateFile:
    (made,) = [change for change in plan.changes if isinstance(change, CreateFile)]
    return made


def why(evidence: Evidence, found: Finding = FOUND, **answers: str) -> str:
    plan = tried(evidence, found, **answers)
    assert isinstance(plan, CannotPlan), plan
    return plan.why


def answer(url: str, user: str = "", password: str = "") -> tuple[int, bytes]:
    request = urllib.request.Request(url)  # noqa: S310 (our own server)
    if user:
        request.add_header("Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())
    try:
        with urllib.request.urlopen(request, timeout=10) as got:  # noqa: S310
            return got.status, got.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


@pytest.mark.skipif(bool(why_missing()), reason=why_missing() or "Apache is here")
@pytest.mark.parametrize("where", ["beside", "inside"])
def test_apache_lets_in_who_knows_it_and_nobody_else_and_all_is_undone(open_folder: Path, settings: object, where: str) -> None:
    docroot = open_folder / "www"
    place(docroot, '"/kunden/4711/old home/.htpasswd"')
    before = tree(open_folder)
    site = site_in(docroot, settings)
    settings.SITEMEND_LOCAL_ROOTS = (open_folder,)  # type: ignore[attr-defined]
    never_sent = '<FilesMatch "^\\.ht">\nRequire all denied\n</FilesMatch>'
    with apache(docroot, open_folder.parent / f"{open_folder.name}-logs", extra=never_sent) as server:
        page = f"{server.url}/intern/"
        assert (answer(page)[0], answer(page, "anna", SECRET)[0]) == (401, 500)
        plan = planned(docroot, where=where)
        step = carried_out(site, plan)
        made = Path(made_by(plan).path)
        assert made.parent == (docroot if where == "inside" else open_folder) and made.stat().st_mode & 0o777 == 0o644
        assert answer(page, "anna", SECRET) == (200, b"inside")
        refused = (answer(page)[0], answer(page, "anna", SECRET + "x")[0], answer(page, "eva", SECRET)[0], answer(page, "anna", HASH)[0])
        assert refused == (401, 401, 401, 401)
        assert answer(f"{server.url}/{made.name}")[0] == 403
        undone(step)
        assert tree(open_folder) == before and answer(page, "anna", SECRET)[0] == 500


@pytest.mark.parametrize(("named", "quote"), [("/gone/.htpasswd", ""), ("/kunden/47 11/users", '"'), ("users.txt", "")])
def test_new_path_stands_in_the_line_and_nothing_else_changes(docroot: Path, settings: object, named: str, quote: str) -> None:
    place(docroot, f"{quote}{named}{quote}")
    plan = planned(docroot)
    made, written = plan.changes
    assert isinstance(made, CreateFile) and isinstance(written, WriteFile)
    assert made.content == f"anna:{HASH}\n".encode() and made.path.startswith(f"{docroot.parent}/.htpasswd-intern-")
    assert written.after == RULES.format(named=f"{quote}{made.path}{quote}").encode()
    steady(docroot, settings, plan)


def test_place_that_is_named_is_kept_where_it_is_a_fine_one(docroot: Path, settings: object) -> None:
    place(docroot, f"{docroot.parent}/.users")
    plan = planned(docroot)
    assert [type(change) for change in plan.changes] == [CreateFile] and made_by(plan).path == f"{docroot.parent}/.users"
    steady(docroot, settings, plan)
    for elsewhere in (f"{docroot.parent}/private/.users", f"{docroot}/intern/.htpasswd", f"{docroot.parent}/../.users"):
        place(docroot, elsewhere)
        assert made_by(planned(docroot)).path.startswith(f"{docroot.parent}/.htpasswd-intern-"), elsewhere
    place(docroot, f"{docroot}/intern/.htpasswd")
    assert made_by(planned(docroot, where="inside")).path == f"{docroot}/intern/.htpasswd"
    place(docroot, f"{docroot}/intern/users.txt")  # visitors could fetch it
    assert made_by(planned(docroot, where="inside")).path.startswith(f"{docroot}/.htpasswd-intern-")


@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_line_is_added_where_none_names_a_file(docroot: Path, settings: object, end: str) -> None:
    mark = end or "\n"
    rules = f"AuthName x{mark}Require valid-user{mark}  AuthType Basic{end}"
    place(docroot, "", rules)
    found = finding(CAUSE, "www/intern/.htaccess", ID, 3)
    plan = planned(docroot, found)
    written = plan.changes[1]
    assert (
        isinstance(written, WriteFile) and written.after == f"{rules}{'' if end else mark}  AuthUserFile {made_by(plan).path}{end}".encode()
    )
    steady(docroot, settings, plan)


def test_difference_shows_the_name_and_that_a_hash_stands_there(docroot: Path) -> None:
    place(docroot, "/gone/.htpasswd")
    plan = planned(docroot)
    shown = shown_diff(plan)
    assert "+anna:[removed] (the hash of a password)" in shown and f"+AuthUserFile {docroot.parent}/.htpasswd-intern-" in shown
    offer = offering.of_plan(plan, FOUND)
    assert HASH not in plan.digest() + repr(replace(offer, answers=())) and "answers" not in shown
    assert offer.guide_step == "htaccess" and "Whoever knows this name" in offer.caution


def test_only_a_person_has_it_made(docroot: Path) -> None:
    place(docroot, "/gone/.htpasswd")
    evidence = read(docroot, FOUND)
    assert ways(ID, evidence, FOUND) == [] and kind_of(ID) == "" and planned(docroot).needs_person
    assert "somebody has to choose" in why(evidence, user="") and "somebody has to choose" in why(evidence, hash="")


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (RULES.replace("Basic", "Digest"), "kind “Digest”"),
        (RULES + "AuthBasicProvider dbm\n", "do not come from such a file"),
        (RULES.replace("valid-user", "user presse vorstand"), "lets in only presse, vorstand"),
        (RULES.replace("AuthUserFile", "AuthGroupFile"), "list of groups"),
    ],
)
def test_what_a_new_file_would_not_mend_is_told(docroot: Path, rules: str, words: str) -> None:
    place(docroot, "/gone/.htpasswd", rules)
    assert words in why(read(docroot, FOUND))


def test_name_that_is_asked_for_is_taken_and_members_of_groups_are_told(docroot: Path) -> None:
    place(docroot, "/gone/.htpasswd", RULES.replace("valid-user", "user anna"))
    assert "group" not in planned(docroot).needs_person
    place(docroot, "/gone/.htpasswd", RULES.replace("valid-user", "group staff"))
    assert "members of a group" in planned(docroot).needs_person


def test_it_lies_beside_no_other_site(docroot: Path) -> None:
    """A folder that is another site's docroot, by its name or because it is known, or that belongs to somebody else, is passed over."""
    place(docroot, "/gone/.htpasswd")
    seen = read(docroot, FOUND)
    home, top = str(docroot.parent), str(docroot.parent.parent)
    own = next((entry.uid for entry in seen.tree if entry.uid is not None), None)  # type: ignore[union-attr]
    folders = tuple(TreeEntry("", path, "folder", 0o755, 0, 0.0, own) for path in (top, home))
    both = replace(seen, folders_above=folders)

    def folder(evidence: Evidence) -> str:
        plan = tried(evidence)
        assert isinstance(plan, Plan), plan
        return str(Path(made_by(plan).path).parent)

    assert folder(both) == home
    assert folder(replace(both, sites_above=(f"{home}/",))) == top
    assert folder(replace(both, folders_above=(folders[0], replace(folders[1], mode=0o555)))) == top
    others = replace(both, folders_above=tuple(replace(each, uid=(own or 0) + 1) for each in folders))
    assert "beside the site" in why(others) and isinstance(tried(others, where="inside"), Plan)


def test_path_of_the_web_server_is_taken_from_its_log_and_never_guessed(docroot: Path) -> None:
    place(docroot, "/gone/.htpasswd")
    seen = replace(read(docroot, FOUND), docroot="/www", error_log=(), connection="sftp", folders_above=())
    assert "is called on the server" in why(seen) and "is called on the server" in why(seen, where="inside")
    told = LogLine("error-log", "error.log", None, "PHP Warning:  x in /srv/web/u7/www/index.php on line 1")
    by_log, typed = replace(seen, error_log=(told,)), ("/srv/web/u7/www/", "/srv/web/u7")
    for where, folder in (("beside", "/srv/web/u7"), ("inside", "/srv/web/u7/www")):
        plan, *others = [tried(by_log, where=where, folder="/wrong"), *(tried(seen, where=where, folder=each) for each in typed)]
        assert [other.digest() for other in others if isinstance(other, Plan)] == [plan.digest()] * 2 if isinstance(plan, Plan) else False
        assert isinstance(plan, Plan)
        made, written = plan.changes
        assert isinstance(written, WriteFile) and f"AuthUserFile {folder}/.htpasswd-intern-".encode() in written.after
        assert made.path.startswith("/.htpasswd-" if where == "beside" else "/www/.htpasswd-")


def test_another_password_makes_another_name_and_the_same_one_the_same(docroot: Path) -> None:
    place(docroot, "/gone/.htpasswd")
    evidence = read(docroot, FOUND)
    other = tried(evidence, hash=given.hashed(SECRET))
    assert isinstance(other, Plan) and made_by(other).path != made_by(planned(docroot)).path
