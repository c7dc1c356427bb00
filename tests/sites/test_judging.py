from __future__ import annotations

import itertools
import json
import random
from datetime import UTC, datetime, timedelta

import pytest

from sites import judging, spells
from sites.judging import PageState, Pattern, Policy, Scope, Verdict, judge

START = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
POLICY = Policy()
UP = PageState(verdict=Verdict.UP, kind="ok", since=START, last_at=START)
KINDS = {True: "ok", False: "server-error"}


def run(state: PageState, samples: list[tuple[float, str]], policy: Policy = POLICY) -> list[judging.Judged]:
    found = []
    for seconds, kind in samples:
        judged = judge(state, kind, START + timedelta(seconds=seconds), policy)
        state = judged.state
        found.append(judged)
    return found


def verdicts(found: list[judging.Judged]) -> list[str]:
    return [str(judged.state.verdict) for judged in found]


def test_new_page_is_up_after_one_good_probe():
    judged = judge(PageState(), "ok", START, POLICY)
    assert (judged.state.verdict, judged.transition.old, judged.transition.new) == ("up", "unknown", "up")
    assert judged.next_after_s is None


def test_first_failure_makes_suspect_and_asks_again_after_five_seconds():
    judged = judge(UP, "server-error", START + timedelta(seconds=60), POLICY)
    assert (judged.state.verdict, judged.next_after_s) == ("suspect", 5.0)
    assert judged.state.failing_since == START + timedelta(seconds=60)


def test_second_failure_makes_down_and_says_why():
    last = run(UP, [(60, "server-error"), (65, "server-error")])[-1]
    assert last.state.verdict == "down"
    assert last.transition == judging.Transition(
        "suspect", "down", START + timedelta(seconds=65), "2 of 2 probes failed in 5 s", "server-error"
    )
    assert last.next_after_s == 60.0


def test_mixed_confirmation_is_decided_by_the_third_sample():
    bad = run(UP, [(60, "server-error"), (65, "ok"), (80, "server-error")])
    assert verdicts(bad) == ["suspect", "suspect", "down"]
    assert bad[1].next_after_s == 15.0
    assert bad[2].transition.why == "2 of 3 probes failed in 20 s"
    good = run(UP, [(60, "server-error"), (65, "ok"), (80, "ok")])
    assert verdicts(good) == ["suspect", "suspect", "up"]
    assert good[2].transition.why == "1 of 3 probes failed in 20 s"
    assert good[2].next_after_s is None


def test_new_page_that_fails_is_confirmed_as_well():
    assert verdicts(run(PageState(), [(0, "server-error"), (5, "server-error")])) == ["suspect", "down"]


@pytest.mark.parametrize("kind", ["unreachable", "gateway-error", "truncated"])
def test_server_that_is_started_again_is_no_failure(kind):
    """Some seconds without an answer, or a 503 from in front: it must be there at the last of the three samples."""
    over = run(UP, [(60, kind), (65, kind), (80, "ok")])
    assert verdicts(over) == ["suspect", "suspect", "up"]
    assert over[1].next_after_s == 15.0
    assert verdicts(run(UP, [(60, kind), (65, kind), (80, kind)])) == ["suspect", "suspect", "down"]
    assert verdicts(run(UP, [(60, kind), (65, "ok"), (80, kind)])) == ["suspect", "suspect", "up"]
    assert verdicts(run(UP, [(60, kind), (76, kind)])) == ["suspect", "down"]
    assert verdicts(run(UP, [(60, kind), (65, kind)], Policy(restart_s=0))) == ["suspect", "down"]


def test_recovery_needs_two_good_probes_thirty_seconds_apart():
    down = run(UP, [(60, "server-error"), (65, "server-error")])[-1].state
    first, early, enough = run(down, [(120, "ok"), (140, "ok"), (150, "ok")])
    assert (first.state.verdict, first.next_after_s) == ("down", 30.0)
    assert (early.state.verdict, early.next_after_s) == ("down", 10.0)
    assert (enough.state.verdict, enough.transition.why) == ("up", "3 good probes in a row in 30 s")
    assert enough.state.failing_since is None


