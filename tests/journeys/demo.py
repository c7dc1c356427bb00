"""Believable data for screenshots: an agency's sites with a month of history. Run inside an installation that has a first team.

The sites do not exist: their pages are never due, so that nothing is asked of anybody.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.utils import timezone

from diagnostics.models import LogReading
from sites.history import rolling, rollups
from sites.models import (
    Certificate,
    CertificateWatch,
    DayRollup,
    Host,
    HourRollup,
    Incident,
    Look,
    Notification,
    Page,
    ProbeResult,
    RollupMark,
    Site,
    Team,
    VisitorFailure,
    VisitorWatch,
)
from sites.models.incident import IncidentEntry
from tests.journeys import demo_accounts

DAYS = 30
INTERVAL_S = 300
PER_DAY = 24 * 3600 // INTERVAL_S


@dataclass(frozen=True)
class Past:
    """One spell of failing that is over: how long ago in days, for how many minutes, and why."""

    days_ago: float
    minutes: int
    cause: str
    summary: str
    resolution: str = "repair"


@dataclass(frozen=True)
class Demo:
    name: str
    address: str
    tags: str
    ms: float
    host: str = ""
    paths: tuple[str, ...] = ("/",)
    past: tuple[Past, ...] = ()
    blips: tuple[int, ...] = ()  # days ago with single failures
    since_days: int = DAYS
    paused: bool = False


PLUGIN = Past(11.4, 23, "wordpress-plugin", "The plugin “gallery-pro” stops with a fatal error in gallery.php, line 88.")
HTACCESS = Past(
    19.7, 12, "htaccess-bad-rewrite-flag", "Line 31 of www/.htaccess: RewriteRule has the flag “R=301,Lst”; “R=301,L” is probably meant."
)
MODES = Past(4.2, 41, "cgi-writable-by-others", "www/cgi-bin/form.cgi may be written by everybody, so the host refuses to run it.")
OUTSIDE = Past(24.1, 8, "", "", "recovery")

DEMOS = (
    Demo(
        "Atelier Lumière", "https://atelier-lumiere.example/", "wordpress france", 310, "OVH, Atelier Lumière", ("/", "/contact"), (PLUGIN,)
    ),
    Demo(
        "Bäckerei Sonntag", "https://baeckerei-sonntag.example/", "shop", 142, "OVH, cluster 30", ("/", "/filialen"), (HTACCESS,), (2, 17)
    ),
    Demo("Cabinet Moreau", "https://cabinet-moreau.example/", "france", 96, "OVH, cluster 30", ("/",), (), (9,)),
    Demo(
        "Fahrrad Henning",
        "https://fahrrad-henning.example/",
        "shop woocommerce",
        540,
        "Plesk, Henning",
        ("/", "/shop", "/kasse"),
        (MODES, OUTSIDE),
    ),
    Demo("Gîte des Trois Vallées", "https://gite-trois-vallees.example/", "wordpress france", 420, "", ("/",), (OUTSIDE,), (5, 6, 21)),
    Demo("Hotel am Markt", "https://hotel-am-markt.example/", "", 205, "OVH, cluster 30", ("/", "/zimmer", "/buchen")),
    Demo("Museum of Small Things", "https://smallthings.example/", "", 61, "", ("/",), (), (), 12),
    Demo("Riverside Dental", "https://riverside-dental.example/", "wordpress", 380, "cPanel, Riverside", ("/", "/appointments")),
    Demo("Verein Stadtgarten", "https://stadtgarten.example/", "", 118, "OVH, cluster 30", ("/",), (), (), DAYS, True),
)
HOSTS = {
    "OVH, Atelier Lumière": ("ssh", "ssh.cluster026.hosting.example", "ovh-mutualise", "works", ""),
    "OVH, cluster 30": ("sftp", "ftp.cluster030.hosting.example", "ovh-mutualise", "works", ""),
    "Plesk, Henning": (
        "ssh",
        "web4.provider.example",
        "plesk",
        "key-changed",
        "The host shows another key than the one that was accepted.",
    ),
    "cPanel, Riverside": ("sftp", "riverside.provider.example", "cpanel-suexec", "refused", "The host refused the password."),
}


def fill() -> None:
    """All of it, for the first team and its owner."""
    team = Team.objects.order_by("pk").first()
    chance, now = random.Random(11), timezone.now()
    hosts = {
        name: Host.objects.create(
            team=team,
            name=name,
            protocol=protocol,
            address=address,
            user="web",
            profile=profile,
            state=state,
            state_detail=words,
            tested_at=now,
        )
        for name, (protocol, address, profile, state, words) in HOSTS.items()
    }
    LogReading.objects.bulk_create(LogReading(host=host, due_at=now + timedelta(days=3650)) for host in hosts.values())
    for demo in DEMOS:
        _site(team, demo, hosts.get(demo.host), chance, now)
    demo_accounts.fill(team)
    # The days are there already: the results of the last day are counted by minute and hour only.
    RollupMark.objects.update_or_create(pk=1, defaults={"days_from_id": ProbeResult.objects.latest("pk").pk})
    rolling.roll_up()


def _site(team: Team, demo: Demo, host: Host | None, chance: random.Random, now: datetime) -> None:
    seen = now - timedelta(seconds=chance.randrange(5, 50))
    site = Site.objects.create(
        team=team,
        name=demo.name,
        url=demo.address,
        tags=demo.tags,
        interval_s=INTERVAL_S,
        host=host,
        verdict="up",
        kind="ok",
        docroot="/home/web/www" if host else "",
        error_log="/home/web/logs/error.log" if host else "",
        verdict_since=now - timedelta(days=4),
        last_probe_at=seen,
        last_ms=demo.ms,
        paused_at=now - timedelta(days=2) if demo.paused else None,
    )
    pages = [
        Page.objects.create(
            site=site,
            path=path,
            position=number,
            verdict="up",
            kind="ok",
            last_at=seen,
            last_status=200,
            last_ms=demo.ms * (1 + number / 3),
            due_at=None,
            anchor_at=now,
            since=site.verdict_since,
        )
        for number, path in enumerate(demo.paths)
    ]
    _beside(site, pages, chance, now)
    _days(site, demo, chance, now)
    _hours(site, demo, chance, now)
    _results(pages, demo, chance, now)
    for past in demo.past:
        _incident(site, past, now)


def _beside(site: Site, pages: list[Page], chance: random.Random, now: datetime) -> None:
    """What is known beside the probes: other visitors, the certificate, the access log."""
    later, seen = now + timedelta(days=3650), now - timedelta(minutes=chance.randrange(1, 14))
    soon = now + timedelta(minutes=25)  # what lies further ahead is taken for a clock that was set back
    well = {
        "due_at": soon,
        "anchor_at": soon,
        "verdict": "up",
        "kind": "ok",
        "since": site.verdict_since,
        "last_at": seen,
        "last_status": 200,
    }
    Look.objects.bulk_create(Look(page=page, what=what, last_ms=page.last_ms, **well) for page in pages for what in Look.What.values)
    CertificateWatch.objects.create(site=site, due_at=later, read_at=seen)
    Certificate.objects.create(
        site=site,
        host=urlsplit(site.url).hostname,
        fingerprint=f"{site.pk:064x}",
        not_before=now - timedelta(days=40),
        not_after=now + timedelta(days=chance.randrange(25, 50)),
        issuer="Example Trust R3",
        read_at=seen,
    )
    if not site.host:
        return
    VisitorWatch.objects.create(
        site=site, log="read", log_path="/home/web/logs/access.log", log_tried_at=seen, log_read_at=seen, log_lines=48_210
    )
    if "woocommerce" in site.tags:
        met = {"status": 500, "agents": {"Safari": 3, "Chrome": 1}, "methods": {"GET": 4}, "sources": {"log": 4}}
        hour = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=3)
        times = {"first_at": hour + timedelta(minutes=11), "last_at": hour + timedelta(minutes=34)}
        path = "/kasse"
        VisitorFailure.objects.create(site=site, hour=hour, key=path, path=path, count=4, addresses=["a1", "b2", "c3"], **met, **times)


def _days(site: Site, demo: Demo, chance: random.Random, now: datetime) -> None:
    failed = {int(past.days_ago): max(1, past.minutes // 5) for past in demo.past}
    rows = []
    for ago in range(demo.since_days):
        good = PER_DAY * len(demo.paths) - failed.get(ago, 0)
        times: rollups.Times = {}
        for _sample in range(40):
            key = rollups.time_class(demo.ms * chance.lognormvariate(0, 0.25))
            times[key] = times.get(key, 0) + good // 40
        day = (now - timedelta(days=ago)).date()
        rows.append(
            DayRollup(
                site=site,
                day=day,
                good=good,
                suspect=2 if ago in demo.blips else 0,
                failed=failed.get(ago, 0),
                times=rollups.pack_times(times),
            )
        )
    DayRollup.objects.bulk_create(rows)


def _hours(site: Site, demo: Demo, chance: random.Random, now: datetime) -> None:
    """Those before the last day, which is made of single results."""
    failed = {int(past.days_ago * 24): max(1, past.minutes // 5) for past in demo.past}
    rows = []
    for ago in range(26, demo.since_days * 24):
        hour = rolling.hour_of(now) - ago
        good = PER_DAY // 24 * len(demo.paths) - failed.get(ago, 0)
        times: rollups.Times = {}
        for _sample in range(12):
            key = rollups.time_class(demo.ms * _busy(rolling.start_of(hour)) * chance.lognormvariate(0, 0.22))
            times[key] = times.get(key, 0) + max(1, good // 12)
        packed = rollups.pack_times(times)
        rows.append(HourRollup(site=site, hour=hour, good=good, failed=failed.get(ago, 0), times=packed))
    HourRollup.objects.bulk_create(rows, batch_size=2000)


def _busy(at: datetime) -> float:
    """By day it is slower."""
    return 1.35 if 8 <= at.hour <= 18 else 1.0


def _results(pages: list[Page], demo: Demo, chance: random.Random, now: datetime) -> None:
    rows, count = [], 0 if demo.paused else PER_DAY
    for page in pages:
        for number in range(count):
            at = now - timedelta(seconds=INTERVAL_S * number + 20)
            ms = demo.ms * _busy(at) * chance.lognormvariate(0, 0.18)
            rows.append(ProbeResult(page=page, at=at, purpose="routine", kind="ok", status=200, ms=ms, first_byte_ms=ms * 0.8, counts=1))
    ProbeResult.objects.bulk_create(rows, batch_size=500)


def _incident(site: Site, past: Past, now: datetime) -> None:
    began = now - timedelta(days=past.days_ago)
    ended = began + timedelta(minutes=past.minutes)
    owner = site.team.members.first()
    opened = began + timedelta(seconds=6)
    incident = Incident.objects.create(
        site=site,
        fingerprint=f"1:{site.pk}-{past.days_ago}",
        kind="server-error",
        status=500,
        first_failure_at=began,
        opened_at=opened,
        message="The site answered 500 (Internal Server Error).",
        last_seen_at=ended - timedelta(minutes=1),
        resolved_at=ended,
        resolution=past.resolution,
        confirmed_by="2 of 2 probes in 6 s",
        paths=["/"],
        scope="all-pages",
        pattern="permanent",
        cause=past.cause,
        cause_summary=past.summary,
        cause_confidence=0.98 if past.cause else None,
        cause_at=began + timedelta(seconds=8) if past.cause else None,
        diagnosis_state="done" if past.cause else "none",
    )
    told = [
        ("bad", began + timedelta(seconds=6), "/ answers 500. Confirmed by 2 of 2 probes in 6 s."),
        ("hint", began + timedelta(seconds=8), f"Probable cause: {past.summary}" if past.summary else ""),
        ("mail", began + timedelta(seconds=9), f"Mail to {owner.email}"),
        ("good", ended, "Every page answers as expected again."),
    ]
    IncidentEntry.objects.bulk_create(IncidentEntry(incident=incident, kind=kind, at=at, text=text) for kind, at, text in told if text)
    new = Notification(
        kind="new",
        site=site,
        incident=incident,
        user=owner,
        recipient=owner.email,
        dedupe_key=f"demo:new:{incident.pk}",
        why="You are a member of the team that watches this site.",
        state="sent",
        created_at=opened,
        send_after=opened,
        sent_at=began + timedelta(seconds=9),
        attempts=1,
        subject=f"{site.name} is down: every page (500)",
        body_text=f"{site.name} answers 500 on every page.\n\n{past.summary}",
    )
    new.save()
    well = _like(
        new,
        kind="recovery",
        dedupe_key=f"demo:well:{incident.pk}",
        created_at=ended,
        send_after=ended,
        sent_at=ended,
        subject=f"{site.name} is well again after {past.minutes} min",
        body_text=f"{site.name} answers as expected again.",
    )
    well.save()


def _like(row: Notification, **changed: object) -> Notification:
    """A new row like another one."""
    values = {field.attname: getattr(row, field.attname) for field in Notification._meta.concrete_fields if not field.primary_key}
    return Notification(**{**values, **changed})
