"""Failures that come now and then: their rate, and what is told when they become worse or better."""

from __future__ import annotations

import pytest

from sites import emails, incident_endings
from sites.models import Incident, Notification
from sites.probing.outcome import Kind
from tests.factories import make_site, make_team, make_user
from tests.sites.samples import after, recover, see

pytestmark = pytest.mark.django_db

MINUTE, HOUR = 60, 3600


@pytest.fixture
def site():
    return make_site(make_team(members=(make_user("alice"),)), name="shop")


def kinds() -> list[str]:
    return list(Notification.objects.order_by("pk").values_list("kind", flat=True))


class TestPattern:
    """At one probe a minute: 1 is a good answer, 0 a failing one; what is suspect is probed again as judging asks for it."""

    def play(self, site, answers: str, start: float = 0.0) -> float:
        seconds = start
        for answer in answers:
            page = site.pages.get()
            see([page], seconds, Kind.OK if answer == "1" else Kind.SERVER_ERROR)
            page.refresh_from_db()
            soon = (page.due_at - after(seconds)).total_seconds() if page.state.get("confirming") and page.due_at else 60.0
            seconds += min(max(soon, 1.0), 60.0)
        return seconds

    def test_failure_now_and_then_has_its_rate_and_mails_say_so(self, site):
        self.play(site, "0" + "11" + "1" * 9 + ("0" + "1" * 12) * 4)
        incident = Incident.objects.get()
        assert (incident.pattern, incident.is_open, incident.confirmed_by) == ("intermittent", True, "5 of the last 52 probes")
        assert 0.06 < incident.rate < 0.1
        mail = emails.render([Notification.objects.get()])
        assert "fails about 1 of 1" in mail.text
        assert "5 of the last 52 probes failed" in mail.text

    def test_failure_now_and_then_that_stays_is_told_once_in_its_thread(self, site):
        at = self.play(site, "010" + "1010" * 4 + "0" * 26)
        incident = Incident.objects.get()
        assert (incident.pattern, incident.rate, kinds()) == ("permanent", None, ["new", "escalation"])
        self.play(site, "1010101001010" + "0" * 26, at)
        assert kinds() == ["new", "escalation"]
        texts = "\n".join(incident.entries.values_list("text", flat=True))
        assert "now it fails every time" in texts
        assert "It no longer fails every time, but fails about" in texts

    def test_site_that_changes_its_face_while_out_of_reach_stays_one_incident(self, site):
        pages = list(site.pages.all())
        for seconds, kind, status, detail in (
            (0, Kind.UNREACHABLE, None, "timeout"), (20, Kind.UNREACHABLE, None, "timeout"), (80, Kind.GATEWAY_ERROR, 503, "http-503"),
            (140, Kind.GATEWAY_ERROR, 503, "http-503"), (200, Kind.UNREACHABLE, None, "refused"), (260, Kind.UNREACHABLE, None, "refused"),
        ):  # fmt: skip
            see(pages, seconds, kind, status=status, detail=detail, excerpt="")
        assert (Incident.objects.get().is_open, kinds()) == (True, ["new"])
        recover(site, 300)
        assert (Incident.objects.get().is_open, kinds()) == (False, ["new", "recovery"])

    def test_repair_forgets_what_came_before(self, site):
        at = self.play(site, "010" + "1010" * 4)
        incident_endings.resolve_by_repair(Incident.objects.get(), now=after(at))
        assert "fails" not in site.pages.get().state