def test_recovery_starts_anew_after_a_failure():
    down = run(UP, [(60, "server-error"), (65, "server-error")])[-1].state
    assert verdicts(run(down, [(120, "ok"), (150, "server-error"), (180, "ok"), (210, "ok")])) == ["down", "down", "down", "up"]


def test_kind_of_a_down_page_stays_the_failure_until_it_is_up():
    down = run(UP, [(60, "server-error"), (65, "white-page")])[-1].state
    found = run(down, [(120, "ok"), (150, "ok")])
    assert [judged.state.kind for judged in found] == ["white-page", "ok"]


def test_down_page_is_probed_at_its_interval_or_every_minute():
    for interval, expected in ((20.0, 20.0), (600.0, 60.0)):
        policy = Policy(interval_s=interval)
        assert run(UP, [(1, "server-error"), (6, "server-error")], policy)[-1].next_after_s == expected


def test_sample_that_is_not_later_changes_nothing():
    suspect = run(UP, [(60, "server-error")])[-1].state
    again = judge(suspect, "server-error", START + timedelta(seconds=60), POLICY)
    assert again.state == suspect
    assert again.transition is None
    assert again.next_after_s == 5.0


def test_clock_put_back_does_not_silence_a_page():
    ahead = PageState(verdict=Verdict.UP, kind="ok", last_at=START + timedelta(days=1))
    assert verdicts(run(ahead, [(0, "server-error"), (5, "server-error")])) == ["suspect", "down"]
    late = run(UP, [(300, "ok"), (60, "server-error")])
    assert verdicts(late) == ["up", "up"]


@pytest.mark.parametrize("position", range(12))
@pytest.mark.parametrize("gap", [1, 5, 60, 3600])
def test_no_single_bad_sample_ever_makes_down(position, gap):
    samples = [(60 + gap * n, "server-error" if n == position else "ok") for n in range(12)]
    for start in (PageState(), UP):
        assert "down" not in verdicts(run(start, samples))


def test_down_always_rests_on_two_bad_samples_of_one_spell():
    for bits in itertools.product((True, False), repeat=9):
        found = run(UP, [(60 + 20 * n, KINDS[good]) for n, good in enumerate(bits)])
        for n, judged in enumerate(found):
            if judged.transition and judged.transition.new == "down":
                assert bits[max(0, n - 2) : n + 1].count(False) >= 2
            if judged.transition and judged.transition.old == "down":
                assert bits[n - 1 : n + 1] == (True, True)


def test_permanent_failure_is_always_confirmed_by_its_second_sample():
    for gap in (1, 5, 60, 700, 90_000):
        assert verdicts(run(UP, [(60, "server-error"), (60 + gap, "server-error")]))[-1] == "down"


def test_mixed_confirmation_does_not_span_a_long_gap():
    assert verdicts(run(UP, [(60, "server-error"), (65, "ok"), (7200, "server-error")])) == ["suspect"] * 3


def test_random_outcomes_never_break_the_rules():
    rng = random.Random(7)
    kinds = ["ok", "server-error", "blocked", "maintenance", "unreachable"]
    for _ in range(200):
        state, at = PageState(), START
        for _ in range(60):
            at += timedelta(seconds=rng.choice([1, 5, 20, 30, 60, 2000]))
            judged = judge(state, rng.choice(kinds), at, POLICY)
            assert (judged.transition is not None) == (judged.state.verdict != state.verdict)
            assert judged.next_after_s is None or 1.0 <= judged.next_after_s <= 3600.0
            assert judged.state.fails.bit_length() <= spells.MEMORY
            assert len(judged.state.samples) <= POLICY.failure_samples
            assert judging.state_from_json(json.loads(json.dumps(judging.state_to_json(judged.state)))) == judged.state
            state = judged.state


