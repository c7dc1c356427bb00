"""A real WordPress repairs its own damaged tables where only files can be moved: allowed for one request, and taken back in every case."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from diagnostics import diagnosing, examining, repairing
from diagnostics.changes import changing, recovering
from diagnostics.models import RepairCase, Step
from diagnostics.repairs.wordpress_table_repair import ID, WORD
from sites.models import Site
from tests.diagnostics.site_databases.conftest import ran
from tests.diagnostics.trying.blogs import Blog, blog_on
from tests.diagnostics.trying.conftest import stack
from tests.factories import make_user
from tests.lab.stack import Stack
from tests.sites.views.pages import client_of

__all__ = ["stack"]
pytestmark = pytest.mark.django_db(transaction=True)


def crash(blog: Blog, table: str) -> str:
    """Marks a table of the old kind as damaged, as a server that was switched off leaves it (storage/myisam: byte 26 of its index)."""
    made = blog.scene.database
    assert made is not None
    name = f"{made.prefix}{table}"
    blog.scene.databases.run(f"ALTER TABLE {name} ENGINE=MyISAM; FLUSH TABLES {name}", made.name)
    index = blog.scene.databases.data / made.name / f"{name}.MYI"
    content = bytearray(index.read_bytes())
    content[26] |= 2
    index.write_bytes(content)
    blog.scene.databases.run(f"FLUSH TABLES {name}", made.name)
    return made.name


def tree_of(blog: Blog) -> dict[str, object]:
    """Without the log that the site itself writes."""
    return {name: what for name, what in blog.tree().items() if name != "error_log"}


def offer_of(case: RepairCase) -> object:
    return next(each for each in repairing.offers(case) if each.repair_id == ID)


def agreed(case: RepairCase, word: str) -> Step:
    offer = offer_of(case)
    return repairing.start(case, guide_step="database", action="repair", repair_id=ID, digest=offer.digest, confirmed=word)  # type: ignore[attr-defined]


@pytest.mark.parametrize("transport", ["sftp", pytest.param("ftp", marks=pytest.mark.full)])
def test_wordpress_repairs_its_tables_after_a_typed_name(stack: Stack, transport: str) -> None:
    with blog_on(stack, transport) as blog:
        name, before = crash(blog, "options"), tree_of(blog)
        case = blog.case()
        page = client_of(make_user(team=blog.site.team)).get(f"/repairs/{case.pk}/", {"step": "database"}).content.decode()
        assert "cannot be undone" in page and f'<b class="mono">{name}</b>' in page and "cannot be copied first" in page
        told = diagnosing.as_json(case.diagnosis)["findings"][0]["repair"]
        assert told is not None and (told["id"], told["reversible"]) == (ID, False)
        for wrong in ("", "blog"):
            with pytest.raises(repairing.RepairRefused, match="cannot be undone"):
                agreed(case, wrong)
        assert not case.steps.filter(action="repair").exists()
        step = ran(agreed(case, f" {name} "))
        assert step.state == "done-verified", step.message
        assert tree_of(blog) == before and not step.may_be_undone and "put back" in step.undo_ended
        assert blog.scene.place.get("/")[0] == 200


def test_nobody_else_may_use_the_page_meanwhile_and_a_crash_takes_the_line_back(stack: Stack) -> None:
    with blog_on(stack, "sftp") as blog:
        name, before = crash(blog, "options"), tree_of(blog)
        case = blog.case()
        step = agreed(case, name)
        site = Site.objects.get(pk=blog.site.pk)

        def stops_halfway(executor: repairing.Executor) -> str:
            examination = examining.examine(site, executor.reader, examining.look(site))
            finding = changing.matching(examination, step.finding)
            plan = examining.plan_for(examination, finding, ID) if finding else None
            assert plan is not None and plan.digest() == step.plan_digest
            Step.objects.filter(pk=step.pk).update(state="applying")
            assert changing.apply(step, executor, plan)
            return plan.asks

        asks = repairing.under_lock(site, stops_halfway)
        assert tree_of(blog) != before
        page, secret = urlsplit(asks).path, parse_qs(urlsplit(asks).query)[WORD][0]
        assert secret.encode() not in blog.scene.read(blog.scene.at("wp-config.php"))
        for other in ("", f"&{WORD}=", f"&{WORD}=x", f"&{WORD}[]={secret}"):
            assert b"add the following line" in blog.scene.place.get(f"{page}?repair=1{other}")[1]
        recovering.recover()
        step.refresh_from_db()
        assert step.state == "taken-back" and tree_of(blog) == before


def test_site_that_is_well_is_left_alone(stack: Stack) -> None:
    with blog_on(stack, "sftp") as blog:
        name = crash(blog, "options")
        case = blog.case()
        step = agreed(case, name)
        assert blog.scene.database is not None
        blog.scene.databases.run(f"REPAIR TABLE {blog.scene.database.prefix}options", name)
        done = ran(step)
        assert done.state in ("stale", "failed") and not done.journal.exists(), done.message
