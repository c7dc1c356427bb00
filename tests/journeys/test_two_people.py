"""A night and a morning: one person confirms, notes and hands over, another takes it, repairs, retests, closes, reports to the customer."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.journeys import repairing
from tests.journeys.browsing import PASSWORD, Visitor
from tests.journeys.conftest import Product
from tests.journeys.installing import log_in, mail_to, show_mail
from tests.journeys.screens import take_baseline, what_changed
from tests.journeys.test_bad_days import beside
from tests.journeys.test_practice_road import Practice, break_by_typing_mistake, practise
from tests.lab.hosting import differences, state_of
from tests.lab.test_mails import Clocked, inbox  # noqa: F401 - a fixture

pytestmark = [pytest.mark.slow, pytest.mark.full, pytest.mark.timeout(420)]
SECRET = "hunter2-of-the-bakery"
FOR_CUSTOMER = "The new opening hours can be entered again from noon."
WORDS = "Confirmed it, and looked what changed. Please go on."
COLLEAGUE = """
from django.contrib.auth.models import User
from sites.models import Membership, Team
ben = User.objects.create_user("ben", "ben@example.org", {password!r}, first_name="Ben", last_name="Stone")
Membership.objects.create(team=Team.objects.get(), user=ben, role="editor")
"""


def add_colleague(product: Product) -> None:
    made = beside(product).run("shell", "--verbosity", "0", "-c", COLLEAGUE.format(password=PASSWORD))
    assert made.status == 0, made.err


def note(visitor: Visitor, text: str, *, for_customer: bool = False) -> None:
    visitor.page.locator("#note-form textarea").fill(text)
    box = visitor.page.get_by_label("Show it in the report for the customer")
    box.set_checked(for_customer)
    visitor.press("Keep the note")


def look_through_the_guide(visitor: Visitor) -> None:
    """Every step, in the guide's order: what can be looked at is looked at, and nothing is changed."""
    steps = visitor.page.get_by_role("navigation", name="Steps").get_by_role("link")
    for number in range(steps.count()):
        steps.nth(number).click()
        visitor.page.wait_for_load_state()
        if visitor.page.locator("#look").count():
            visitor.page.locator("#look").click()
            visitor.page.wait_for_load_state()
            repairing.settle(visitor)
        visitor.look(f"step-{number + 1}")


def at_night(anna: Visitor) -> str:
    """Looks only. Answers the repair's address."""
    what_changed(anna)
    assert ".htaccess" in anna.words
    anna.pictures("1-what-changed")
    anna.go("/")
    anna.until(lambda: anna.page.locator("article.case .log").count() > 0, 60, "the cause is on the dashboard")
    anna.press("Details", anna.page.locator("article.case").first)
    repairing.open_repair(anna)
    look_through_the_guide(anna)
    anna.press("Take it, hand it over, write a note")
    assert anna.headline == "Nobody has this repair yet"
    anna.press("I'll take it")
    note(anna, f"The panel's password: {SECRET}")
    assert "was hidden" in anna.page.locator("body").inner_text() and SECRET not in anna.page.content()
    note(anna, FOR_CUSTOMER, for_customer=True)
    note(anna, "Called the owner, nobody there.")
    anna.pictures("2-notes")
    anna.page.locator("#hand-over > summary").click()
    anna.page.get_by_label("Who goes on").select_option(label="Ben Stone")
    anna.page.get_by_label("What they should know").fill(WORDS)
    anna.press("Hand it over")
    assert "has it now, and is mailed." in anna.page.locator("body").inner_text()
    anna.pictures("3-handed-over")
    return anna.page.url.removesuffix("log/")


def in_the_morning(ben: Visitor, inbox: Clocked) -> None:  # noqa: F811
    """From the mail to the page of the repair, and yes to it."""
    mail = mail_to(inbox, "ben", "hands the repair over to you")
    show_mail(ben, mail)
    assert WORDS in ben.page.inner_text("body")
    ben.pictures("4-mail")
    ben.page.get_by_role("link", name="Open the repair").click()
    ben.page.wait_for_load_state()
    assert WORDS in ben.words and "They have not said yes yet" not in ben.words
    ben.press(re.compile("^Say that you have it, or hand it on"))
    assert ben.headline == "This repair was handed over to you"
    ben.pictures("5-handed-to-you")
    ben.press("Yes, I have it")
    assert ben.headline == "You have this repair"
    ben.go("/")
    assert ben.page.locator("#handed-to-you").count() == 1
    ben.look()


def mend_and_close(ben: Visitor, repair: str) -> None:
    ben.go(repair)
    repairing.choose(ben, "Test the .htaccess")
    repairing.apply_first_offer(ben)
    repairing.choose(ben, "Test again and close")
    repairing.look_again(ben, "Retest everything")
    ben.press("The site is well: close the repair")
    assert "This repair is closed" in ben.words
    ben.pictures("6-closed")


def read_the_report(ben: Visitor, repair: str) -> None:
    """For the customer: as a page, on paper, and as Markdown. Nothing that is not for them."""
    ben.press("Report for the customer")
    page = ben.words
    assert FOR_CUSTOMER in page and "RewritEngine" in page and "RewriteEngine" in page and "Ben Stone" in page
    ben.pictures("7-customer")
    ben.page.emulate_media(media="print")
    assert not ben.page.locator(".side, .no-print, .actions").locator("visible=true").count()
    ben.shot("customer-on-paper")
    assert ben.page.pdf(format="A4").startswith(b"%PDF")
    ben.page.emulate_media(media="screen")
    with ben.page.expect_download() as download:
        ben.page.get_by_role("link", name="Download as Markdown").click()
    markdown = download.value.path().read_text()
    assert re.search(r"^# Report on ", markdown) and FOR_CUSTOMER in markdown and "+ RewriteEngine On" in markdown
    for text in (page, markdown):
        assert SECRET not in text and "Called the owner" not in text and "hands" not in text
    ben.go(f"{repair}report/")
    assert "What was tried" in ben.words and SECRET not in ben.words
    ben.look()


def test_repair_begun_by_one_is_handed_over_finished_and_reported_by_another(
    start: Callable[..., Product],
    visit: Callable[..., Visitor],
    inbox: Clocked,  # noqa: F811
) -> None:
    inbox.start()
    product = start(EMAIL_URL=f"smtp://127.0.0.1:{inbox.port}", SITEMEND_ALLOWED_NETWORKS="127.0.0.0/8")
    anna, ben = visit(product), visit(product, scheme="dark")
    anna.begin(product.first_run_link)
    practise(anna)
    take_baseline(anna)
    add_colleague(product)
    anna.go("/practice/")
    break_by_typing_mistake(anna)
    practice = Practice(product)
    broken = state_of(practice.home)
    repair = at_night(anna)
    assert not differences(broken, state_of(practice.home)), "so far only looked at"
    log_in(ben, "ben")
    in_the_morning(ben, inbox)
    mend_and_close(ben, repair)
    assert practice.status() == 200
    read_the_report(ben, repair)
    anna.go("/repairs/")
    anna.look("repairs")
