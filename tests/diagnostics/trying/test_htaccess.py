"""Which line of a .htaccess is to blame, on real servers: named, proven, mended, and every byte put back after each look."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from diagnostics import diagnosing, repairing
from diagnostics.changes import journal, undoing
from diagnostics.models import Diagnosis, Step
from diagnostics.trying import htaccess
from tests.diagnostics.trying.places import Place, place
from tests.lab.apache import why_missing

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(bool(why_missing()), reason=why_missing() or "Apache is there"),
]
LINES = [b"AddCharset utf-8 .x%d" % number for number in range(40)]
REFUSED = b"Options +Includes"  # by this server, which does not say so in its AllowOverride
OVERRIDE = "AuthConfig FileInfo Indexes Limit Options=Indexes,MultiViews"


def content(*faults: int, head: bytes = b"", ending: bytes = b"\n") -> bytes:
    """Sound lines, and refused ones in the place of some of them."""
    lines = [REFUSED if number in faults else line for number, line in enumerate(LINES, 1)]
    return head + ending.join(lines) + ending


def looks(step: Step) -> int:
    return int(step.result["looks"])


@pytest.mark.parametrize("transport", ["ssh", *(pytest.param(each, marks=pytest.mark.full) for each in ("sftp", "ftp"))])
def test_refused_line_is_named_with_few_looks_and_the_file_is_as_it_was(transport: str, tmp_path: Path) -> None:
    with place(transport, tmp_path, allow_override=OVERRIDE) as made:
        made.put("index.html", b"<p>Bread and butter since 1971.</p>")
        made.put(".htaccess", content(27, ending=b"\r\n"), 0o604)
        before = made.tree()
        step = made.tried(htaccess.ID)
        assert step.state == "done", step.message
        assert made.tree() == before
        assert step.result["tried"]["lines"][0]["lines"] == [27]
        assert looks(step) <= math.ceil(math.log2(40)) + 2
        assert {entry.state for entry in step.journal.all()} == {"taken-back"}
        first = diagnosing.as_json(Diagnosis.objects.first())["findings"][0]
        assert (first["path"].rpartition("/")[2], first["line"], first["severity"]) == (".htaccess", 27, "critical")
        assert first["confidence"] >= 0.95 and first["repair"]["id"] == "comment-out-htaccess-lines"
        assert f"27: {REFUSED.decode()}" in first["evidence"][0]["text"]
        mended_and_undone(made, step, before)


def mended_and_undone(made: Place, step: Step, before: object) -> None:
    case = step.case
    case.refresh_from_db()
    offer = repairing.offers(case)[0]
    assert offer.repair_id == "comment-out-htaccess-lines"
    started = repairing.start(case, guide_step="htaccess", action="repair", repair_id=offer.repair_id, digest=offer.digest)
    done = repairing.run_step(started.pk)
    assert done.state == "done-verified", done.message
    assert (made.docroot / ".htaccess").read_bytes() == content(27, ending=b"\r\n").replace(REFUSED, b"# " + REFUSED)
    undoing.undo(done)
    assert made.tree() == before


@pytest.fixture
def made(tmp_path: Path):
    with place("ssh", tmp_path, allow_override=OVERRIDE, pages=("/", "/shop/")) as found:
        found.put("index.html", b"<p>Bread and butter since 1971.</p>")
        found.put("shop/index.html", b"<p>Order bread before seven.</p>")
        yield found


def found_lines(step: Step) -> list[tuple[str, list[int]]]:
    assert step.state == "done", step.message
    return [(row["path"].partition("/")[2], row["lines"]) for row in step.result["tried"]["lines"]]


def test_two_faulty_lines_are_both_named_and_mended_together(made: Place) -> None:
    made.put(".htaccess", content(3, 31))
    before = made.tree()
    step = made.tried(htaccess.ID)
    assert found_lines(step) == [(".htaccess", [3, 31])]
    assert looks(step) <= 4 * math.log2(40) + 4
    assert made.tree() == before
    offer = repairing.offers(step.case)[0]
    done = repairing.run_step(
        repairing.start(step.case, guide_step="htaccess", action="repair", repair_id=offer.repair_id, digest=offer.digest).pk
    )
    assert done.state == "done-verified", done.message


def test_line_inside_of_a_section_is_named_by_itself(made: Place) -> None:
    head = b"<IfModule mod_headers.c>\nHeader set A b\nOptions +Includes\nHeader set C d\n</IfModule>\n"
    made.put(".htaccess", head + content())
    assert found_lines(made.tried(htaccess.ID)) == [(".htaccess", [3])]


@pytest.mark.full
def test_section_whose_head_is_at_fault_is_named_as_a_whole(made: Place) -> None:
    made.put(".htaccess", content() + b"<Proxy *>\nSetEnv A b\n</Proxy>\n")
    assert found_lines(made.tried(htaccess.ID)) == [(".htaccess", [41, 42, 43])]


@pytest.mark.full
def test_rule_that_loops_is_named_with_its_conditions(made: Place) -> None:
    rules = b"RewriteEngine On\nRewriteRule ^old$ /new [R=301,L]\nRewriteCond %{REQUEST_URI} !^/x\nRewriteRule ^(.*)$ /a$1 [L]\n"
    made.put(".htaccess", rules + b"RewriteRule ^other$ /index.html [L]\n")
    step = made.tried(htaccess.ID)
    assert found_lines(step) == [(".htaccess", [3, 4])]
    assert step.result["tried"]["cause"] == "htaccess-rewrite-loop"


@pytest.mark.full
def test_faults_in_two_files_are_both_named(made: Place) -> None:
    made.put(".htaccess", content(9))
    made.put("shop/.htaccess", content(2))
    assert found_lines(made.tried(htaccess.ID)) == [(".htaccess", [9]), ("shop/.htaccess", [2])]


@pytest.mark.full
def test_page_that_fails_alone_is_enough(made: Place) -> None:
    made.put("shop/.htaccess", content(2))
    assert found_lines(made.tried(htaccess.ID)) == [("shop/.htaccess", [2])]


def test_lock_is_in_force_at_every_look(made: Place) -> None:
    """What keeps visitors out stands in the file at every moment, also where it is the only line that is not out."""
    lock = b'<Files "customers.sql">\nRequire all denied\n</Files>\n'
    made.put(".htaccess", lock + content(20))
    made.put("customers.sql", b"INSERT INTO customers VALUES ('Anna');")
    step = made.tried(htaccess.ID)
    assert found_lines(step) == [(".htaccess", [23])]
    written = [journal.after_content(entry) for entry in step.journal.all()]
    assert len(written) >= 5 and all(each.startswith(lock) for each in written)


def test_fault_elsewhere_is_told_and_nothing_is_named(made: Place) -> None:
    made.put(".htaccess", content())
    (made.docroot / "index.html").rename(made.docroot / "gone.html")
    (made.docroot / "shop/index.html").rename(made.docroot / "shop/gone.html")
    before = made.tree()
    step = made.tried(htaccess.ID)
    assert step.state == "done" and not step.result["helped"], step.message
    assert "fails all the same" in step.message
    assert made.tree() == before and looks(step) == 1


def test_site_that_is_well_is_left_alone(made: Place) -> None:
    made.put(".htaccess", content(5))
    case = made.case()
    made.put(".htaccess", content())
    step = made.tried(htaccess.ID, case)
    assert step.state == "done" and "nothing was tried" in step.message
    assert not step.journal.exists()


@pytest.mark.full
def test_finding_goes_when_somebody_changes_the_file(made: Place) -> None:
    made.put(".htaccess", content(27))
    made.tried(htaccess.ID)
    made.put(".htaccess", content(27, head=b"# by hand\n"))
    found = diagnosing.as_json(diagnosing.diagnose_now(made.site))["findings"]
    assert not any("trial showed" in finding["summary"] for finding in found)


def test_file_of_locks_only_is_not_tried(made: Place) -> None:
    made.put(".htaccess", b"Require foo bar\nOptions -Indexes\n")
    case = made.case()
    with pytest.raises(repairing.RepairRefused, match="keeps visitors out"):
        repairing.start(case, guide_step="htaccess", action="trial", repair_id=htaccess.ID)
