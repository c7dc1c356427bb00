"""Believable hosting accounts for screenshots: one whose key has changed, a certificate that waits, sites found, and what was done."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime, timedelta
from hashlib import sha256

from django.utils import timezone

from diagnostics.models import AccountLook, FoundSite, HostAction, SiteSight
from sites.models import Host, Site, Team

FOUND = (
    ("/home/web/hotel", "wordpress", "6.4.2", ("https://hotel-am-markt.example/", "https://www.hotel-am-markt.example/")),
    ("/home/web/moreau", "joomla", "5.1.0", ("https://cabinet-moreau.example/",)),
    ("/home/web/neu/shop", "prestashop", "8.1.5", ("https://werkstatt-lindner.example/", "http://shop.werkstatt-lindner.example/")),
    ("/home/web/alt", "html", "", ()),
)
# Who, why, what, on which path, with what outcome and code.
DONE = (
    ("itself", "access-log", "login", "", "done", ""),
    ("itself", "baseline", "login", "", "done", ""),
    ("itself", "diagnosis", "command", "find /home/web/hotel -maxdepth 3 -printf '%y %m %s %P\\0'", "done", ""),
    ("person", "repair", "write", "/home/web/hotel/.htaccess", "done", ""),
    ("person", "repair", "chmod", "/home/web/hotel/.htaccess", "done", ""),
    ("person", "test", "login", "", "refused", "host-key-unknown"),
)


def _key(words: str) -> str:
    """A host key that is nobody's."""
    return "ssh-ed25519 " + b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0 " + sha256(words.encode()).digest()).decode()


def fill(team: Team) -> None:
    """For accounts that `demo` made."""
    now = timezone.now()
    moved = Host.objects.get(team=team, name="Plesk, Henning")
    moved.host_key, moved.offered_host_key, moved.host_key_accepted_at = _key("old"), _key("new"), now - timedelta(days=90)
    moved.save()
    Host.objects.create(
        team=team, name="FTPS, Lindner", protocol="ftps", address="ftp.lindner.example", port=21, user="lindner", tested_at=now,
        offered_host_key="x509 " + b64encode(sha256(b"certificate").digest()).decode(),
        state_detail="ftp.lindner.example is new here. Nobody vouches for its certificate.",
    )  # fmt: skip
    account = Host.objects.get(team=team, name="OVH, cluster 30")
    _found(account, now)
    for number, (actor, purpose, verb, path, outcome, code) in enumerate(DONE):
        at = now - timedelta(minutes=7 * number + 2)
        HostAction.objects.create(
            host=account, actor=actor, purpose=purpose, verb=verb, path=path, outcome=outcome, code=code, at=at, ended_at=at, reads=12,
            bytes_read=48_000,
        )  # fmt: skip
    site = Site.objects.filter(host=account).first()
    SiteSight.objects.create(site=site, search="done", outcome="No access log was found that is surely this site's.", finished_at=now)


def _found(account: Host, now: datetime) -> None:
    AccountLook.objects.create(host=account, state="done", asked_at=now, started_at=now, finished_at=now, folders=412, unreadable=2)
    for docroot, software, version, urls in FOUND:
        addresses = [{"url": url, "why": "its settings", "kind": "ok", "status": 200} for url in urls]
        FoundSite.objects.create(host=account, docroot=docroot, software=software, version=version, addresses=addresses, found_at=now)
