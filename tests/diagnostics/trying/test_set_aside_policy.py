"""A plugin of a real WordPress is set aside: unasked only where the site's settings say so, else by a click in the guided repair."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from diagnostics import tasks
from diagnostics.models import Step
from sites.many import exporting
from sites.models import Site
from tests.diagnostics.test_unattended import run
from tests.diagnostics.trying.blogs import Blog
from tests.factories import make_site, make_team, make_user

pytestmark = pytest.mark.django_db(transaction=True)
FATAL = b"<?php\n/*\nPlugin Name: %s\n*/\nno_such_function_here();\n"


def fails(blog: Blog, slug: str) -> None:
    """The plugin ends every page, and the log says so."""
    blog.scene.keep(blog.scene.at(f"wp-content/plugins/{slug}/{slug}.php"), FATAL % slug.encode())


def tree(blog: Blog) -> dict[str, Any]:
    """All but the log, into which every look at a page that fails writes."""
    return {name: what for name, what in blog.tree().items() if name != "error_log"}


def answers(blog: Blog) -> int:
    return blog.scene.place.get("/")[0]


def test_plugin_is_set_aside_unasked_only_where_the_settings_say_so(blog: Blog) -> None:
    fails(blog, "album")
    before = tree(blog)
    status, document = run("repair", blog.site.name, "--yes")
    assert (status, document["cured"], document["steps"]) == (1, False, [])
    assert "its settings do not say" in document["left"][0]["why"] and tree(blog) == before

    Site.objects.filter(pk=blog.site.pk).update(sets_aside=True)
    status, document = run("repair", blog.site.name, "--yes")
    assert (status, document["cured"], answers(blog)) == (0, True, 200), document
    assert [step["repair"] for step in document["steps"]] == ["set-aside-part"]
    status, document = run("undo", blog.site.name, "--all")
    assert document["identical"] and tree(blog) == before


@pytest.mark.full
def test_plugin_that_keeps_visitors_out_stays_whatever_the_settings_say(blog: Blog) -> None:
    fails(blog, "wordfence")
    Site.objects.filter(pk=blog.site.pk).update(sets_aside=True)
    before = tree(blog)
    _status, document = run("repair", blog.site.name, "--yes")
    assert not document["steps"] and "protects the site" in document["left"][0]["why"] and tree(blog) == before


def test_guided_repair_recommends_it_in_its_own_step_and_one_click_does_it(blog: Blog) -> None:
    fails(blog, "album")
    before = tree(blog)
    client = Client()
    client.force_login(make_user(team=blog.site.team))
    case = blog.case()
    answer = client.get(reverse("diagnostics:repair", args=[case.pk]))
    offer = answer.context["offer"]
    assert answer.context["current"] == "parts" and offer["repair_id"] == "set-aside-part"
    page = answer.content.decode()
    assert "visitors miss what it does" in page and "set-aside-by-sitemend" in page
    wanted = {"step": "parts", "action": "repair", "repair": offer["repair_id"], "cause": offer["cause"], "digest": offer["digest"]}
    client.post(reverse("diagnostics:repair-step-start", args=[case.pk]), wanted)
    step = Step.objects.get(case=case, action="repair")
    tasks.run_step(step.pk)
    step.refresh_from_db()
    assert (step.state, answers(blog)) == ("done-verified", 200), step.message
    client.post(reverse("diagnostics:repair-undo", args=[step.pk]))
    tasks.undo_step(step.pk)
    assert tree(blog) == before


def test_settings_page_command_import_and_export_know_it(tmp_path: Path) -> None:
    team = make_team()
    site = make_site(team, name="a", url="https://a.example/")
    assert not site.sets_aside
    client = Client()
    client.force_login(make_user(team=team))
    page = client.get(f"/sites/{site.pk}/edit/")
    assert "A repair without a person may set WordPress plugins aside" in page.content.decode()
    values = {name: value for name, value in page.context["form"].initial.items() if value not in (None, False)}
    assert client.post(f"/sites/{site.pk}/edit/", {**values, "sets_aside": "on"}).status_code == 302
    assert Site.objects.get(name="a").sets_aside
    assert client.post(f"/sites/{site.pk}/edit/", values).status_code == 302
    assert not Site.objects.get(name="a").sets_aside
    status, _document = run("add_site", "b", "https://b.example/", "--set-aside")
    assert status == 0 and Site.objects.get(name="b").sets_aside
    path = tmp_path / "x.csv"
    path.write_text("name,url,set_aside\nc,https://c.example/,yes\nd,https://d.example/,\ne,https://e.example/,perhaps\n")
    _status, document = run("import_sites", str(path))
    assert document["created"] == 2 and document["refused"][0]["why"].startswith("set_aside:")
    assert [exporting.row_of(Site.objects.get(name=name))["set_aside"] for name in "cd"] == ["yes", ""]
