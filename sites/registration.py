"""What becomes of sites by a person's hand: registered, changed, paused, muted, deleted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone
from django.utils.translation import gettext as _

from sites import credentials, incident_endings, trial_policy
from sites.bulk import update_rows
from sites.models import Host, Page, Site, Team
from sites.scheduling import first_due
from sites.visitors.marks import is_of_visitors

LEAST_INTERVAL_S, MOST_INTERVAL_S = 20, 86_400
MOST_PAGES = 50
MOST_TIME_LIMIT_S = 60
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_TURNING = re.compile(r"[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")  # would turn round what stands after a name
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.1
_PLAIN = ("docroot", "error_log", "access_log", "profile", "basic_user")
_CHOSEN = (
    *_PLAIN,
    "name",
    "url",
    "interval_s",
    "time_limit_s",
    "tags",
    "sealed_basic_password",
    "sealed_headers",
    "host",
    "practice",
    "wants_looks",
    "trials",
    "sets_aside",
)


class RegistrationError(ValueError):
    """What was typed cannot be stored. `field` names the argument that it is about."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


def register_site(
    *,
    team: Team,
    name: str,
    url: str,
    paths: Sequence[str] = (),
    interval_s: int = 60,
    host: Host | None = None,
    docroot: str = "",
    error_log: str = "",
    access_log: str = "",
    profile: str = "",
    basic_user: str = "",
    basic_password: str = "",
    headers: Sequence[tuple[str, str]] = (),
    tags: str = "",
    time_limit_s: int = 10,
    practice: bool = False,
    wants_looks: bool = True,
    trials: str = "",
    sets_aside: bool = False,
) -> Site:
    """Stores a site with its pages, due at once. Raises RegistrationError."""
    chosen: dict[str, Any] = {"name": name, "url": url, "interval_s": interval_s, "time_limit_s": time_limit_s, "tags": tags}
    chosen |= {"docroot": docroot, "error_log": error_log, "access_log": access_log, "profile": profile, "basic_user": basic_user}
    chosen |= {"wants_looks": wants_looks, "trials": trials, "sets_aside": sets_aside}
    site, wanted = drafted(team, host=host, paths=paths, basic_password=basic_password, headers=headers, practice=practice, **chosen)
    _check_name_is_free(site)
    with transaction.atomic():
        _save(site)
        _add_pages(site, wanted, 0)
    return site


def drafted(
    team: Team,
    *,
    host: Host | None = None,
    paths: Sequence[str] = (),
    basic_password: str = "",
    headers: Sequence[tuple[str, str]] = (),
    practice: bool = False,
    **chosen: Any,
) -> tuple[Site, list[str]]:
    """A site with the paths of its pages, checked but not stored: without a query, and without a look whether the name is free.

    Raises RegistrationError.
    """
    site = Site(team=team, host=host, practice=practice)
    _put(site, chosen)
    credentials.set_site_secrets(site, basic_password=basic_password, headers=_checked_headers(headers))
    _check_host(site, host)
    return site, _checked_paths(paths)


def update_site(site: Site, **changes: Any) -> Site:
    """Changes what is given of a site: the arguments of `register_site` but `team` and `practice`. Raises RegistrationError.

    `basic_password` and `headers` replace the stored ones only when given.
    """
    paths = changes.pop("paths", None)
    password, headers = changes.pop("basic_password", None), changes.pop("headers", None)
    with transaction.atomic():
        interval = site.interval_s
        if "host" in changes:
            host = changes.pop("host")
            _check_host(site, host)
            site.host = host
        lay_at = urlsplit(site.url)[:2]
        _put(site, changes)
        if "name" in changes:
            _check_name_is_free(site)
        # What is allowed to the practice site is allowed to the address it was made with, not to wherever somebody moves it.
        site.practice = site.practice and urlsplit(site.url)[:2] == lay_at
        if password is not None or headers is not None:
            kept_password = credentials.basic_password(site) if password is None else password
            kept_headers = list(credentials.request_headers(site)) if headers is None else _checked_headers(headers)
            credentials.set_site_secrets(site, basic_password=kept_password, headers=kept_headers)
        _save(site)
        if paths is not None:
            set_pages(site, paths)
        if site.interval_s != interval:
            _start(site, timezone.now())
    return site


