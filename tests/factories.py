"""Rows for tests, made as the product makes them."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone

from sites import credentials
from sites.models import Host, Incident, Membership, Site, Team
from sites.registration import register_site

_number = count(1)


def make_user(name: str = "", *, email: str | None = None, team: Team | None = None, role: str = "owner", **more: Any) -> AbstractBaseUser:
    """A person; with a team, its member. The password is "secret-password"."""
    name = name or f"person{next(_number)}"
    address = f"{name}@example.org" if email is None else email
    user = get_user_model().objects.create_user(username=name, email=address, password="secret-password", **more)
    if team is not None:
        Membership.objects.create(team=team, user=user, role=role)
    return user


def make_team(name: str = "", *, members: tuple[AbstractBaseUser, ...] = (), role: str = "owner") -> Team:
    """A team with these members."""
    team = Team.objects.create(name=name or f"Team {next(_number)}")
    for user in members:
        Membership.objects.create(team=team, user=user, role=role)
    return team


def make_host(team: Team | None = None, *, password: str = "", private_key: str = "", passphrase: str = "", **more: Any) -> Host:
    """A hosting account; secrets are sealed."""
    number = next(_number)
    values: dict[str, Any] = {"name": f"Host {number}", "protocol": "sftp", "address": f"host{number}.example", "user": "shop"}
    host = Host(team=team or make_team(), **(values | more))
    credentials.set_host_secrets(host, password=password, private_key=private_key, passphrase=passphrase)
    host.save()
    return host


def make_site(team: Team | None = None, *, name: str = "", url: str = "", paths: tuple[str, ...] = (), **more: Any) -> Site:
    """A registered site with its pages, due at once."""
    number = next(_number)
    host = more.get("host")
    return register_site(
        team=team or (host.team if host else make_team()),
        name=name or f"site{number}",
        url=url or f"https://site{number}.example/",
        paths=paths,
        **more,
    )


def make_incident(site: Site | None = None, **more: Any) -> Incident:
    """An open incident of five minutes ago, with a 500 on the first page."""
    opened = timezone.now() - timedelta(minutes=5)
    values: dict[str, Any] = {
        "fingerprint": f"1:{next(_number):032d}",
        "kind": "server-error",
        "status": 500,
        "message": "The site answers 500.",
        "first_failure_at": opened - timedelta(seconds=5),
        "opened_at": opened,
        "last_seen_at": opened,
        "confirmed_by": "2 of 2 probes in 5 s",
        "paths": ["/"],
        "scope": "all-pages",
        "pattern": "permanent",
    }
    return Incident.objects.create(site=site or make_site(), **(values | more))
