"""The user name and password that a person chooses: hashed at once, shown never again, written as one line, verified and undone."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import bcrypt
import pytest
from bs4 import BeautifulSoup
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from diagnostics import diagnosing, examining, explaining, repairing, tasks
from diagnostics.changes import changing, undoing
from diagnostics.models import Diagnosis, FindingRecord, GivenPassword, HostAction, JournalEntry, RepairCase, Step
from diagnostics.password_files import given
from sites import credentials
from sites.models import Host, Site
from tests.diagnostics.repairs.real_folder import fill, tree
from tests.factories import make_host, make_incident, make_site, make_team, make_user
from tests.lab.apache import apache, why_missing
from tests.sites.views.pages import client_of

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(bool(why_missing()), reason=why_missing() or "Apache is here"),
]
SECRET = "correct horse 7"
RULES = b"AuthType Basic\nAuthName Members\nAuthUserFile /kunden/4711/.htpasswd\nRequire valid-user\n"


@dataclass
class Club:
    """A site with members' pages, whose password file was left behind at the old host."""

    site: Site
    home: Path

    def case(self) -> RepairCase:
        Site.objects.filter(pk=self.site.pk).update(verdict="down", kind="server-error")
        self.site.refresh_from_db()
        return repairing.open_case(self.site, make_incident(self.site))

    def probes_send(self, user: str, password: str) -> None:
        self.site.basic_user = user
        credentials.set_site_secrets(self.site, basic_password=password, headers=[])
        self.site.save()

    @property
    def made(self) -> list[Path]:
        return sorted(self.home.glob(".ht*"))


@pytest.fixture
def club(open_folder: Path, settings: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Club]:
    settings.SITEMEND_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)  # type: ignore[attr-defined]
    settings.SITEMEND_LOCAL_ROOTS = (open_folder,)  # type: ignore[attr-defined]
    monkeypatch.setattr(changing, "SPACING_S", 0.0)
    home = open_folder / "club"
    page = b"<!doctype html><title>Members</title><h1>Inside</h1><p>All is well here.</p>"
    fill(home, {"www/.htaccess": RULES, "www/index.html": page, "logs/keep": b""})
    for folder in (home, home / "www"):
        folder.chmod(0o755)
    with apache(home / "www", home / "logs") as server:
        host = make_host(protocol="local", address="", state="works")
        site = make_site(host.team, name="club", url=f"{server.url}/", host=host, docroot=str(home / "www"))
        Site.objects.filter(pk=site.pk).update(error_log=str(home / "logs/error.log"))
        site.refresh_from_db()
        yield Club(site, home)


@pytest.fixture
def owner(club: Club) -> Client:
    return client_of(make_user(team=club.site.team))


def ran(step: Step) -> Step:
    tasks.run_step(step.pk)
    for diagnosis in Diagnosis.objects.filter(state__in=diagnosing.OPEN):
        diagnosing.run(diagnosis.pk)
    step.refresh_from_db()
    return step


def typed(owner: Client, case: RepairCase, **values: str) -> Step:
    answer = owner.post(f"/repairs/{case.pk}/password-file/", values)
    assert answer.status_code == 302, answer.content.decode()
    return ran(case.steps.latest("pk"))


def page(owner: Client, path: str) -> BeautifulSoup:
    answer = owner.get(path)
    assert answer.status_code == 200
    return BeautifulSoup(answer.content, "html.parser")


def step_of(owner: Client, case: RepairCase) -> BeautifulSoup:
    return page(owner, f"/repairs/{case.pk}/?step=htaccess")


def click_apply(owner: Client, case: RepairCase) -> Step:
    form = step_of(owner, case).select_one("form:has([id^=apply-])")
    assert form is not None
    fields = {each["name"]: each.get("value", "") for each in form.select("input[name]")}
    assert owner.post(f"/repairs/{case.pk}/apply/", fields).status_code == 302
    return ran(case.steps.latest("pk"))