def set_pages(site: Site, paths: Iterable[str]) -> None:
    """Makes these the pages of a site, in this order. A page that stays keeps its state. Raises RegistrationError."""
    wanted = _checked_paths(paths)
    with transaction.atomic():
        _lock(site)
        site.pages.exclude(path__in=wanted).delete()
        kept = {page.path: page for page in site.pages.all()}
        for position, path in enumerate(wanted):
            if path in kept:
                kept[path].position = position
        update_rows(Page, {page.pk: (page.position,) for page in kept.values()}, ["position"])
        _add_pages(site, [path for path in wanted if path not in kept], -1, {path: n for n, path in enumerate(wanted)})
        _set_aside_what_nobody_looks_for(site, set(wanted))


def _set_aside_what_nobody_looks_for(site: Site, watched: set[str]) -> None:
    """No probe can end an incident none of whose pages is watched any more. What visitors meet, visitors end."""
    for incident in site.incidents.filter(resolved_at=None):
        if watched.isdisjoint(incident.paths) and not is_of_visitors(incident):
            incident_endings.set_aside(incident, _("None of its pages is watched any more."))


def set_expectations(site: Site, *, expected_statuses: str = "", must_contain: str = "", must_not_contain: str = "") -> None:
    """What the first page should answer: statuses separated by spaces, words one per line; empty is as usual. Raises RegistrationError."""
    wanted = checked_expectations(expected_statuses, must_contain, must_not_contain)
    site.pages.filter(path="/").update(**wanted)


def checked_expectations(expected_statuses: str, must_contain: str, must_not_contain: str) -> dict[str, str]:
    """The columns of a page for what is expected of it. Raises RegistrationError."""
    statuses = expected_statuses.replace(",", " ").split()
    if any(len(status) != 3 or not status.isdecimal() or not 100 <= int(status) <= 599 for status in statuses):
        raise RegistrationError(_("Numbers from 100 to 599, separated by spaces."), "expected_statuses")
    if len(" ".join(statuses)) > 100:
        raise RegistrationError(_("This is too long: at most %(most)d characters.") % {"most": 100}, "expected_statuses")
    there, not_there = ("\n".join(text.splitlines()) for text in (must_contain, must_not_contain))
    return {"expected_statuses": " ".join(statuses), "must_contain": there, "must_not_contain": not_there}


def pause(site: Site, until: datetime | None = None) -> None:
    """Stops probing until this moment, or until `resume`. What is known stays as it is."""
    with transaction.atomic():
        _lock(site)
        site.paused_at, site.paused_until = timezone.now(), until
        if _keep_pause(site):
            site.pages.update(due_at=None)


def resume(site: Site) -> None:
    """Probes again, at once."""
    with transaction.atomic():
        _lock(site)
        site.paused_at = site.paused_until = None
        if _keep_pause(site):
            _start(site, timezone.now())


def _keep_pause(site: Site) -> bool:
    """Stores whether it is paused. False for a site that somebody put into the bin meanwhile: it stays there as it is."""
    return bool(Site.objects.filter(pk=site.pk).update(paused_at=site.paused_at, paused_until=site.paused_until))


def resume_due(now: datetime | None = None) -> int:
    """Resumes what was paused until a moment that has come. Returns how many sites."""
    due = list(Site.objects.filter(paused_at__isnull=False, paused_until__lte=now or timezone.now()))
    for site in due:
        resume(site)
    return len(due)


def mute_site(site: Site, until: datetime | None) -> None:
    """No notifications of this site until then; None ends it."""
    site.muted_until = until
    site.save(update_fields=["muted_until"])


def delete_site(site: Site) -> None:
    """Removes a site with all that was recorded of it. Nothing on its host is touched."""
    with transaction.atomic():
        _lock(site)
        site.delete()


def _lock(site: Site) -> None:
    Site.objects.select_for_update().filter(pk=site.pk).values_list("pk", flat=True).first()


def _save(site: Site) -> None:
    """Of a site that stands, only what a person chooses is written: a verdict that came meanwhile stays."""
    try:
        with transaction.atomic():
            site.save(update_fields=_CHOSEN if site.pk else None)
    except ProtectedError:  # one as well: a repair is being made there
        raise
    except IntegrityError:  # somebody registered that name at the same moment
        raise name_taken() from None


def _start(site: Site, now: datetime) -> None:
    if site.paused_at is None:
        due, anchor = first_due(site.interval_s, now)
        site.pages.update(due_at=due, anchor_at=anchor)


def _add_pages(site: Site, paths: Sequence[str], start: int, positions: dict[str, int] | None = None) -> None:
    due, anchor = first_due(site.interval_s, timezone.now())
    due_or_paused = None if site.paused_at else due
    Page.objects.bulk_create(
        Page(site=site, path=path, position=positions[path] if positions else start + n, due_at=due_or_paused, anchor_at=anchor)
        for n, path in enumerate(paths)
    )


