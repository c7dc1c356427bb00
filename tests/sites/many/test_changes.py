from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from diagnostics.models import RepairCase, Step
from sites import registration
from sites.bulk import insert_rows
from sites.many import bin as sites_bin
from sites.many import changes as bulk_changes
from sites.models import BulkChange, Host, Incident, MaintenanceWindow, Page, Site, SiteImport, Team
from tests.factories import make_host, make_incident, make_site, make_team, make_user
from tests.sites.views.pages import make_mail

pytestmark = pytest.mark.django_db


def undo(change: BulkChange) -> int:
    return bulk_changes.undo(change, list(Team.objects.values_list("pk", flat=True)))


def fleet(count: int, team: Team | None = None, **more: Any) -> list[Site]:
    team = team or make_team()
    return [make_site(team, name=f"s{n:02}", **more) for n in range(count)]


def test_pause_and_resume_of_many_are_taken_back_exactly() -> None:
    user = make_user()
    first, second, paused = fleet(3)
    registration.pause(paused)
    was = Site.objects.get(pk=paused.pk).paused_at
    done = bulk_changes.pause(user, [first.pk, second.pk, paused.pk])
    assert (done.changed, done.change.count, Page.objects.filter(due_at=None).count()) == (2, 2, 3)
    assert Site.objects.get(pk=paused.pk).paused_at == was
    assert undo(done.change) == 2
    assert set(Site.objects.filter(paused_at=None)) == {first, second}
    assert Page.objects.filter(due_at=None).get().site == paused
    assert undo(done.change) == 0
    resumed = bulk_changes.resume(user, [first.pk, paused.pk])
    assert (resumed.changed, Site.objects.filter(paused_at=None).count()) == (1, 3)
    assert undo(resumed.change) == 1
    assert Site.objects.get(pk=paused.pk).paused_at == was


def make_window(team: Team, tag: str) -> MaintenanceWindow:
    values = {"repeats": "daily", "first_day": timezone.now().date(), "start_time": "02:00", "time_zone": "UTC", "duration_s": 3600}
    return MaintenanceWindow.objects.create(team=team, tag=tag, **values)


def test_undone_pause_leaves_the_bin_alone() -> None:
    user = make_user()
    first, binned = fleet(2)
    done = bulk_changes.pause(user, [first.pk, binned.pk])
    bulk_changes.delete(user, [binned.pk])
    assert undo(done.change) == 1
    gone = Site.with_deleted.get(pk=binned.pk)
    assert gone.deleted_at and gone.paused_at
    bulk_changes.write(("paused_at",), {binned.pk: (None,)})
    assert Page.objects.get(site=binned.pk).due_at is None and Page.objects.get(site=first).due_at


def test_site_that_is_in_the_bin_meanwhile_is_not_resumed() -> None:
    site = make_site()
    registration.pause(site)
    bulk_changes.delete(make_user(), [site.pk])
    for act in (registration.resume, registration.pause):
        act(site)
        gone = Site.with_deleted.get(pk=site.pk)
        assert gone.paused_at and gone.deleted_at and Page.objects.get(site=site.pk).due_at is None


def test_renaming_a_tag_takes_its_windows_along_and_back_and_no_others() -> None:
    user, team = make_user(), make_team()
    site = make_site(team, tags="shop")
    ours, theirs = (make_window(team, tag=tag) for tag in ("shop", "sale"))
    done = bulk_changes.rename_tag(user, [site.pk], "shop", "sale", [team.pk])
    assert list(MaintenanceWindow.objects.values_list("tag", flat=True)) == ["sale", "sale"]
    assert undo(done.change) == 1
    assert {window.pk: window.tag for window in MaintenanceWindow.objects.all()} == {ours.pk: "shop", theirs.pk: "sale"}


def test_account_whose_name_looks_like_a_renaming_is_taken_back() -> None:
    user, site = make_user(), make_site()
    host = make_host(site.team, name="a → b → c")
    window = make_window(site.team, tag="b")
    assert undo(bulk_changes.set_host(user, [site.pk], host).change) == 1
    window.refresh_from_db()
    assert window.tag == "b"


def test_import_whose_sites_come_back_keeps_its_accounts() -> None:
    user, site = make_user(), make_site()
    made = [SiteImport.objects.create(team=site.team, source="csv", state="undone") for _ in range(2)]
    hosts = [make_host(site.team, imported_in=each) for each in made]
    for each, take_back in zip(made, (lambda done: undo(done.change), lambda done: sites_bin.restore([site.pk])), strict=True):
        Site.objects.filter(pk=site.pk).update(imported_in=each)
        take_back(bulk_changes.delete(user, [site.pk]))
        each.refresh_from_db()
        assert each.state == SiteImport.State.MADE
    assert sites_bin.prune()["hosts_of_undone_imports"] == 0 and Host.objects.count() == len(hosts)