def test_blocked_is_unknown_and_backs_off_to_an_hour():
    found = run(UP, [(60 * (n + 1), "blocked") for n in range(8)])
    assert verdicts(found) == ["unknown"] * 8
    assert [judged.next_after_s for judged in found] == [120, 240, 480, 960, 1920, 3600, 3600, 3600]
    assert found[-1].state.blocked_since == START + timedelta(seconds=60)
    after = judge(found[-1].state, "ok", START + timedelta(hours=1), POLICY)
    assert (after.state.verdict, after.state.blocked_times, after.next_after_s) == ("up", 0, None)


def test_blocked_backs_off_never_below_the_interval():
    assert run(UP, [(60, "blocked")], Policy(interval_s=7200))[0].next_after_s == 7200


def test_maintenance_is_up_until_it_is_stuck():
    minutes = [(60 * n, "maintenance") for n in range(1, 40)]
    found = run(UP, minutes)
    assert verdicts(found)[:30] == ["up"] * 30
    assert verdicts(found)[30:32] == ["suspect", "down"]
    assert found[-1].state.kind == "maintenance"
    assert found[-1].state.maintenance_since == START + timedelta(seconds=60)


def test_maintenance_in_a_window_is_never_stuck():
    state = UP
    for n in range(1, 100):
        state = judge(state, "maintenance", START + timedelta(minutes=n), POLICY, in_window=True).state
    assert state.verdict == "up"


def test_policy_refuses_to_decide_by_one_sample():
    with pytest.raises(ValueError, match="two bad samples"):
        Policy(failure_threshold=1)
    with pytest.raises(ValueError, match="two good samples"):
        Policy(recovery_good=1)


def test_second_failure_after_a_recovery_is_permanent_again():
    samples = [(60, "server-error"), (65, "server-error"), (125, "ok"), (155, "ok"), (215, "server-error"), (220, "server-error")]
    last = run(UP, samples)[-1].state
    assert judging.site_pattern([last]) == Pattern.PERMANENT


def at_rate(share: float, count: int, seed: int = 1) -> list[str]:
    rng = random.Random(seed)
    return ["server-error" if rng.random() < share else "ok" for _ in range(count)]


def follow(kinds: list[str], state: PageState = UP) -> list[judging.Judged]:
    """Probed when the state asks for it, else every minute."""
    found, at = [], state.last_at or START
    for kind in kinds:
        at += timedelta(seconds=min(found[-1].next_after_s or 60.0 if found else 60.0, 60.0))
        found.append(judge(state, kind, at, POLICY))
        state = found[-1].state
    return found


def test_blip_and_a_failure_that_stays_much_later_is_permanent():
    found = follow(["server-error", *["ok"] * 17, *["server-error"] * 4])
    assert found[-1].state.verdict == "down"
    assert judging.pattern(found[-1].state) == Pattern.PERMANENT


def test_page_that_bounces_between_good_and_bad_becomes_one_failure_with_its_rate():
    found = follow(at_rate(0.5, 200, seed=3))
    assert [judged.state.verdict for judged in found[30:]] == ["down"] * 170
    assert judging.pattern(found[-1].state) == Pattern.INTERMITTENT
    assert 0.4 < judging.failure_rate(found[-1].state) < 0.6


@pytest.mark.parametrize(("share", "seed"), [(share, seed) for share in (0.05, 0.07, 0.1) for seed in range(5)])
def test_failure_that_quick_probes_dismiss_each_time_is_seen_within_some_hours(share, seed):
    found = follow(at_rate(share, 600, seed))
    downs = [n for n, judged in enumerate(found) if judged.state.verdict == "down"]
    assert downs
    assert judging.pattern(found[downs[-1]].state) == Pattern.INTERMITTENT
    assert share / 2 < judging.failure_rate(found[downs[-1]].state) < share * 3


def test_blips_far_apart_are_nothing():
    found = follow([*["server-error", *["ok"] * 60] * 8])
    assert {judged.state.verdict for judged in found} == {"up", "suspect"}


