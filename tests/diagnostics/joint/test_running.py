"""One cause on several sites of a real account: one first, then the others, each with its own plan; stopped, resumed, undone."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import AbstractBaseUser

from diagnostics import repairing, tasks
from diagnostics.joint import planning, running, showing
from diagnostics.models import JointRepair, Step
from diagnostics.repairing import RepairRefused
from sites.models import Incident, Site
from sites.probing_now import probe_now
from tests.diagnostics.joint.sites_made import FAULT, Account, account, states, work
from tests.factories import make_user
from tests.lab.apache import why_missing

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(bool(why_missing()), reason=why_missing() or "Apache is there"),
]
SOUND = b"Options -Indexes\n"


def begun(made: Account, name: str, user: AbstractBaseUser | None = None) -> JointRepair:
    found = {each.site.name: each for each in planning.candidates(planning.group_of(made.incident(name)))}
    return running.begin(made.incident(name), found[name].site.pk, found[name].offer.digest, user)


def allowed(joint: JointRepair, user: AbstractBaseUser | None = None, *names: str) -> None:
    """A person says yes to these others, or to all, as they are shown now."""
    shown = [each for each in running.others(joint) if each.offer and (not names or each.site.name in names)]
    running.allow(joint, {each.site.pk: each.offer.digest for each in shown}, user)


def fresh(joint: JointRepair) -> JointRepair:
    return JointRepair.objects.get(pk=joint.pk)


def test_one_is_repaired_first_then_the_others_and_all_is_undone_to_the_byte(tmp_path: Path) -> None:
    with account(tmp_path, bakery=FAULT, garage=SOUND + FAULT, hotel=SOUND * 3 + FAULT) as made:
        made.fail()
        user, before = make_user(team=made.sites["bakery"].team), made.tree()
        assert {each.site.name for each in planning.group_of(made.incident("hotel"))} == {"bakery", "garage", "hotel"}
        joint = begun(made, "garage", user)
        work()
        assert states(joint) == {"garage": ("started", "done-verified"), "bakery": ("waiting", ""), "hotel": ("waiting", "")}
        assert made.tree("bakery", "hotel") == {name: before[name] for name in ("bakery", "hotel")}, "nobody said yes to them"
        assert made.tree("garage") != {"garage": before["garage"]}
        found = running.others(fresh(joint))
        assert len({each.offer.digest for each in found if each.offer}) == 2, "each has a plan of its own"
        allowed(joint, user)
        work()
        assert set(states(joint).values()) == {("started", "done-verified")}
        assert fresh(joint).ended_at and not fresh(joint).stopped
        assert not Incident.objects.filter(resolved_at=None).exists()
        assert {step.created_by for step in Step.objects.filter(action="repair")} == {user}
        assert all(step.journal.count() == 1 for step in Step.objects.filter(action="repair"))
        assert showing.page(fresh(joint))["headline"] == "3 sites were repaired."
        assert running.undo_all(joint, user) == (3, [])
        assert running.undo_all(joint, user) == (0, []), "asked for once"
        assert showing.page(fresh(joint))["headline"] == "It is being undone."
        work()
        assert made.tree() == before
        assert showing.page(fresh(joint))["headline"] == "All 3 changes were undone."


def test_it_stops_at_the_first_that_is_not_cured(tmp_path: Path) -> None:
    with account(tmp_path, bakery=FAULT, garage=FAULT + b"Redirect 503 /\n", hotel=FAULT) as made:
        made.fail()
        joint, hotel = begun(made, "bakery"), made.tree("hotel")
        work()
        allowed(joint)
        work()
        found = states(joint)
        assert found["bakery"] == ("started", "done-verified") and found["hotel"] == ("left", "")
        assert found["garage"][0] == "started" and found["garage"][1] != "done-verified"
        assert fresh(joint).stopped == "garage was not cured, so nothing is changed on the others."
        assert made.tree("hotel") == hotel


def test_others_are_never_touched_where_the_first_was_not_cured(tmp_path: Path) -> None:
    with account(tmp_path, bakery=FAULT + b"Redirect 503 /\n", garage=FAULT) as made:
        made.fail()
        joint, garage = begun(made, "bakery"), made.tree("garage")
        work()
        assert fresh(joint).ended_at and fresh(joint).proven_at is None
        with pytest.raises(RepairRefused):
            allowed(joint)
        work()
        assert made.tree("garage") == garage


def test_file_that_changed_since_it_was_shown_is_left_and_the_run_stops(tmp_path: Path) -> None:
    with account(tmp_path, bakery=FAULT, garage=FAULT, hotel=FAULT) as made:
        made.fail()
        joint = begun(made, "bakery")
        work()
        allowed(joint)
        made.put("garage", b"# somebody was here\n" + FAULT)
        before = made.tree("garage", "hotel")
        work()
        assert states(joint)["garage"] == ("started", "stale") and states(joint)["hotel"] == ("left", "")
        assert made.tree("garage", "hotel") == before


def test_run_goes_on_after_a_crash_and_begins_no_site_twice(tmp_path: Path) -> None:
    with account(tmp_path, bakery=FAULT, garage=FAULT) as made:
        made.fail()
        joint = begun(made, "bakery")
        step = Step.objects.get(action="repair")
        for _ in range(3):
            running.sweep()
        assert Step.objects.filter(action="repair").count() == 1
        repairing.run_step(step.pk)  # its worker dies before it tells the run
        assert fresh(joint).proven_at is None
        tasks.recover_journal()
        assert fresh(joint).proven_at
        work()
        allowed(joint)
        for _ in range(3):
            running.advance(joint.pk)
        assert Step.objects.filter(action="repair").count() == 2
        work()
        assert set(states(joint).values()) == {("started", "done-verified")} and fresh(joint).ended_at


def test_site_that_recovered_meanwhile_is_left_alone(tmp_path: Path) -> None:
    with account(tmp_path, bakery=FAULT, garage=FAULT, hotel=FAULT) as made:
        made.fail()
        joint = begun(made, "bakery")
        work()
        allowed(joint)
        made.put("hotel", SOUND)
        Site.objects.filter(name="hotel").update(verdict="up")
        Incident.objects.filter(site__name="hotel").update(resolved_at=fresh(joint).proven_at)
        before = made.tree("hotel")
        work()
        assert states(joint)["hotel"] == ("well", "") and made.tree("hotel") == before
        assert fresh(joint).ended_at and not fresh(joint).stopped


def test_only_what_was_marked_is_changed_and_what_was_not_shown_is_refused(tmp_path: Path) -> None:
    with account(tmp_path, bakery=FAULT, garage=FAULT, hotel=FAULT) as made:
        made.fail()
        with pytest.raises(RepairRefused):
            running.begin(made.incident("bakery"), made.sites["bakery"].pk, "0" * 64, None)
        joint = begun(made, "bakery")
        with pytest.raises(RepairRefused):
            begun(made, "garage")
        work()
        for wrong in ({made.sites["garage"].pk: "0" * 64}, {99: "x"}, {}):
            with pytest.raises(RepairRefused):
                running.allow(joint, wrong, None)
        before = made.tree("hotel")
        allowed(joint, None, "garage")
        work()
        assert states(joint)["hotel"] == ("left", "") and made.tree("hotel") == before
        assert probe_now(made.sites["garage"]).verdict in ("up", "suspect")