def test_account_whose_key_a_person_accepted_outlives_its_import() -> None:
    made = SiteImport.objects.create(team=make_team(), source="csv", state="undone")
    make_host(made.team, imported_in=made)
    accepted = make_host(made.team, imported_in=made, host_key="ssh-ed25519 AAAA", host_key_accepted_at=timezone.now())
    assert sites_bin.prune()["hosts_of_undone_imports"] == 1
    assert list(Host.objects.all()) == [accepted]


def test_interval_of_many_begins_new_timetables() -> None:
    sites = fleet(3)
    Page.objects.update(due_at=timezone.now() + timedelta(hours=20))
    done = bulk_changes.set_interval(make_user(), [site.pk for site in sites[:2]], 300)
    assert (done.changed, list(Site.objects.values_list("interval_s", flat=True))) == (2, [300, 300, 60])
    assert Page.objects.filter(due_at__lte=timezone.now()).count() == 2
    assert len(set(Page.objects.values_list("anchor_at", flat=True))) == 3


def test_what_was_changed_again_since_is_not_taken_back() -> None:
    sites = fleet(2)
    done = bulk_changes.set_interval(make_user(), [site.pk for site in sites], 300)
    Site.objects.filter(pk=sites[0].pk).update(interval_s=600)
    assert undo(done.change) == 1
    assert list(Site.objects.values_list("interval_s", flat=True)) == [600, 60]


def test_tags_are_added_removed_and_renamed_as_whole_words() -> None:
    user, team = make_user(), make_team()
    sites = [make_site(team, name=name, tags=tags) for name, tags in (("a", "shop"), ("b", "shopping shop"), ("c", ""))]
    ids = [site.pk for site in sites]

    def tags() -> list[str]:
        return list(Site.objects.values_list("tags", flat=True))

    added = bulk_changes.add_tag(user, ids, "shop")
    assert (added.changed, tags()) == (1, ["shop", "shopping shop", "shop"])
    removed = bulk_changes.remove_tag(user, ids, "shop")
    assert (removed.changed, tags()) == (3, ["", "shopping", ""])
    undo(removed.change)
    bulk_changes.rename_tag(user, ids, "shop", "shopping")
    assert tags() == ["shopping", "shopping", "shopping"]


def test_tag_without_room_changes_nothing() -> None:
    team = make_team()
    sites = [make_site(team, tags="x"), make_site(team, tags=" ".join(["y" * 19] * 10))]
    with pytest.raises(bulk_changes.ChangeRefused, match=f"^{sites[1].name} has no room"):
        bulk_changes.add_tag(make_user(), [site.pk for site in sites], "more")
    assert Site.objects.get(pk=sites[0].pk).tags == "x" and not BulkChange.objects.exists()


def test_host_of_another_team_is_refused_and_one_removed_since_does_not_come_back() -> None:
    user, team = make_user(), make_team()
    sites = fleet(2, team)
    ids = [site.pk for site in sites]
    with pytest.raises(bulk_changes.ChangeRefused):
        bulk_changes.set_host(user, ids, make_host())
    host = make_host(team)
    assert bulk_changes.set_host(user, ids, host).changed == 2
    off = bulk_changes.set_host(user, ids, None)
    host.delete()
    assert undo(off.change) == 0
    assert Site.objects.filter(host=None).count() == 2


def test_mute_of_many_and_its_end() -> None:
    sites = fleet(2)
    until = timezone.now() + timedelta(hours=4)
    done = bulk_changes.mute(make_user(), [site.pk for site in sites], until)
    assert Site.objects.filter(muted_until=until).count() == done.changed == 2
    assert undo(done.change) == 2 and Site.objects.filter(muted_until=None).count() == 2


def test_probe_of_many_makes_what_is_not_paused_due() -> None:
    running, paused = fleet(2)
    registration.pause(paused)
    Page.objects.filter(site=running).update(due_at=timezone.now() + timedelta(hours=1))
    assert bulk_changes.probe([running.pk, paused.pk]) == 1
    assert running.pages.get().due_at <= timezone.now() and paused.pages.get().due_at is None


def test_deleted_sites_are_gone_from_everything_and_come_back_with_their_history() -> None:
    team = make_team()
    user = make_user(team=team)
    site, other = fleet(2, team)
    waiting = [make_mail(each, make_incident(each), state="queued") for each in (site, other)]
    done = bulk_changes.delete(user, [site.pk])
    assert [type(mail).objects.get(pk=mail.pk).state for mail in waiting] == ["suppressed", "queued"]
    assert list(Site.objects.all()) == [other] and list(team.sites.all()) == [other]
    assert site.pages.get().due_at is None and list(sites_bin.deleted_sites(user)) == [site]
    again = make_site(team, name="s00")  # its name is free
    assert undo(done.change) == 1
    back = Site.objects.get(pk=site.pk)
    assert (back.name, back.paused_at, again.name) == ("s00 (2)", None, "s00")
    assert back.incidents.count() == 1 and back.pages.get().due_at <= timezone.now()


