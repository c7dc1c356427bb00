"""Which plugin of a real WordPress is to blame: named by setting halves aside, all of them back in their places after each look."""

from __future__ import annotations

import pytest

from diagnostics import diagnosing, repairing
from diagnostics.models import Diagnosis, Step
from diagnostics.trying import plugins
from tests.diagnostics.trying.blogs import Blog, blog_on
from tests.lab.stack import Stack

pytestmark = pytest.mark.django_db(transaction=True)
SCREAM = "<?php\nhttp_response_code(500);\nexit;\n"


def named(step: Step) -> list[str]:
    return [part["slug"] for part in step.result["tried"]["parts"]]


@pytest.mark.parametrize("transport", ["ssh", *(pytest.param(each, marks=pytest.mark.full) for each in ("sftp", "ftp"))])
def test_silent_plugin_is_named_with_few_looks(stack: Stack, transport: str) -> None:
    with blog_on(stack, transport) as blog:
        blog.breaks("gallery")
        step = blog.tried(plugins.ID)
        assert named(step) == ["gallery"] and step.result["looks"] <= 6, step.message
        first = diagnosing.as_json(Diagnosis.objects.first())["findings"][0]
        assert (first["cause"], first["confidence"] >= 0.95) == ("wordpress-plugin", True), first
        assert first["path"].endswith("wp-content/plugins/gallery")
        assert first["evidence"][0]["text"].splitlines()[1:] == ["set aside: the pages answered", "put back: the pages failed"]


@pytest.mark.full
def test_two_plugins_are_both_named(blog: Blog) -> None:
    blog.breaks("album", "jobs")
    assert named(blog.tried(plugins.ID)) == ["album", "jobs"]


def test_plugin_that_keeps_somebody_out_is_never_set_aside(blog: Blog) -> None:
    blog.breaks("wordfence")
    step = blog.tried(plugins.ID)
    assert named(step) == [] and not step.result["helped"]
    assert not any("wordfence" in entry.path for entry in step.journal.all()) and step.journal.exists()


@pytest.mark.full
@pytest.mark.parametrize(("name", "cause"), [("mu-plugins/loader.php", "wordpress-mu-plugin"), ("db.php", "wordpress-dropin")])
def test_must_use_plugins_and_drop_ins_come_after_the_others(blog: Blog, name: str, cause: str) -> None:
    blog.scene.keep(blog.scene.at(f"wp-content/{name}"), SCREAM)
    step = blog.tried(plugins.ID)
    assert [part["path"].partition("wp-content/")[2] for part in step.result["tried"]["parts"]] == [name], step.message
    assert diagnosing.as_json(Diagnosis.objects.first())["findings"][0]["cause"] == cause


def test_site_that_is_well_keeps_its_plugins(blog: Blog) -> None:
    sound = blog.scene.read(blog.scene.at("wp-content/plugins/album/album.php"))
    blog.breaks("album")
    case = blog.case()
    blog.scene.keep(blog.scene.at("wp-content/plugins/album/album.php"), sound)
    step = repairing.run_step(repairing.start(case, guide_step="x", action="trial", repair_id=plugins.ID).pk)
    assert "nothing was tried" in step.message and not step.journal.exists()
