"""What a site is made with, as its page and `diagnose --json` tell it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.test import Client
from django.utils import timezone

from diagnostics import programs
from diagnostics.models import Diagnosis
from tests.diagnostics.checks.test_wordpress import FILES
from tests.diagnostics.evidences import evidence
from tests.factories import make_host, make_site, make_team, make_user

pytestmark = pytest.mark.django_db


def test_program_is_named_with_its_version_and_parts_on_the_sites_page(client: Client) -> None:
    user = make_user("alice")
    host = make_host(make_team(members=(user,)), protocol="sftp", address="files.example", user="me")
    site = make_site(host=host, docroot="/home/demo/www")
    seen = evidence(FILES, None, status=200)
    for installed in (programs.rows(seen), []):  # a later diagnosis that could not read the files forgets nothing
        Diagnosis.objects.create(
            site=site, state=Diagnosis.State.DONE, requested_at=timezone.now(), finished_at=timezone.now(), installed=installed
        )
    client.force_login(user)
    page = client.get(f"/sites/{site.pk}/").content.decode()
    assert "WordPress 6.4.2" in page and "1 plugin, 1 theme" in page and "hunter2" not in page
    found, seen_at = programs.of_site(site)
    assert [(each.title, each.path) for each in found] == [("WordPress 6.4.2", "")] and seen_at


def test_program_in_a_folder_of_its_own_is_told_with_it() -> None:
    site = make_site(docroot="/home/demo/www")
    seen = evidence({f"www/blog/{name[4:]}": content for name, content in FILES.items()}, None, path="/blog/")
    Diagnosis.objects.create(site=site, state=Diagnosis.State.DONE, requested_at=timezone.now(), installed=programs.rows(seen))
    assert [each.path for each in programs.of_site(site)[0]] == ["www/blog"]


def test_site_whose_files_were_never_read_shows_none() -> None:
    assert programs.of_site(make_site()) == ([], None)
    assert programs.rows(replace(evidence({}, None), applications=())) == []