def test_site_paused_before_is_paused_after_the_bin() -> None:
    user = make_user()
    running, paused = fleet(2)
    registration.pause(paused, timezone.now() + timedelta(hours=1))
    was = Site.objects.get(pk=paused.pk)
    bulk_changes.delete(user, [running.pk, paused.pk])
    assert registration.resume_due(timezone.now() + timedelta(hours=2)) == 0  # not while it is in the bin
    assert sites_bin.restore([running.pk, paused.pk]) == 2
    back = Site.objects.get(pk=paused.pk)
    assert (back.paused_at, back.paused_until) == (was.paused_at, was.paused_until)
    assert Site.objects.get(pk=running.pk).paused_at is None


def test_site_in_repair_is_neither_deleted_nor_moved() -> None:
    user, team = make_user(), make_team()
    free, busy = fleet(2, team)
    case = RepairCase.objects.create(site=busy, opened_at=timezone.now())
    Step.objects.create(case=case, guide_step="htaccess", action="repair", title="x", state=Step.State.QUEUED, created_at=timezone.now())
    deleted = bulk_changes.delete(user, [free.pk, busy.pk])
    assert (deleted.changed, deleted.in_work, list(Site.objects.all())) == (1, 1, [busy])
    assert bulk_changes.set_host(user, [busy.pk], make_host(team)).in_work == 1
    assert bulk_changes.pause(user, [busy.pk]).changed == 1


def test_bin_is_emptied_after_a_week_and_not_before() -> None:
    user = make_user()
    old, young, kept = fleet(3)
    made = SiteImport.objects.create(team=old.team, source="csv", state="undone")
    make_host(old.team, imported_in=made)
    used = make_host(old.team, imported_in=made)
    Site.objects.filter(pk=kept.pk).update(host=used)
    make_incident(old)
    bulk_changes.delete(user, [old.pk, young.pk])
    Site.with_deleted.filter(pk=old.pk).update(deleted_at=timezone.now() - timedelta(days=7, minutes=1))
    BulkChange.objects.update(at=timezone.now() - timedelta(days=8))
    pruned = sites_bin.prune()
    assert (pruned["deleted_sites"], pruned["bulk_changes"], pruned["hosts_of_undone_imports"]) == (1, 1, 1)
    assert set(Site.with_deleted.all()) == {young, kept} and not Incident.objects.exists()
    assert list(Host.objects.all()) == [used]


def test_previews_are_removed_after_an_hour() -> None:
    team = make_team()
    for hours, state in ((2, "preview"), (0, "preview"), (2, "made")):
        row = SiteImport.objects.create(team=team, source="csv", state=state, sealed_rows=b"x")
        SiteImport.objects.filter(pk=row.pk).update(at=timezone.now() - timedelta(hours=hours))
    assert sites_bin.remove_old_previews() == 1
    assert sorted(SiteImport.objects.values_list("state", flat=True)) == ["made", "preview"]


@pytest.mark.parametrize("verb", ["pause", "interval", "tag", "mute", "delete"])
def test_a_thousand_sites_cost_as_many_statements_as_ten(verb: str) -> None:
    team, user = make_team(), make_user()
    if connection.vendor == "postgresql":  # what it knows of tables that were empty when it looked is the worst to plan with
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE sites_site, sites_page")
    Site.objects.bulk_create(Site(team=team, name=f"s{n}", url=f"https://s{n}.example/") for n in range(1000))
    ids = list(Site.objects.values_list("pk", flat=True))
    now = timezone.now()
    columns = [field.name for field in Page._meta.concrete_fields if field.name != "id"]
    defaults = {field.name: field.get_default() for field in Page._meta.concrete_fields}
    insert_rows(Page, columns, [[(defaults | {"site": pk, "due_at": now, "anchor_at": now})[name] for name in columns] for pk in ids])

    def change(some: list[int]) -> Any:
        if verb == "interval":
            return bulk_changes.set_interval(user, some, 120)
        if verb == "tag":
            return bulk_changes.add_tag(user, some, "client")
        if verb == "mute":
            return bulk_changes.mute(user, some, now + timedelta(hours=1))
        return bulk_changes.pause(user, some) if verb == "pause" else bulk_changes.delete(user, some)

    counts = []
    for some in (ids[:10], ids[10:]):
        with CaptureQueriesContext(connection) as captured:
            done = change(some)
        counts.append(len(captured))
        assert done.changed == len(some)
    assert counts[0] == counts[1] < 15
    assert undo(done.change) == 990
