"""`manage.py make_key HOST`: makes a key for a hosting account and prints the public line; the private half is never shown."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from diagnostics.accounts.registering import guess_profile
from diagnostics.connections import account_keys, connecting
from diagnostics.profiles import PROFILES
from diagnostics.transports.made_keys import ED25519, RSA
from diagnostics.transports.urls import UrlRefused, parse_connect_url
from sites import cli
from sites.models import Host, Team


class Command(cli.JsonCommand):
    help = "Makes a key for a hosting account and prints the line to install there. With --test, tries it and takes it into use."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("host", metavar="HOST", help="name of a host that stands, or with --connect of the new one")
        parser.add_argument("--team", default="", help="the team that owns it")
        parser.add_argument("--connect", default="", metavar="URL", help="makes the host: ssh://user@host:port or sftp://user@host:port")
        parser.add_argument("--profile", default="", metavar="NAME", help="kind of hosting of a new host")
        parser.add_argument("--kind", choices=(ED25519, RSA), default=ED25519, help="RSA (3072 bits) where Ed25519 is not taken")
        parser.add_argument("--test", action="store_true", help="no new key: try the one that was made, and use it when the host takes it")
        chosen = parser.add_mutually_exclusive_group()
        chosen.add_argument("--host-key", default="", metavar="FINGERPRINT", help="with --test: accept this host key only")
        chosen.add_argument("--accept-host-key", action="store_true", help="with --test: accept whatever key the host shows")

    def answer(self, **options: Any) -> tuple[Any, int]:
        host = _made(options) if options["connect"] else _standing(options)
        if options["test"]:
            return _tested(host, options)
        if host.next_public_key:
            hint = "Install it and run with --test, or forget it on the host's page."
            raise cli.Refused("key-waits", f"A new key of {host.name} waits to be installed: {host.next_public_key}", hint)
        try:
            line = account_keys.make_for(host, options["kind"])
        except account_keys.KeyNotPossible as error:
            raise cli.Refused("key-not-possible", str(error)) from error
        return {"host": host.name, "kind": options["kind"], "public_key": line, "in_use": not host.next_public_key}, cli.WELL

    def say(self, document: Any) -> str:
        if "message" in document:
            return f"{document['message']} {document['hint']}".strip()
        return (
            f"{document['public_key']}\n\nAdd this line to .ssh/authorized_keys of the account (or where its panel takes keys), "
            f"then run: manage.py make_key {document['host']!r} --test"
        )


def _standing(options: dict[str, Any]) -> Host:
    found = Host.objects.filter(name=options["host"])
    if options["team"]:
        found = found.filter(team__name=options["team"])
    hosts = list(found[:2])
    if len(hosts) > 1:
        raise cli.Refused("several-hosts", f"Several teams have a host named {options['host']}.", "Say which with --team.")
    if not hosts:
        raise cli.Refused("no-such-host", f"There is no host named {options['host']}.", "Give --connect to make one.")
    return hosts[0]


def _made(options: dict[str, Any]) -> Host:
    """A new host, not stored yet: `make_for` does that together with its key."""
    try:
        parsed = parse_connect_url(options["connect"])
    except UrlRefused as error:
        raise cli.Refused("bad-connect", error.message, error.hint) from error
    team = Team.objects.filter(name=options["team"]).first() if options["team"] else Team.objects.order_by("pk").first()
    if team is None:
        raise cli.Refused("no-such-team", "There is no such team.", "Give one with --team; the first start of the product makes one.")
    if Host.objects.filter(team=team, name=options["host"]).exists():
        raise cli.Refused("name-taken", f"There is already a host named {options['host']}.", "Leave --connect out, or choose another name.")
    profile = options["profile"] or guess_profile(parsed.address)
    if profile not in PROFILES:
        raise cli.Refused("unknown-profile", f"There is no profile {profile}.", f"Known are: {', '.join(PROFILES)}.")
    place = {"protocol": parsed.protocol, "address": parsed.address, "port": parsed.port, "user": parsed.user}
    return Host(team=team, name=options["host"][:100], profile=profile, **place)


def _tested(host: Host, options: dict[str, Any]) -> tuple[Any, int]:
    if not host.public_key and not host.next_public_key:
        raise cli.Refused("no-key", f"No key was made for {host.name} yet.", "Run without --test first.")
    if not host.host_key:
        _accept(host, options)
    result = account_keys.test_next(host) if host.next_public_key else account_keys.test(host)
    document = {"host": host.name, "ok": result.ok, "code": result.code, "message": result.message, "hint": result.hint}
    return document | {"fingerprint": result.fingerprint}, cli.WELL if result.ok else cli.PROBLEM


def _accept(host: Host, options: dict[str, Any]) -> None:
    seen = connecting.test_host(host)
    wanted = options["host_key"] or (seen.fingerprint if options["accept_host_key"] else "")
    if seen.fingerprint and wanted and not connecting.accept_host_key(host, None, wanted):
        message = f"The host shows the key {seen.fingerprint}, not the one given."
        raise cli.Refused("host-key-changed", message, "Nothing was sent. Ask the host for its key.")
