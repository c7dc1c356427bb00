"""Four eyes: whoever allowed it cannot say yes, somebody else can, in time, to exactly the change that was shown."""

from __future__ import annotations

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.utils import timezone

from diagnostics.automatic import approving, running
from diagnostics.models import AutomaticRepair, HostAction, Step
from diagnostics.practice.site import PracticeSite
from diagnostics.repairing import RepairRefused
from sites import delivery
from sites.models import Incident, Membership, Notification, Site
from tests.diagnostics.automatic.conftest import MISSPELT, allow, diagnosed
from tests.diagnostics.test_guided_repair import state
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def asked(practice: PracticeSite, shop: Site, worker: list[str]) -> AutomaticRepair:
    """A repair that the owner's settings allow once somebody else says yes."""
    owner = Membership.objects.get(team=shop.team).user
    make_user("second", email="second@example.org", team=shop.team, role="editor")
    make_user("reader", email="reader@example.org", team=shop.team, role="reader")
    allow(shop, approval=True, by=owner.pk)
    diagnosed(shop)
    return AutomaticRepair.objects.select_related("incident__site").get()


def person(name: str) -> Membership:
    return Membership.objects.select_related("user").get(user__username=name)


def page(name: str, row: AutomaticRepair) -> str:
    client = Client()
    client.force_login(person(name).user)
    return client.get(f"/incidents/{row.incident_id}/").content.decode()


def primaries(name: str, row: AutomaticRepair) -> list[str]:
    """What stands out on the page of its incident."""
    return [each.get_text(strip=True) for each in BeautifulSoup(page(name, row), "html.parser").select("main .btn.primary")]


def test_nothing_is_written_before_a_second_person_says_yes(practice: PracticeSite, asked: AutomaticRepair) -> None:
    before = state(practice)
    assert (asked.state, asked.needs_approval, Step.objects.count()) == ("asked", True, 0)
    running.run(asked.pk)
    running.sweep()
    assert AutomaticRepair.objects.get().state == "asked" and state(practice) == before and not Step.objects.exists()
    # the mail goes to those who may say yes, with the exact change and a link to the page
    rows = Notification.objects.filter(kind="approval")
    assert {row.user.username for row in rows} == {"second"}
    delivery.deliver_due(timezone.now() + timedelta(minutes=2))
    row = rows.get()
    sent = Notification.objects.get(pk=row.joined_into_id or row.pk)
    for shown in (sent.body_text, sent.body_html):
        assert "say yes" in shown and "+ RewriteEngine On" in shown and f"/incidents/{asked.incident_id}/#automatic" in shown
    assert "a repair waits for your yes: Correct line 1 of www/.htaccess" in sent.subject, "also where the mail tells more"
    told = asked.incident.entries.filter(kind="mail", text__contains="second@example.org")
    assert told.count() == 1, "one mail is told once, whatever it is about"
    # the page offers yes to them alone
    assert 'id="automatic-yes"' in page("second", asked) and "RewriteEngine On" in page("second", asked)
    assert 'id="automatic-yes"' not in page("owner", asked) and "somebody else has to say yes" in page("owner", asked)
    assert primaries("second", asked) == ["Yes, make this change and look again"]
    assert primaries("owner", asked) == ["Start the guided repair"]
    assert 'id="automatic-yes"' not in page("reader", asked) and 'id="automatic-no"' not in page("reader", asked)


def test_second_person_says_yes_in_the_web_and_it_is_made(practice: PracticeSite, asked: AutomaticRepair) -> None:
    client = Client()
    client.force_login(person("owner").user)
    url = f"/incidents/{asked.incident_id}/automatic/"
    client.post(url, {"answer": "yes", "digest": asked.plan_digest})
    assert AutomaticRepair.objects.get().state == "asked", "who asked cannot say yes"
    client.force_login(person("reader").user)
    assert client.post(url, {"answer": "yes", "digest": asked.plan_digest}).status_code == 403
    client.force_login(person("second").user)
    client.post(url, {"answer": "yes", "digest": "0" * 64})
    assert AutomaticRepair.objects.get().state == "asked", "another change was shown"
    client.post(url, {"answer": "yes", "digest": asked.plan_digest})
    row = AutomaticRepair.objects.get()
    assert (row.outcome, row.decided_by) == ("cured", person("second").user), row.message
    texts = list(Incident.objects.get().entries.values_list("text", "by__username"))
    assert any(text.startswith("Said yes") and who == "second" for text, who in texts)
    assert {each.user for each in HostAction.objects.filter(purpose="policy-repair", verb="write")} == {person("second").user}
    with pytest.raises(RepairRefused):
        approving.approve(row, person("second").user, row.plan_digest)
    # and undone with one click on the page
    assert 'id="automatic-undo"' in page("second", row)
    client.post(f"/incidents/{asked.incident_id}/automatic/undo/")
    assert (practice.home / "www" / ".htaccess").read_bytes() == MISSPELT
    shown = page("second", row)
    assert "Undone by" in shown and 'id="automatic-undo"' not in shown and "The site is well again" not in shown
    assert Incident.objects.get().entries.filter(text__startswith="Undoes", by__username="second").exists()


def test_no_and_too_late_change_nothing(practice: PracticeSite, asked: AutomaticRepair) -> None:
    before = state(practice)
    AutomaticRepair.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    row = AutomaticRepair.objects.get()
    with pytest.raises(RepairRefused, match="in time"):
        approving.approve(row, person("second").user, row.plan_digest)
    AutomaticRepair.objects.update(expires_at=timezone.now() + timedelta(hours=1))
    client = Client()
    client.force_login(person("second").user)
    client.post(f"/incidents/{row.incident_id}/automatic/", {"answer": "no"})
    row.refresh_from_db()
    assert (row.state, row.outcome) == ("ended", "refused") and state(practice) == before
    assert "said no" in page("owner", row)
    AutomaticRepair.objects.update(state="asked", outcome="", ended_at=None, expires_at=timezone.now() - timedelta(seconds=1))
    running.sweep()
    row.refresh_from_db()
    assert row.outcome == "expired" and state(practice) == before and not Notification.objects.filter(kind="automatic").exists()
    running.sweep()
    assert AutomaticRepair.objects.count() == 1


def test_yes_to_one_change_is_no_yes_to_another(practice: PracticeSite, asked: AutomaticRepair) -> None:
    """The file was changed since: what was agreed to is not what would be done now."""
    (practice.home / "www" / ".htaccess").write_bytes(b"# new\n" + MISSPELT)
    before = state(practice)
    approving.approve(asked, person("second").user, asked.plan_digest)
    row = AutomaticRepair.objects.get()
    assert (row.state, row.outcome) == ("ended", "nothing") and "another change" in row.message, row.message
    assert state(practice) == before and not Step.objects.exists()
