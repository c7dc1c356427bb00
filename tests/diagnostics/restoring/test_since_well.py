"""All that was changed since a site was well is put back by one answer, and undone to the byte: on a real sshd and a real FTP server."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from diagnostics.baselines import taking
from diagnostics.models import Baseline
from diagnostics.repairs import plan_repair
from diagnostics.repairs.plan import Plan, RenameFile, WriteFile
from diagnostics.repairs.registry import ways
from diagnostics.repairs.restore_file import ALL, ID
from diagnostics.restoring import since_well
from sites.models import Site
from tests.diagnostics.changes_made import applied, tree
from tests.diagnostics.restoring.test_looking import (  # noqa: F401 (the servers and the site are those of the other tests)
    FORMS,
    MAIN,
    PART,
    finding,
    put,
    seen,
    server,
    site,
    ssh,
    undone,
    www,
)  # fmt: skip
from tests.servers import SshServer

pytestmark = pytest.mark.django_db(transaction=True)
EVERYTHING = ((ALL, "changed"),)
NEW = "wp-content/plugins/forms/inc/new.php"


def broken(server: SshServer, www: Path) -> None:  # noqa: F811
    """One file changed, one gone, one new; and what a site writes by itself."""
    put(server, www / PART, b"<?php\nfunction (")
    (www / MAIN).unlink()
    put(server, www / NEW, b"<?php\nnew_form();\n")
    put(server, www / "error_log", b"PHP Parse error\n")
    put(server, www / "wp-content/uploads/a.php", b"<?php // made by the site\n")


@pytest.mark.parametrize("server", ["ssh", "ftp"], indirect=True)
def test_everything_is_put_back_by_one_answer_and_undone(server: SshServer, www: Path, site: Site) -> None:  # noqa: F811
    taking.take(site)
    broken(server, www)
    before = tree(www)
    found = finding("application-answers-500")  # which names no file
    evidence = seen(site, found)
    assert ways(ID, evidence, found) == [EVERYTHING] and plan_repair(ID, evidence, found) is None
    made = plan_repair(ID, evidence, found, EVERYTHING)
    assert isinstance(made, Plan) and made.needs_person and "all that was changed" in made.title
    assert sorted(type(change).__name__ for change in made.changes) == ["CreateFile", "RenameFile", "WriteFile"]
    step = applied(site, *made.changes)
    assert (www / PART).read_bytes() == FORMS and (www / MAIN).exists() and not (www / NEW).exists()
    (aside,) = (change for change in made.changes if isinstance(change, RenameFile))
    assert not aside.target.endswith(".php") and len(aside.target.rpartition("-")[2]) == 16, "neither loaded nor guessed"
    undone(step, site)
    assert tree(www) == before


def test_settings_with_a_wrong_login_come_back_alone(server: SshServer, www: Path, site: Site) -> None:  # noqa: F811
    put(server, www / "wp-config.php", b"<?php\ndefine('DB_PASSWORD', 'right');\n")
    taking.take(site)
    broken(server, www)
    put(server, www / "wp-config.php", b"<?php\ndefine('DB_PASSWORD', 'wrong');\n")
    found = finding("database-access-denied", "www/wp-config.php")
    evidence = seen(site, found)
    (way,) = ways(ID, evidence, found)  # other files have no part in it
    plan = plan_repair(ID, evidence, found, way)
    assert plan is not None and [change.shown for change in plan.changes] == ["www/wp-config.php"] and not plan.needs_person
    assert isinstance(plan.changes[0], WriteFile) and b"right" in plan.changes[0].after


def test_plan_is_the_same_when_it_is_made_again(server: SshServer, www: Path, site: Site) -> None:  # noqa: F811
    taking.take(site)
    broken(server, www)
    found = finding("php-parse-error", f"www/{PART}")
    first, second = (plan_repair(ID, seen(site, found), found, EVERYTHING) for _time in range(2))
    assert first is not None and second is not None and first.digest() == second.digest()
    assert ways(ID, seen(site, found), found)[-1] == EVERYTHING, "the single file comes first"


def test_it_is_not_offered_without_a_baseline_or_where_too_much_changed(server: SshServer, www: Path, site: Site) -> None:  # noqa: F811
    found = finding("php-parse-error", f"www/{PART}")
    broken(server, www)
    assert seen(site, found).since_well is None
    put(server, www / PART, FORMS)
    taking.take(site)
    for number in range(since_well.MOST + 1):
        put(server, www / f"new-{number}.php", b"<?php\n")
    assert seen(site, found).since_well is None
    for number in range(2, since_well.MOST + 1):
        (www / f"new-{number}.php").unlink()
    standing = seen(site, found).since_well
    assert standing is not None and len(standing.added) == 2
    Baseline.objects.update(taken_at=timezone.now() + timedelta(hours=1))
    assert seen(site, found).since_well is None, "what was kept after it failed says nothing"


def test_line_that_keeps_somebody_out_and_would_go_is_told(server: SshServer, www: Path, site: Site) -> None:  # noqa: F811
    taking.take(site)
    put(server, www / ".htaccess", b"Require all denied\n")
    found = finding("application-answers-500")
    made = plan_repair(ID, seen(site, found), found, EVERYTHING)
    assert made is not None and made.takes_away_protection
    assert [type(change) for change in made.changes] == [WriteFile]


def test_what_was_deleted_while_the_site_was_well_stays_deleted(server: SshServer, www: Path, site: Site) -> None:  # noqa: F811
    put(server, www / NEW, b"<?php\n// given up\n")
    taking.take(site)
    (www / NEW).unlink()
    taking.take(site)
    put(server, www / PART, b"<?php\nfunction (")
    found = finding("application-answers-500")
    made = plan_repair(ID, seen(site, found), found, EVERYTHING)
    assert made is not None and [change.shown for change in made.changes] == [f"www/{PART}"]


def test_file_that_was_uploaded_again_as_it_was_keeps_nothing_else_from_coming_back(server: SshServer, www: Path, site: Site) -> None:  # noqa: F811
    taking.take(site)
    os.utime(www / MAIN, (1_700_000_050, 1_700_000_050))
    put(server, www / PART, b"<?php\nfunction (")
    found = finding("application-answers-500")
    made = plan_repair(ID, seen(site, found), found, EVERYTHING)
    assert made is not None and [change.shown for change in made.changes] == [f"www/{PART}"]
    put(server, www / PART, FORMS)
    assert seen(site, found).since_well is None, "nothing differs from what it was"
