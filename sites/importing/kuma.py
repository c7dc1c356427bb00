"""Uptime Kuma's backup of version 1: `{"version", "notificationList", "monitorList": [...]}` (src/components/settings/Backup.vue, 1.23).

Version 2 dropped the backup (uptime-kuma pull request 3892); its socket API still sends the same monitors, by id: both are read.
"""

from __future__ import annotations

import json
from typing import Any

from django.utils.translation import gettext as _

from sites.importing import mapping
from sites.importing.rows import Row

NAME = "uptime-kuma"
_WEB = ("http", "keyword", "json-query", "real-browser")
_USUAL_STATUSES = ["200-299"]


def entries(document: Any) -> list[Any] | None:
    """The monitors of a backup; None if this is none. Its groups are kept as tags."""
    monitors = document.get("monitorList") if isinstance(document, dict) else None
    if isinstance(monitors, dict):
        monitors = list(monitors.values())
    if not isinstance(monitors, list):
        return None
    groups = {_number(each, "id"): each.get("name") for each in monitors if isinstance(each, dict) and each.get("type") == "group"}
    kept = [each for each in monitors if not (isinstance(each, dict) and each.get("type") == "group")]
    for each in kept:
        if isinstance(each, dict):
            number = _number(each, "parent")
            each["group"] = groups.get(number, "") if number else ""
    return kept


def _number(monitor: dict[str, Any], key: str) -> str:
    """A monitor's number; "" where what stands there is none."""
    number = monitor.get(key)
    return str(number) if isinstance(number, str | int) else ""


def row(number: int, monitor: dict[str, Any]) -> Row:
    """One monitor."""
    values = {"name": mapping.one_line(monitor.get("name")), "url": str(monitor.get("url") or "")}
    made = Row(number, values)
    if monitor.get("type") not in _WEB:
        made.refusal = mapping.not_http(monitor.get("type"))
        return made
    mapping.put_interval(values, made.notes, monitor.get("interval"))
    values["tags"] = " ".join(_tags(monitor))
    values["paused"] = "" if monitor.get("active", True) and not monitor.get("forceInactive") else "yes"
    _put_words(made, monitor)
    _put_statuses(made, monitor)
    _put_login(made, monitor)
    _refuse_what_differs(made, monitor)
    return made


def _tags(monitor: dict[str, Any]) -> list[str]:
    tags = monitor.get("tags") if isinstance(monitor.get("tags"), list) else []
    names = [each.get("name") for each in tags if isinstance(each, dict)] + [monitor["group"] if monitor.get("group") else None]
    return list(dict.fromkeys(mapping.tag(name) for name in names if name))


def _put_words(made: Row, monitor: dict[str, Any]) -> None:
    if monitor.get("type") != "keyword" or not monitor.get("keyword"):
        return
    made.values["must_not_contain" if monitor.get("invertKeyword") else "must_contain"] = str(monitor["keyword"])


def _put_statuses(made: Row, monitor: dict[str, Any]) -> None:
    """Single codes are taken over; a range other than the usual one cannot be said here."""
    wanted = monitor.get("accepted_statuscodes") or _USUAL_STATUSES
    codes = [str(code) for code in wanted] if isinstance(wanted, list) else []
    if codes == _USUAL_STATUSES:
        return
    if codes and all(code.isdecimal() for code in codes):
        made.values["expected_status"] = " ".join(codes)
    else:
        words = _("It accepted the statuses %(codes)s; here a page must answer 2xx, or with one of the numbers that you give.")
        made.notes.append(words % {"codes": ", ".join(codes)[:100]})


def _put_login(made: Row, monitor: dict[str, Any]) -> None:
    if monitor.get("basic_auth_user") and monitor.get("authMethod") in (None, "", "basic"):
        made.values["basic_user"] = str(monitor["basic_auth_user"])
        made.values["basic_password"] = str(monitor.get("basic_auth_pass") or "")
    elif monitor.get("authMethod") not in (None, "", "basic"):
        made.notes.append(_("Its way to log in (%(how)s) is not known here.") % {"how": mapping.one_line(monitor["authMethod"])})
    if _has_headers(monitor.get("headers")):
        made.notes.append(_("Its own request headers are not taken over; type them on the site's page."))


def _has_headers(text: Any) -> bool:
    try:
        return bool(text and json.loads(text))
    except (TypeError, ValueError, RecursionError):
        return True


def _refuse_what_differs(made: Row, monitor: dict[str, Any]) -> None:
    """What a plain probe would judge the other way round, or not at all."""
    if monitor.get("upsideDown"):
        made.refusal = _("It is upside down: it is well when it cannot be reached. Sites are not watched that way here.")
    elif str(monitor.get("method") or "GET").upper() not in ("GET", "HEAD"):
        made.refusal = _("It sends %(method)s; probes here only read (GET).") % {"method": mapping.one_line(monitor["method"])}
    elif monitor.get("type") == "json-query":
        made.notes.append(_("Its JSON query is not taken over: the page must answer 2xx."))
    if monitor.get("ignoreTls"):
        made.notes.append(_("It ignored faults of the certificate; here they count."))
