"""The login of the database that a person tells: tried first, shown without its secret, written as one value, verified and undone."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from diagnostics import databases, explaining, repairing, tasks
from diagnostics.changes import undoing
from diagnostics.models import FindingRecord, GivenLogin, HostAction, JournalEntry, RepairCase, Step
from diagnostics.site_databases import given
from sites.models import Host
from tests.diagnostics.changes_made import tree
from tests.diagnostics.site_databases.conftest import OLD_SECRET, SECRET, Shop, ran
from tests.factories import make_team, make_user
from tests.sites.views.pages import client_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def owner(shop: Shop) -> Client:
    return client_of(make_user(team=shop.site.team))


def typed(owner: Client, case: RepairCase, **values: str) -> Step:
    """What a person types into the form, with the look that follows from it."""
    answer = owner.post(f"/repairs/{case.pk}/database/login/", values)
    assert answer.status_code == 302
    return ran(case.steps.latest("pk"))


def page(owner: Client, case: RepairCase) -> BeautifulSoup:
    answer = owner.get(f"/repairs/{case.pk}/", {"step": "database"})
    assert answer.status_code == 200
    return BeautifulSoup(answer.content, "html.parser")


def click_apply(owner: Client, case: RepairCase) -> Step:
    form = page(owner, case).select_one("form:has([id^=apply-])")
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


def test_password_is_tried_shown_masked_written_and_the_site_is_well(shop: Shop, owner: Client, caplog: pytest.LogCaptureFixture) -> None:
    shop.broken()
    before = tree(shop.home / "www")
    case = shop.case()
    caplog.set_level(logging.DEBUG)
    look = typed(owner, case, password=SECRET)
    assert (look.state, look.action) == ("done", "look") and "It works" in look.message and "12 tables" in look.message
    assert tree(shop.home / "www") == before
    shown = page(owner, case)
    assert "not shown here has changed" in shown.get_text() and shown.select_one("#lead") is not None
    assert "geheim-bleibt-geheim" not in str(shown)
    step = click_apply(owner, case)
    assert (step.state, step.repair_id, step.guide_step) == ("done-verified", given.REPAIR, "database"), step.message
    lines = list(zip(before["wp-config.php"][0].split(b"\n"), shop.settings.read_bytes().split(b"\n"), strict=True))
    assert [number for number, (old, new) in enumerate(lines) if old != new] == [3]
    assert not GivenLogin.objects.exists()
    stored, sent = everything_stored(), "".join(each.body for each in mail.outbox)
    report = owner.get(f"/repairs/{case.pk}/report/").content.decode()
    for secret in (SECRET, SECRET.replace("\\", "\\\\").replace("'", "\\'"), OLD_SECRET, "$(id)"):
        assert secret not in stored and secret not in sent and secret not in caplog.text and secret not in report
    undoing.undo(step)
    assert tree(shop.home / "www") == before


def test_password_that_is_wrong_is_told_and_nothing_is_proposed(shop: Shop, owner: Client) -> None:
    shop.broken()
    case = shop.case()
    look = typed(owner, case, password="not-this-one-either")
    assert "It does not work" in look.message and "1045" in look.message and "not-this-one" not in look.message
    assert page(owner, case).select_one("[id^=apply-]") is None
    right = typed(owner, case, password=SECRET, user_name="nobody")
    assert "It does not work" in right.message
    again = typed(owner, case, user_name="me")  # the password that was typed before is still known
    assert "It works" in again.message


def test_name_user_and_server_are_written_too(shop: Shop, owner: Client) -> None:
    shop.base.password("other-Kx9", user="them")
    shop.broken(DB_NAME="gone", DB_USER="nobody", DB_HOST="localhost:/nowhere/s")
    case = shop.case()
    look = typed(owner, case, password="other-Kx9", user_name="them", name="shop", server=f"localhost:{shop.base.line}")
    assert "It works" in look.message, look.message
    assert click_apply(owner, case).state == "done-verified"
    text = shop.settings.read_text()
    assert "'DB_USER', 'them'" in text and "'DB_NAME', 'shop'" in text and text.count("// of the panel") == 4


def test_settings_are_shown_without_the_password(shop: Shop, owner: Client) -> None:
    shop.broken()
    case = shop.case()
    step = ran(repairing.look(case, "database", None))
    assert step.result["database"]["user"] == "me" and step.result["database"]["path"] == "www/wp-config.php"
    text = page(owner, case).get_text()
    assert "localhost:" in text and OLD_SECRET not in text and "set, not shown here" in text
    assert OLD_SECRET not in everything_stored()


def test_database_that_is_another_one_is_cautioned(shop: Shop, owner: Client) -> None:
    shop.base.run("CREATE DATABASE IF NOT EXISTS empty; GRANT ALL ON empty.* TO me@localhost")
    shop.broken()
    case = shop.case()
    look = typed(owner, case, password=SECRET, name="empty")
    assert "tables are not there" in look.message and "another site" in page(owner, case).get_text()
    before = tree(shop.home / "www")
    step = click_apply(owner, case)
    assert step.state == "done-not-cured"  # the password is right now, which was at fault before
    undoing.undo(step)
    assert tree(shop.home / "www") == before


def test_settings_that_somebody_changed_meanwhile_are_left_alone(shop: Shop, owner: Client) -> None:
    shop.broken()
    case = shop.case()
    typed(owner, case, password=SECRET)
    shop.broken(DB_PASSWORD="somebody-was-here")
    now = shop.settings.read_bytes()
    assert click_apply(owner, case).state == "stale" and shop.settings.read_bytes() == now


@pytest.fixture
def files_only(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account of another machine, over a connection that runs no commands: its database cannot be asked from here."""
    Host.objects.filter(pk=shop.site.host_id).update(protocol="sftp")
    monkeypatch.setattr(databases, "_is_here", lambda _host: False)


