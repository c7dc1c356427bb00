"""A running product with people and a mail server: who logs in, and what was mailed to whom."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from email.message import EmailMessage

from tests.journeys.browsing import PASSWORD, Visitor
from tests.journeys.conftest import Product
from tests.journeys.test_bad_days import Inbox, beside
from tests.lab.hosting import Shell

MAIL_S = 90.0
PEOPLE = """
from django.contrib.auth.models import User
from sites.models import Membership, Team
for title, members in {teams!r}.items():
    team = Team.objects.create(name=title)
    for name, role in members.items():
        person = User.objects.create_user(name, name + "@example.org", {password!r}, first_name=name.capitalize())
        Membership.objects.create(team=team, user=person, role=role)
"""


def add_people(shell: Shell, teams: Mapping[str, Mapping[str, str]]) -> None:
    """`teams`: the role of each member, by the team's title."""
    plain = {title: dict(members) for title, members in teams.items()}
    made = shell.run("shell", "--verbosity", "0", "-c", PEOPLE.format(teams=plain, password=PASSWORD))
    assert made.status == 0, made.err


def installation(
    start: Callable[..., Product], inbox: Inbox, teams: Mapping[str, Mapping[str, str]], **settings: str
) -> tuple[Product, Shell]:
    """The whole product with these people, whose mails arrive at this mail server."""
    inbox.start()
    product = start(EMAIL_URL=f"smtp://127.0.0.1:{inbox.port}", SITEMEND_ALLOWED_NETWORKS="127.0.0.0/8", **settings)
    shell = beside(product)
    add_people(shell, teams)
    return product, shell


def log_in(visitor: Visitor, name: str) -> None:
    """As their browser has been since the day before."""
    visitor.go("/login/")
    visitor.fill("Username", name)
    visitor.fill("Password", PASSWORD)
    visitor.press("Log in")


def mail_to(inbox: Inbox, name: str, words: str, seconds: float = MAIL_S) -> EmailMessage:
    """The first mail to this person that says these words, in its subject or its text."""
    end = time.monotonic() + seconds
    while True:
        mails = [mail for mail in list(inbox.mails) if str(mail["To"]).startswith(f"{name}@")]
        if found := next((mail for mail in mails if words in f"{mail['Subject']}\n{text_of(mail)}"), None):
            return found
        assert time.monotonic() < end, f"no mail to {name} says {words!r}: {[str(mail['Subject']) for mail in mails]}"
        time.sleep(0.2)


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    return body.get_content() if body else ""


def show_mail(visitor: Visitor, mail: EmailMessage) -> None:
    """As a mail program draws it."""
    body = mail.get_body(("html",))
    assert body is not None
    visitor.page.goto("about:blank")
    visitor.page.set_content(body.get_content())
