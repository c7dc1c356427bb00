"""Processes killed and the mail server away while the whole product works: everything comes back, nothing is told twice."""

from __future__ import annotations

import email
import os
import signal
from collections.abc import Iterator
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.config.running import wait_for
from tests.config.test_up import CHILDREN
from tests.http_server import HttpServer, Reply
from tests.journeys.conftest import Product
from tests.lab.hosting import Shell
from tests.servers import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


class Inbox:
    """A real SMTP server on a port of its own that can be away, refuse, or take mail."""

    def __init__(self) -> None:
        self.port = free_port()
        self.mails: list[email.message.EmailMessage] = []
        self.refusing = False
        self.refused = 0
        self._controller: Controller | None = None

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.refusing:
            self.refused += 1
            return "451 4.3.2 try again later"
        self.mails.append(email.message_from_bytes(envelope.content, policy=default))
        return "250 taken"

    def start(self) -> None:
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def subjects(self) -> list[str]:
        return [str(mail["Subject"]) for mail in self.mails]


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    made = Inbox()
    yield made
    made.stop()


PERSON = """
from django.contrib.auth.models import User
from sites.models import Membership, Team
anna = User.objects.create_user("anna", "anna@example.org", "a quiet sentence nobody guesses")
Membership.objects.create(team=Team.objects.create(name="Night watch"), user=anna, role="owner")
"""


def login_page(product: Product) -> int | None:
    """What it answers; None for a visitor whose request was under way when the web process was killed."""
    try:
        return product.get("/login/", timeout=60).status
    except OSError:
        return None


def beside(product: Product) -> Shell:
    """Commands over the same installation, as an operator gives them beside the running product."""
    return Shell(product.state_folder, {name: product.environment[name] for name in ("EMAIL_URL", "SITEMEND_ALLOWED_NETWORKS")})


def watch(product: Product, server: HttpServer, names: tuple[str, ...]) -> Shell:
    """A person, and sites that are up."""
    shell = beside(product)
    made = shell.run("shell", "--verbosity", "0", "-c", PERSON)
    assert made.status == 0, made.err
    for name in names:
        server.route(f"/{name}/", Reply())
        added = shell.run("add_site", name, server.url(f"/{name}/"), "--interval", "20", "--json")
        assert added.status == 0, added.err
    wait_for(lambda: shell.run("status", "--json").json["sites"]["up"] == len(names), 60, "all sites are up")
    return shell


def test_everything_killed_while_a_site_fails_loses_nothing_and_tells_nothing_twice(start, inbox) -> None:
    inbox.start()
    with HttpServer() as server:
        product: Product = start(EMAIL_URL=f"smtp://127.0.0.1:{inbox.port}", SITEMEND_ALLOWED_NETWORKS="127.0.0.0/8")
        shell = watch(product, server, ("shop", "blog"))
        server.route("/shop/", Reply(500, b"<h1>Internal Server Error</h1>"))
        asked = len(server.requests)
        wait_for(lambda: any(request.path == "/shop/" for request in server.requests[asked:]), 40, "the failure is met")
        for name in ("probes", "hosts", "beat", "valkey", "web"):
            number = product.child(CHILDREN[name])
            assert number, name
            os.kill(number, signal.SIGKILL)
            wait_for(lambda: login_page(product) == 200, 60, f"pages answer although {name} was killed")
        wait_for(lambda: inbox.mails, 120, "the mail about the failure")
        assert shell.run("status", "--json").json["sites"] == {"up": 1, "suspect": 0, "down": 1, "unknown": 0}
        os.kill(product.child(CHILDREN["hosts"]), signal.SIGKILL)
        server.route("/shop/", Reply())
        wait_for(lambda: len(inbox.mails) >= 2, 150, "the mail about the recovery")
        wait_for(lambda: shell.run("status", "--json").json["lag_s"] < 5, 60, "probing goes on in time")
        subjects = inbox.subjects()
        assert len(subjects) == 2, subjects
        assert "500" in subjects[0]
        assert shell.run("status", "--json").json["sites"]["up"] == 2


def test_mail_server_that_refuses_gets_every_mail_once_when_it_takes_them(start, inbox) -> None:
    inbox.refusing = True
    inbox.start()
    with HttpServer() as server:
        product: Product = start(EMAIL_URL=f"smtp://127.0.0.1:{inbox.port}", SITEMEND_ALLOWED_NETWORKS="127.0.0.0/8")
        shell = watch(product, server, ("shop",))
        server.route("/shop/", Reply(500, b"<h1>Internal Server Error</h1>"))
        wait_for(lambda: inbox.refused, 90, "the mail server has refused")
        failure = wait_for(lambda: shell.run("status", "--json").json["last_mail_failure"], 20, "the failure is told")
        assert "451" in str(failure)
        inbox.stop()
        inbox.refusing = False
        inbox.start()
        wait_for(lambda: inbox.mails, 90, "the mail arrives after all")
        wait_for(lambda: shell.run("status", "--json").json["last_mail_failure"] is None, 20, "the failure is over")
        assert len(inbox.mails) == 1
        assert "500" in inbox.subjects()[0]
