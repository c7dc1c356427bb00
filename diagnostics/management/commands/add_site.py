"""`manage.py add_site NAME URL`: registers a site, with its connection tested before anything is stored."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from diagnostics.accounts import registering
from sites import cli, trial_policy
from sites.models import Team

SECRET_PREFIX = "SITEMEND_SECRET_"  # noqa: S105 - the beginning of a variable's name
KEY_LIMIT = 32_768


class Command(cli.JsonCommand):
    help = "Registers a site. Secrets come from an environment variable or a key file, never from an argument."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("url", metavar="URL")
        parser.add_argument("--page", action="append", default=[], metavar="PATH", help="a further page to probe")
        parser.add_argument("--team", default="", help="the team that owns it")
        parser.add_argument("--host", default="", help="a host that stands, or the name of the new one")
        parser.add_argument("--connect", default="", metavar="URL", help="ssh://user@host:port, sftp://…, ftps://…, ftp://… or local:")
        parser.add_argument("--via", default="", metavar="HOST", help="the hosting account that the new one is reached through")
        parser.add_argument("--secret-env", default="", metavar="VAR", help="variable that holds the password or the key's passphrase")
        parser.add_argument("--key", default="", metavar="FILE", help="private key")
        chosen = parser.add_mutually_exclusive_group()
        chosen.add_argument("--host-key", default="", metavar="FINGERPRINT", help="accept this host key only")
        chosen.add_argument("--accept-host-key", action="store_true", help="accept whatever key the host shows")
        parser.add_argument("--docroot", default="", metavar="PATH")
        parser.add_argument("--error-log", default="", metavar="PATH")
        parser.add_argument("--access-log", default="", metavar="PATH")
        parser.add_argument("--log-server", default="", metavar="URL", help="where the host shows the site's logs by HTTPS")
        parser.add_argument("--log-user", default="", metavar="USER", help="its user; without one the secret is a token")
        parser.add_argument("--log-secret-env", default="", metavar="VAR", help="variable that holds its password or token")
        parser.add_argument(
            "--trials", default="", metavar="KINDS", help=f"trials that may be made unattended: {', '.join(trial_policy.KINDS)}, or all"
        )
        parser.add_argument("--set-aside", action="store_true", help="repair --yes may set WordPress plugins of this site aside")
        parser.add_argument("--profile", default="", metavar="NAME")
        parser.add_argument("--interval", type=int, default=60, metavar="SECONDS")

    def answer(self, **options: Any) -> tuple[Any, int]:
        wanted = registering.Wanted(
            name=options["name"],
            url=options["url"],
            pages=options["page"],
            team=_team(options["team"]),
            secret=_secret(options["secret_env"], "--secret-env"),
            log_server=options["log_server"],
            log_user=options["log_user"],
            trials=options["trials"],
            sets_aside=options["set_aside"],
            log_secret=_secret(options["log_secret_env"], "--log-secret-env"),
            key=_key(options["key"]),
            interval_s=options["interval"],
            **{
                name: options[name]
                for name in ("host", "connect", "via", "host_key", "accept_host_key", "docroot", "error_log", "access_log", "profile")
            },
        )
        try:
            return registering.add(wanted), cli.WELL
        except registering.AddRefused as error:
            raise cli.Refused(error.code, error.message, error.hint) from error

    def say(self, document: Any) -> str:
        lines = [f"{document['site']} is registered" + (f" on {document['host']}." if document["host"] else ".")]
        lines += [f"  {name}: {value}" for name, value in document["found"].items() if value]
        return "\n".join(lines)


def _team(name: str) -> Team | None:
    if not name:
        return None
    team = Team.objects.filter(name=name).first()
    if team is None:
        raise cli.Refused("no-such-team", f"There is no team named {name}.", "Names are exact, capitals included.")
    return team


def _secret(variable: str, option: str) -> str:
    if not variable:
        return ""
    if not variable.startswith(SECRET_PREFIX):
        raise cli.Refused(
            "bad-secret-env", f"{option} names an environment variable, not a secret.", f"Its name must begin with {SECRET_PREFIX}."
        )
    secret = os.environ.get(variable, "")
    if not secret:
        raise cli.Refused("bad-secret-env", f"The environment variable {variable} is not set.", "Set it for this command only.")
    return secret


def _key(path: str) -> str:
    if not path:
        return ""
    try:
        text = Path(path).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise cli.Refused("key-unusable", f"The key file {path} cannot be read: {error}", "Give the file of the private key.") from error
    if len(text) > KEY_LIMIT:
        raise cli.Refused("key-unusable", f"The file {path} is too large for a private key.", "Give the file of the private key.")
    return text