def _put(site: Site, changes: dict[str, Any]) -> None:
    """Checks and sets plain attributes on the unsaved row."""
    for name, value in changes.items():
        if name == "name":
            site.name = _checked_name(value)
        elif name == "url":
            site.url = _checked_url(value)
        elif name == "interval_s":
            site.interval_s = _checked_number(value, LEAST_INTERVAL_S, MOST_INTERVAL_S, name)
        elif name == "time_limit_s":
            site.time_limit_s = _checked_number(value, 1, MOST_TIME_LIMIT_S, name)
        elif name in ("wants_looks", "sets_aside"):
            setattr(site, name, bool(value))
        elif name == "trials":
            site.trials = _checked_trials(value)
        elif name == "tags":
            site.tags = _checked_text(" ".join(_TURNING.sub("", str(value)).split()), name)
        elif name in _PLAIN:
            setattr(site, name, _checked_text(str(value).strip(), name))
        else:
            raise TypeError(f"a site has no {name!r}")


def _checked_trials(value: str | Iterable[str]) -> str:
    try:
        return trial_policy.checked(value if isinstance(value, str) else " ".join(value))
    except ValueError as error:
        raise RegistrationError(str(error), "trials") from error


def _checked_text(text: str, field: str) -> str:
    longest = Site._meta.get_field(field).max_length or 0
    if _CONTROL.search(text):
        raise RegistrationError(_("This must be one line of plain text."), field)
    if len(text) > longest:
        raise RegistrationError(_("This is too long: at most %(most)d characters.") % {"most": longest}, field)
    return text


def _checked_name(name: str) -> str:
    name = _checked_text(_TURNING.sub("", name).strip(), "name")
    if not name:
        raise RegistrationError(_("Give the site a name."), "name")
    return name


def _check_name_is_free(site: Site) -> None:
    if Site.objects.filter(name=site.name).exclude(pk=site.pk).exists():
        raise name_taken()


def name_taken() -> RegistrationError:
    """That another site has the name."""
    return RegistrationError(_("There is already a site of this name. Choose another."), "name")


def _checked_url(url: str) -> str:
    url = _checked_text(url.strip(), "url")
    try:
        parts = urlsplit(url)
        _port = parts.port  # raises when it is no number
    except ValueError:
        raise RegistrationError(_("This is not an address of a website."), "url") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or " " in url:
        raise RegistrationError(_("The address begins with http:// or https:// and names a website."), "url")
    if parts.username is not None or parts.password is not None:
        message = _("Leave user name and password out of the address. They have fields of their own, where they are stored sealed.")
        raise RegistrationError(message, "url")
    if parts.fragment or parts.query:
        raise RegistrationError(_("Leave out what follows ? or # in the address; give a page its own path instead."), "url")
    return url


def _checked_number(value: int, least: int, most: int, field: str) -> int:
    if not least <= int(value) <= most:
        raise RegistrationError(_("Choose a number from %(least)d to %(most)d.") % {"least": least, "most": most}, field)
    return int(value)


def _checked_paths(paths: Iterable[str]) -> list[str]:
    """The first page always, then the further ones in their order."""
    wanted = ["/"]
    for text in paths:
        path = text.strip()
        if not path:
            continue
        if "://" in path.partition("?")[0] or path.startswith("//") or _CONTROL.search(path) or " " in path or "#" in path:
            raise RegistrationError(_("A page is a path of this site, such as /contact."), "paths")
        if len(path) > 1000:
            raise RegistrationError(_("This is too long: at most %(most)d characters.") % {"most": 1000}, "paths")
        path = "/" + path.lstrip("/")
        if path not in wanted:
            wanted.append(path)
    if len(wanted) > MOST_PAGES:
        raise RegistrationError(_("At most %(most)d pages of one site can be watched.") % {"most": MOST_PAGES}, "paths")
    return wanted


def _checked_headers(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    checked = [(name.strip(), value.strip()) for name, value in headers]
    for name, value in checked:
        if not _HEADER_NAME.fullmatch(name) or _CONTROL.search(value):
            raise RegistrationError(_("A header is a name and a value in one line, such as X-Token: 123."), "headers")
    return checked


def _check_host(site: Site, host: Host | None) -> None:
    if host is not None and host.team_id != site.team_id:
        raise RegistrationError(_("This host belongs to another team."), "host")
