"""Which journey walks which step of the guide: a step that nobody walks in a browser is not there for long."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnostics import wizard

HERE = Path(__file__).parent
WALKED = {
    "confirm": "test_practice_road",
    "read-log": "test_practice_road",
    "htaccess": "test_every_connection",
    "permissions": "test_from_mail_to_green",
    "php": "test_from_mail_to_green",
    "parts": "test_from_mail_to_green",
    "database": "test_database_road",
    "restore": "test_panel_road",
    "php-version": "test_php_version_road",
    "tasks": "test_php_version_road",
    "retest": "test_two_people",
    "hand-over": "test_database_road",
}
# What stands beside the steps.
BESIDE = {
    "a backup before anything is done": "test_database_road",
    "what changed": "test_two_people",
    "every step in its order, only looking": "test_two_people",
    "notes, handing over, the report for the customer": "test_two_people",
    "one cause on many sites": "test_one_cause_many_sites",
    "without asking, and after a second person's yes": "test_without_asking",
}
TESTS = {
    "test_practice_road": "test_newcomer_sees_the_whole_job",
    "test_every_connection": "test_guided_repair_over_this_connection_cures_and_is_undone",
    "test_from_mail_to_green": "test_link_of_the_mail_leads_to_a_site_that_works",
    "test_database_road": "test_database_is_backed_up_put_back_and_undone",
    "test_panel_road": "test_database_and_files_are_put_back_through_the_panel",
    "test_php_version_road": "test_php_version_that_the_host_changed_is_changed_back",
    "test_two_people": "test_repair_begun_by_one_is_handed_over_finished_and_reported_by_another",
    "test_one_cause_many_sites": "test_three_sites_with_one_cause_are_repaired_one_first_and_undone",
    "test_without_asking": "test_what_an_owner_allowed_is_repaired_mailed_and_undone",
}


def test_every_step_of_the_guide_is_walked() -> None:
    known = wizard.steps_for(wizard.CaseFacts("down", panel=True, panel_php=True, panel_restore=True))
    assert [step.id for step in known] == list(WALKED)


@pytest.mark.parametrize("file", sorted({*WALKED.values(), *BESIDE.values()}))
def test_journey_is_there(file: str) -> None:
    assert f"\ndef {TESTS[file]}(" in (HERE / f"{file}.py").read_text("utf-8")
