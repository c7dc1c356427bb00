"""Who has a repair: handed over by name, mailed, taken, handed back; the incident's page says the same."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AbstractBaseUser
from django.core import mail
from django.utils import timezone

from diagnostics import repairing
from diagnostics.cases import log, notes, people
from diagnostics.models import CaseEntry, RepairCase
from sites import delivery, notifications
from sites.models import Incident, IncidentEntry, Membership, Notification
from tests.diagnostics.views.cases import Scene, make_scene
from tests.factories import make_team, make_user

pytestmark = pytest.mark.django_db
SECRET = "DB_PASSWORD=hunter2-very-secret"


@pytest.fixture
def scene() -> Scene:
    return make_scene()


@pytest.fixture
def anna(scene: Scene) -> AbstractBaseUser:
    return make_user("anna", team=scene.site.team, first_name="Anna", last_name="Berg")


@pytest.fixture
def ben(scene: Scene) -> AbstractBaseUser:
    return make_user("ben", team=scene.site.team, role="editor")


def incident_of(scene: Scene) -> Incident:
    return Incident.objects.get(pk=scene.diagnosis.incident_id)


def mails() -> list[Notification]:
    return list(Notification.objects.filter(kind="hand-over"))


def test_person_it_is_handed_to_has_it_is_mailed_and_finds_it_in_their_list(
    scene: Scene, anna: AbstractBaseUser, ben: AbstractBaseUser, settings: object
) -> None:
    settings.SITEMEND_MAIL_BY_SMTP = True  # type: ignore[attr-defined]
    assert people.hand_over(scene.case, anna, ben, "The host has been asked.")
    assert [case.pk for case in people.held_by(ben)] == [scene.case.pk] and not people.held_by(anna)
    found = people.holding(RepairCase.objects.get())
    assert found and (found.who, found.waits, found.by, found.words) == (ben, True, anna, "The host has been asked.")
    delivery.deliver_due()
    assert [message.to for message in mail.outbox] == [["ben@example.org"]]
    sent = mail.outbox[0]
    assert sent.subject == "Shop: Anna Berg hands the repair over to you"
    assert "The host has been asked." in sent.body and f"/repairs/{scene.case.pk}/" in sent.body and "Anna Berg named you" in sent.body
    page = str(sent.alternatives[0][0])
    assert "The host has been asked." in page and f"/repairs/{scene.case.pk}/" in page


def test_mail_to_a_named_person_leaves_also_where_the_site_is_muted_and_they_want_no_mail_of_the_team(
    scene: Scene, anna: AbstractBaseUser, ben: AbstractBaseUser
) -> None:
    Membership.objects.filter(user=ben).update(wants_mail=False)
    type(scene.site).objects.update(muted_until=timezone.now() + timezone.timedelta(hours=5))
    people.hand_over(scene.case, anna, ben)
    assert [(row.recipient, row.state) for row in mails()] == [("ben@example.org", "queued")]


def test_person_without_an_address_has_it_and_nobody_is_mailed(scene: Scene, anna: AbstractBaseUser) -> None:
    cleo = make_user("cleo", email="", team=scene.site.team)
    assert not people.hand_over(scene.case, anna, cleo)
    assert RepairCase.objects.get().holder == cleo and not mails()


def test_repair_is_handed_only_to_members_who_may_change_things(scene: Scene, anna: AbstractBaseUser) -> None:
    others = [make_user(team=make_team()), make_user(team=scene.site.team, role="reader"), make_user(team=scene.site.team, is_active=False)]
    for other in others:
        with pytest.raises(people.NotHandedOver):
            people.hand_over(scene.case, anna, other)
    assert not CaseEntry.objects.exists() and not mails()


def test_yes_of_the_person_is_noted_once_and_stands_on_the_incident(scene: Scene, anna: AbstractBaseUser, ben: AbstractBaseUser) -> None:
    people.hand_over(scene.case, anna, ben)
    assert incident_of(scene).acknowledged_by is None
    for _ in range(2):
        people.take(RepairCase.objects.get(), ben)
    found = people.holding(RepairCase.objects.get())
    assert found and (found.who, found.waits) == (ben, False)
    assert [entry.kind for entry in CaseEntry.objects.all()] == ["handed-over", "taken"]
    assert incident_of(scene).acknowledged_by == ben


def test_incident_of_whoever_hands_it_over_is_no_longer_theirs(scene: Scene, anna: AbstractBaseUser, ben: AbstractBaseUser) -> None:
    people.take(scene.case, anna)
    assert incident_of(scene).acknowledged_by == anna
    people.hand_over(RepairCase.objects.get(), anna, ben)
    assert incident_of(scene).acknowledged_by is None
    told = [entry.text for entry in incident_of(scene).entries.all()]
    assert told == ["Has taken it.", "Has handed it back.", "Has handed the repair over to ben."]


def test_handing_to_the_same_person_twice_mails_once(scene: Scene, anna: AbstractBaseUser, ben: AbstractBaseUser) -> None:
    people.hand_over(scene.case, anna, ben)
    with pytest.raises(people.NotHandedOver, match="ben has it already"):
        people.hand_over(RepairCase.objects.get(), anna, ben)
    assert len(mails()) == 1


def test_handed_back_repair_is_nobodys(scene: Scene, anna: AbstractBaseUser) -> None:
    people.take(scene.case, anna)
    people.hand_back(RepairCase.objects.get(), anna)
    assert people.holding(RepairCase.objects.get()) is None and incident_of(scene).acknowledged_by is None


def test_closed_repair_is_passed_to_nobody_and_leaves_the_list(scene: Scene, anna: AbstractBaseUser) -> None:
    people.take(scene.case, anna)
    repairing.close_case(scene.case, anna, "well")
    assert not people.held_by(anna)
    with pytest.raises(people.NotHandedOver, match="closed"):
        people.hand_back(RepairCase.objects.get(), anna)


def test_secret_in_a_note_or_a_hand_over_is_not_stored(scene: Scene, anna: AbstractBaseUser, ben: AbstractBaseUser) -> None:
    notes.add(scene.case, anna, f"They wrote {SECRET} to me.")
    people.hand_over(scene.case, anna, ben, f"Try {SECRET}.")
    assert not [entry for entry in CaseEntry.objects.all() if "hunter2" in entry.text]
    assert "hunter2" not in str(mails()[0].details)


def test_mail_that_named_somebody_does_not_hide_that_people_heard_it_is_over(
    scene: Scene, anna: AbstractBaseUser, ben: AbstractBaseUser
) -> None:
    incident = incident_of(scene)
    notifications.incident_recovered(incident, timezone.now())
    people.hand_over(scene.case, anna, ben)
    assert notifications.heard_it_is_over(incident)


def test_log_names_everybody_and_keeps_that_a_note_was_removed(scene: Scene, anna: AbstractBaseUser, ben: AbstractBaseUser) -> None:
    note = notes.add(scene.case, anna, "A word that must go.")
    notes.add(scene.case, ben, "The cache was emptied.")
    scene.step("done-verified", created_by=ben)
    people.hand_over(scene.case, anna, ben, "Your turn.")
    assert notes.remove(note, ben) and not notes.remove(note, ben)
    told = [(moment.text, moment.by) for moment in log.everything(scene.case)]
    assert ("Handed it over to ben. Your turn.", "Anna Berg") in told and ("Wrote a note: The cache was emptied.", "ben") in told
    assert ("Wrote a note that was removed later.", "Anna Berg") in told and ("Removed a note.", "ben") in told
    assert any(text.startswith("Correct line 6 of www/.htaccess: Done, verified.") and by == "ben" for text, by in told)
    assert "A word that must go." not in str(told)
    assert not [moment for moment in log.timeline(scene.case) if "note" in moment.text or "Your turn" in moment.text]


def test_note_is_removed_by_its_author_or_an_owner_only(scene: Scene, anna: AbstractBaseUser, ben: AbstractBaseUser) -> None:
    note = notes.add(scene.case, anna, "x")
    assert notes.may_remove(note, anna, is_owner=False) and notes.may_remove(note, ben, is_owner=True)
    assert not notes.may_remove(note, ben, is_owner=False)


def test_handing_over_is_one_line_of_the_log_also_where_a_second_begins_between(
    scene: Scene, anna: AbstractBaseUser, ben: AbstractBaseUser
) -> None:
    people.take(scene.case, anna)
    people.hand_over(RepairCase.objects.get(), anna, ben, "Please go on.")
    whole = timezone.now().replace(microsecond=0)
    CaseEntry.objects.update(at=whole - timezone.timedelta(milliseconds=5))
    IncidentEntry.objects.filter(by=anna).update(at=whole + timezone.timedelta(milliseconds=5))
    told = [moment.text for moment in log.everything(RepairCase.objects.get()) if moment.by == "Anna Berg"]
    assert sorted(told) == ["Handed it over to ben. Please go on.", "Took it."]
