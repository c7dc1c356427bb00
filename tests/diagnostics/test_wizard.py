from __future__ import annotations

from dataclasses import replace

from diagnostics.wizard import CaseFacts, StepDone, StepState, recommended, steps_for

FULL = CaseFacts("down", confirmed=True, connection="ssh", can_read=True, can_write=True, htaccess_read=True, tree_read=True)


def states(facts: CaseFacts) -> dict[str, str]:
    return {step.id: step.state.value for step in steps_for(facts)}


def test_steps_stand_in_the_guides_order_with_a_reason_each() -> None:
    steps = steps_for(FULL)
    wanted = ["confirm", "read-log", "htaccess", "permissions", "php", "parts", "database", "restore", "retest", "hand-over"]
    assert [step.id for step in steps] == wanted
    assert all(step.reason for step in steps) and sum(step.state is StepState.RECOMMENDED for step in steps) == 1


def test_evidence_decides_what_is_recommended() -> None:
    assert recommended(replace(FULL, confirmed=False)) == "confirm"
    assert recommended(FULL) == "read-log"
    assert recommended(replace(FULL, causes=("htaccess-bad-regex",))) == "htaccess"
    assert recommended(replace(FULL, causes=("cgi-not-executable",))) == "permissions"
    assert recommended(replace(FULL, causes=("php-parse-error",))) == "read-log"
    assert recommended(replace(FULL, causes=("database-access-denied",))) == "database"
    assert recommended(replace(FULL, causes=("php-parse-error",), offered="restore")) == "restore"
    assert recommended(replace(FULL, verdict="up")) == "retest"


def test_room_is_made_only_where_there_is_none() -> None:
    full = replace(FULL, causes=("disk-full",))
    assert recommended(full) == recommended(replace(FULL, causes=("php-uncaught-exception",), offered="room")) == "room"
    assert [step.id for step in steps_for(full)][:4] == ["confirm", "read-log", "room", "htaccess"]
    assert states(replace(full, tree_read=False))["room"] == "cannot-start-yet" and "room" not in states(FULL)


def test_what_is_proposed_can_be_started_though_nothing_could_be_listed() -> None:
    """The docroot itself may be a link to nothing."""
    facts = replace(FULL, tree_read=False, causes=("index-file-missing",), offered="restore")
    assert recommended(facts) == "restore" and states(facts)["restore"] == "recommended"
    assert states(facts)["parts"] == "cannot-start-yet"


def test_without_a_connection_only_what_needs_none_can_be_started() -> None:
    found = states(CaseFacts("down", True))
    assert found["read-log"] == found["htaccess"] == found["permissions"] == "cannot-start-yet"
    assert found["hand-over"] == "recommended"


def test_finished_and_failed_steps_are_shown_as_such() -> None:
    found = states(replace(FULL, done=(StepDone("read-log", "done"), StepDone("htaccess", "problem"))))
    assert found["read-log"] == "done" and found["htaccess"] == "there-is-a-problem"
