"""What the view tests share: four kinds of person, one site of theirs, and a reader of pages."""

from __future__ import annotations

from dataclasses import dataclass

from bs4 import BeautifulSoup
from django.test import Client
from django.utils import timezone

from sites.models import Incident, Notification, Site
from tests.factories import make_incident, make_site, make_team, make_user


@dataclass
class World:
    """One team's site with an incident and a mail, and who may do what with it."""

    site: Site
    incident: Incident
    mail: Notification
    owner: Client
    colleague: Client
    reader: Client
    outsider: Client


def client_of(user: object) -> Client:
    client = Client()
    client.force_login(user)
    return client


def make_world() -> World:
    team = make_team("Agency")
    owner = make_user("olga", team=team)
    site = make_site(team, name="Shop", paths=("/cart",))
    incident = make_incident(site)
    stranger = make_user("otto", team=make_team("Other"))
    return World(
        site=site,
        incident=incident,
        mail=make_mail(site, incident),
        owner=client_of(owner),
        colleague=client_of(make_user("carl", team=team, role="editor")),
        reader=client_of(make_user("rita", team=team, role="reader")),
        outsider=client_of(stranger),
    )


def make_mail(site: Site | None, incident: Incident | None = None, **more: object) -> Notification:
    now = timezone.now()
    values: dict[str, object] = {
        "kind": "new",
        "recipient": "olga@example.org",
        "dedupe_key": f"key {Notification.objects.count()}",
        "why": "You are in the team Agency.",
        "state": "sent",
        "created_at": now,
        "send_after": now,
        "sent_at": now,
        "subject": "New 500: Shop",
        "body_text": "Shop answers 500.",
        "body_html": "<p>Shop answers <b>500</b>.</p>",
    }
    return Notification.objects.create(site=site, incident=incident, **(values | more))


def soup(response: object) -> BeautifulSoup:
    return BeautifulSoup(response.content, "html.parser")


def words(response: object) -> str:
    """The text of a page, as one line."""
    return " ".join(soup(response).get_text(" ").split())