def everything_stored() -> str:
    """Every text that the product's own database holds in the open."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 (names of our own tables)
            found += [repr(row) for row in cursor.fetchall()]
    return "\n".join(found)


def state(club: Club) -> dict[str, object]:
    return {name: what for name, what in tree(club.home).items() if not name.startswith("logs")}


def test_new_file_lets_the_probes_in_is_stored_nowhere_in_the_open_and_undone(
    club: Club, owner: Client, caplog: pytest.LogCaptureFixture
) -> None:
    club.probes_send("anna", SECRET)
    before, case = state(club), club.case()
    ran(repairing.look(case, "htaccess", None))
    assert step_of(owner, case).select_one("#choose-password.primary") is not None
    caplog.set_level(logging.DEBUG)
    look = typed(owner, case, user_name="anna", password=SECRET)
    assert (look.state, look.action) == ("done", "look") and "Nothing is changed yet" in look.message and state(club) == before
    kept = credentials.unseal(GivenPassword.objects.get().sealed_hash)
    assert bcrypt.checkpw(SECRET.encode(), kept.encode()) and kept.startswith("$2y$")
    shown = step_of(owner, case)
    assert (
        "+anna:[removed] (the hash of a password)" in shown.get_text() and "401" not in shown.select_one("#panel-title").parent.get_text()
    )
    assert kept not in everything_stored() and kept not in str(shown)
    step = click_apply(owner, case)
    assert (step.state, step.repair_id, step.guide_step) == ("done-verified", given.REPAIR, "htaccess"), step.message
    (made,) = club.made
    assert made.read_text() == f"anna:{kept}\n" and str(made).encode() in (club.home / "www/.htaccess").read_bytes()
    assert not GivenPassword.objects.exists()
    said = (
        everything_stored()
        + caplog.text
        + "".join(each.body for each in mail.outbox)
        + owner.get(f"/repairs/{case.pk}/report/").content.decode()
    )
    assert SECRET not in said and kept not in said and kept[7:] not in said
    assert all(SECRET not in path and kept not in path for path in HostAction.objects.values_list("path", flat=True))
    assert all(kept.encode() not in bytes(entry.after_content or b"") for entry in JournalEntry.objects.all())
    undoing.undo(step)
    assert state(club) == before


def test_what_the_probes_send_is_taken_over_with_one_click(club: Club, owner: Client) -> None:
    club.site.basic_user = ""
    credentials.set_site_secrets(club.site, basic_password="", headers=[("Authorization", "Basic YW5uYTpicmVhZA==")])
    club.site.save()
    case = club.case()
    asked = page(owner, f"/repairs/{case.pk}/password-file/")
    assert "anna" in asked.get_text() and asked.select_one("#take-sent.primary") is not None and "bread" not in str(asked)
    assert typed(owner, case, action="probes").state == "done"
    step = click_apply(owner, case)
    assert step.state == "done-verified" and club.made[0].read_text().startswith("anna:$2y$")


def test_another_password_than_the_probes_send_is_told_before_and_after(club: Club, owner: Client) -> None:
    club.probes_send("anna", "of old")
    case = club.case()
    typed(owner, case, user_name="eva", password=SECRET)
    assert "will be refused (401) until" in step_of(owner, case).get_text()
    step = click_apply(owner, case)
    assert step.state == "done-not-cured" and "asks our probes for a password (401)" in step.message
    club.probes_send("eva", SECRET)
    assert changing.look(club.site).is_well


def test_place_that_cannot_be_written_leaves_the_one_in_the_site_folder(club: Club, owner: Client) -> None:
    club.probes_send("anna", SECRET)
    case = club.case()
    typed(owner, case, user_name="anna", password=SECRET)
    shown = step_of(owner, case)
    assert "own folder" in shown.select_one("#other-ways").get_text()
    (taken,) = re.findall(r"\.htpasswd-www-[0-9a-f]{6}", shown.select_one(".promises").parent.find(class_="diff").get_text())[:1]
    (club.home / taken).write_bytes(b"of somebody else")
    before = state(club)
    assert click_apply(owner, case).state in ("failed", "stale") and state(club) == before
    assert "www/.htpasswd-www-" in step_of(owner, case).select_one(".diff").get_text()
    step = click_apply(owner, case)
    assert step.state == "done-verified" and len(list((club.home / "www").glob(".htpasswd-www-*"))) == 1


def test_page_proposes_a_strong_password_and_never_sends_back_what_was_typed(club: Club, owner: Client) -> None:
    case = club.case()
    address = f"/repairs/{case.pk}/password-file/"
    first, second = (page(owner, address).select_one("input[name=password]")["value"] for _each in range(2))
    assert first != second and len(first) == 23 and owner.get(address)["Cache-Control"].count("no-store")
    again = owner.post(address, {"user_name": "a:b", "password": SECRET})
    assert again.status_code == 200 and SECRET not in again.content.decode() and "no colon" in again.content.decode()
    assert "what you typed is not sent back" in again.content.decode()


def test_folder_on_the_server_is_asked_where_the_connection_does_not_show_it(club: Club, owner: Client) -> None:
    club.probes_send("anna", SECRET)
    case = club.case()
    address = f"/repairs/{case.pk}/password-file/"
    assert page(owner, address).select("input[name=server_folder]") == []
    Host.objects.update(protocol="sftp")
    assert len(page(owner, address).select("input[name=server_folder]")) == 2
    for values in ({"user_name": "anna", "password": SECRET}, {"action": "probes"}):
        assert "beginning with a slash" in owner.post(address, {**values, "server_folder": "www"}).content.decode()
        assert owner.post(address, {**values, "server_folder": "/home/u7/www"}).status_code == 302
        assert GivenPassword.objects.get().server_folder == "/home/u7/www"
        case.steps.all().delete(), GivenPassword.objects.all().delete()


def test_site_that_lies_inside_of_another_one_is_known(club: Club) -> None:
    """So that the file is not made where visitors of the other one could ask for it."""
    for name, docroot in (("around", f"{club.home}/"), ("beside", f"{club.home}/shop"), ("below", f"{club.home}/www/shop")):
        make_site(club.site.team, name=name, host=club.site.host, docroot=docroot)
    found = examining.examine(club.site, None, examining.seen(club.site, [])).evidence
    assert (found.sites_above, found.sites_below) == ((f"{club.home}/",), (f"{club.home}/www/shop",))


@pytest.mark.parametrize(
    "values",
    [{}, {"user_name": "anna"}, {"password": "x"}, {"user_name": "#a", "password": "x"}, {"user_name": "a\nb", "password": "x"},
     {"user_name": "a", "password": "x" * 73}, {"user_name": "a", "password": "ö" * 37}, {"action": "probes"}],
)  # fmt: skip
def test_what_makes_no_login_is_refused(club: Club, owner: Client, values: dict[str, str]) -> None:
    case = club.case()
    assert owner.post(f"/repairs/{case.pk}/password-file/", values).status_code == 200
    assert not GivenPassword.objects.exists() and not case.steps.exists()


def test_what_was_typed_is_forgotten(club: Club, owner: Client) -> None:
    case = club.case()
    given.keep(case, user_name="anna", password="x", user=None)
    assert owner.post(f"/repairs/{case.pk}/password-file/forget/").status_code == 302 and not GivenPassword.objects.exists()
    given.keep(case, user_name="anna", password="x", user=None)
    GivenPassword.objects.update(given_at=timezone.now() - timedelta(hours=3))
    tasks.recover_journal()
    assert not GivenPassword.objects.exists()


def test_it_outlives_a_worker_that_dies_in_between(club: Club, owner: Client) -> None:
    club.probes_send("anna", SECRET)
    case = club.case()
    typed(owner, case, user_name="anna", password=SECRET)
    offer = repairing.offers(case)[0]
    step = repairing.start(case, guide_step="htaccess", action="repair", repair_id=offer.repair_id, digest=offer.digest, user=None)
    assert SECRET not in everything_stored()
    tasks.recover_journal()  # as the next worker does when it comes up
    assert ran(step).state == "done-verified"


def test_site_whose_password_file_is_there_again_is_left_alone(club: Club, owner: Client) -> None:
    club.probes_send("anna", SECRET)
    case = club.case()
    typed(owner, case, user_name="anna", password=SECRET)
    (club.home / "www/.htaccess").write_bytes(RULES.replace(b"/kunden/4711", os.fsencode(club.home)))
    (club.home / ".htpasswd").write_text(f"anna:{given.hashed(SECRET)}\n")
    before = state(club)
    assert click_apply(owner, case).state == "stale" and state(club) == before


def test_mail_tells_what_the_guided_repair_asks_for() -> None:
    found = FindingRecord(cause="htaccess-auth-file-missing", repairable_by="account", severity="critical", confidence=0.9, evidence=[])
    assert "asks for a user name and a password" in explaining.next_of(found)


def test_reader_and_stranger_may_not(club: Club) -> None:
    case = club.case()
    for who, status in ((make_user(team=club.site.team, role="reader"), 403), (make_user(team=make_team()), 404)):
        for path in ("", "forget/"):
            answer = client_of(who).post(f"/repairs/{case.pk}/password-file/{path}", {"user_name": "x", "password": "x"})
            assert answer.status_code == status
        assert client_of(who).get(f"/repairs/{case.pk}/password-file/").status_code == status