def test_connection_that_moves_files_only_writes_it_untried_and_says_so(shop: Shop, owner: Client, files_only: None) -> None:
    shop.broken()
    case = shop.case()
    look = typed(owner, case, password=SECRET)
    assert "could not be tried" in look.message
    assert "It could not be tried before" in page(owner, case).get_text()
    assert click_apply(owner, case).state == "done-verified"


def test_wrong_login_over_files_only_is_taken_back(shop: Shop, owner: Client, files_only: None) -> None:
    shop.broken()
    before = tree(shop.home / "www")
    case = shop.case()
    typed(owner, case, password="wrong-too")
    assert click_apply(owner, case).state == "taken-back" and tree(shop.home / "www") == before


def test_what_was_typed_is_forgotten(shop: Shop, owner: Client) -> None:
    case = shop.case()
    owner.post(f"/repairs/{case.pk}/database/login/", {"password": SECRET})
    assert GivenLogin.objects.count() == 1 and SECRET not in repr(GivenLogin.objects.values().get())
    assert owner.post(f"/repairs/{case.pk}/database/forget/").status_code == 302 and not GivenLogin.objects.exists()
    given.keep(case, user_name="", password="x", server="", name="", user=None)
    GivenLogin.objects.update(given_at=timezone.now() - timedelta(hours=3))
    tasks.recover_journal()
    assert not GivenLogin.objects.exists()


@pytest.mark.parametrize("values", [{}, {"password": "a\nb"}, {"user_name": "x" * 201}])
def test_what_makes_no_login_is_refused(shop: Shop, owner: Client, values: dict[str, str]) -> None:
    case = shop.case()
    owner.post(f"/repairs/{case.pk}/database/login/", values)
    assert not GivenLogin.objects.exists() and not case.steps.exists()


def test_password_is_in_no_command_and_no_note_of_the_account(shop: Shop, owner: Client) -> None:
    shop.broken()
    case = shop.case()
    typed(owner, case, password=SECRET)
    click_apply(owner, case)
    said = "\n".join(HostAction.objects.values_list("path", flat=True))
    assert "mysqli" in said and "$(id)" not in said
    assert all(b"$(id)" not in bytes(entry.after_content or b"") for entry in JournalEntry.objects.all())


@pytest.mark.parametrize(("cause", "words"), [("database-access-denied", "right login"), ("database-table-crashed", "checks the tables")])
def test_mail_tells_what_the_guided_repair_asks_for(cause: str, words: str) -> None:
    found = FindingRecord(cause=cause, repairable_by="account", severity="critical", confidence=0.98, evidence=[])
    assert words in explaining.next_of(found)


def test_reader_and_stranger_may_not(shop: Shop) -> None:
    case = shop.case()
    for who, status in ((make_user(team=shop.site.team, role="reader"), 403), (make_user(team=make_team()), 404)):
        for path in ("login", "forget"):
            assert client_of(who).post(f"/repairs/{case.pk}/database/{path}/", {"password": "x"}).status_code == status