def test_fifth_blip_within_a_hundred_probes_is_a_failure_now_and_then():
    found = follow([*["server-error", *["ok"] * 20] * 5])
    [down] = [judged for judged in found if judged.transition and judged.transition.new == "down"]
    assert down.transition.why == "5 of the last 85 probes failed, now and then"
    assert (judging.pattern(down.state), down.state.samples) == (Pattern.INTERMITTENT, (False,))


def test_failure_now_and_then_needs_more_good_probes_than_luck_brings():
    down = follow(at_rate(0.5, 60, seed=3))[-1].state
    after = follow(["ok"] * 40, down)
    assert {judged.next_after_s for judged in after[:6]} == {30.0}
    first_up = next(n for n, judged in enumerate(after) if judged.state.verdict == "up")
    assert 7 <= first_up <= 15
    assert judging.pattern(after[first_up].state) == Pattern.NONE


def test_failure_now_and_then_that_stays_is_permanent_and_the_reverse():
    state = follow(at_rate(0.5, 60, seed=3))[-1].state
    stays = follow(["server-error"] * 26, state)
    assert judging.pattern(stays[2].state) == Pattern.INTERMITTENT
    assert judging.pattern(stays[-1].state) == Pattern.PERMANENT
    long = follow(["server-error"] * 100)[-1].state
    assert judging.pattern(long) == Pattern.PERMANENT
    assert judging.pattern(follow(at_rate(0.5, 60), long)[-1].state) == Pattern.INTERMITTENT


def test_one_good_answer_in_a_long_failure_does_not_make_it_one_now_and_then():
    found = follow([*["server-error"] * 30, "ok", *["server-error"] * 2])
    assert judging.pattern(found[-1].state) == Pattern.PERMANENT


def test_failures_of_yesterday_are_forgotten():
    state, at = UP, START
    for _ in range(8):
        at += timedelta(hours=25)
        for seconds, kind in ((0, "server-error"), (5, "ok"), (20, "ok")):
            state = judge(state, kind, at + timedelta(seconds=seconds), POLICY).state
            assert state.verdict != "down"


def test_site_takes_the_worst_of_its_pages():
    down = PageState(verdict="down", kind="server-error", fails=0b11, taken=2)
    suspect = PageState(verdict="suspect", kind="unreachable", fails=0b1, taken=1)
    unknown = PageState(verdict="unknown", kind="blocked")
    assert judging.site_verdict([]) == Verdict.UNKNOWN
    assert judging.site_verdict([UP, unknown]) == Verdict.UNKNOWN
    assert judging.site_verdict([UP, suspect, unknown]) == Verdict.SUSPECT
    assert judging.site_verdict([UP, suspect, down]) == Verdict.DOWN
    assert judging.site_kind([UP, suspect, down]) == "server-error"
    assert judging.site_kind([PageState()]) == ""
    assert [judging.scope(pages) for pages in ([UP], [UP, down], [suspect, down])] == [Scope.NONE, Scope.SOME, Scope.ALL]
    assert judging.site_pattern([UP, down]) == Pattern.PERMANENT
    assert judging.site_pattern([UP]) == Pattern.NONE


def test_flapping_counts_the_last_hour():
    times = [START + timedelta(minutes=5 * n) for n in range(6)]
    assert judging.is_flapping(times, START + timedelta(minutes=30))
    assert not judging.is_flapping(times[:5], START + timedelta(minutes=30))
    assert not judging.is_flapping(times, START + timedelta(minutes=61))


def test_state_json_leaves_out_what_is_default_and_ignores_the_unknown():
    assert judging.state_to_json(PageState()) == {}
    assert judging.state_from_json({"from_the_future": 1}) == PageState()
    assert judging.state_to_json(UP) == {"verdict": "up", "kind": "ok", "since": START.isoformat(), "last_at": START.isoformat()}


def test_good_probe_of_a_clock_that_was_ahead_does_not_hold_back_the_recovery():
    down = run(UP, [(60, "server-error"), (65, "server-error"), (86_400, "ok")])[-1].state
    mended = judging.replace(down, last_at=START + timedelta(seconds=65))
    assert verdicts(run(mended, [(100, "ok"), (131, "ok")]))[-1] == "up"
