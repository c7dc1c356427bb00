"""UptimeRobot: its CSV export (ID, Type, Status, Friendly Name, URL/IP, Keyword Type, Keyword Value, Port) and the JSON of its API.

https://uptimerobot.com/api/: version 2 counts types (1 HTTP, 2 keyword, …), keyword types (1: alert if it exists, 2: if it does
not) and statuses (0 paused); version 3 names them. Intervals are seconds in both.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from sites.importing import mapping
from sites.importing.rows import Row

NAME = "uptimerobot"
HEADER = {"friendly name", "url/ip"}
_KINDS = {"1": "http", "http": "http", "http(s)": "http", "https": "http", "2": "keyword", "keyword": "keyword"}
_WORDS_OF = {"3": "ping", "4": "port", "5": "heartbeat"}
_ALARM_IF_THERE = ("1", "exists", "alert_exists", "alert exists")
_ALARM_IF_MISSING = ("2", "not exists", "alert_not_exists", "alert not exists", "notexists", "not_exists")
_USED = {"id", "type", "status", "friendly name", "url/ip", "keyword type", "keyword value", "port", "interval", "tags"}


def row(number: int, values: dict[str, str]) -> Row:
    """A row of the CSV export."""
    names = {"friendly name": "name", "url/ip": "url", "keyword type": "keyword_type", "keyword value": "keyword_value"}
    return _row(number, {names.get(name, name): value.strip() for name, value in values.items() if name in _USED})


def notes(header: list[str]) -> list[str]:
    unknown = [name for name in header if name and name not in _USED]
    words = _("These columns are not known and are left out: %(names)s.") % {"names": ", ".join(unknown[:20])}
    found = [words] if unknown else []
    return found if "interval" in header else [*found, _("The export does not tell the interval: every site is probed once a minute.")]


def entries(document: Any) -> list[Any] | None:
    """The monitors of an answer of getMonitors (version 2: `monitors`, version 3: `data`); None if this is none."""
    for key, mark in (("monitors", "friendly_name"), ("data", "friendlyName")):
        found = document.get(key) if isinstance(document, dict) else document
        if isinstance(found, list) and found and isinstance(found[0], dict) and mark in found[0]:
            return found
    return None


def row_of_json(number: int, monitor: dict[str, Any]) -> Row:
    """A monitor as the API tells it."""
    names = {
        "friendly_name": "name", "friendlyName": "name", "keywordType": "keyword_type", "keywordValue": "keyword_value",
        "http_username": "user", "httpUsername": "user", "http_password": "password", "httpPassword": "password",
    }  # fmt: skip
    values = {names.get(key, key): value for key, value in monitor.items()}
    tags = values.get("tags") if isinstance(values.get("tags"), list) else []
    values["tags"] = " ".join(mapping.tag(each.get("name") if isinstance(each, dict) else each) for each in tags or ())
    return _row(number, {key: "" if value is None else str(value) for key, value in values.items()})


def _row(number: int, values: dict[str, str]) -> Row:
    made = Row(number, {"name": mapping.one_line(values.get("name")), "url": values.get("url", "")})
    kind = values.get("type", "").strip().lower()
    if kind not in _KINDS:
        made.refusal = mapping.not_http(_WORDS_OF.get(kind, kind))
        return made
    mapping.put_interval(made.values, made.notes, values.get("interval"))
    made.values["tags"] = " ".join(values.get("tags", "").replace(",", " ").split())
    made.values["paused"] = "yes" if values.get("status", "").strip().lower() in ("0", "paused") else ""
    made.values["basic_user"], made.values["basic_password"] = values.get("user", ""), values.get("password", "")
    if _KINDS[kind] == "keyword":
        _put_words(made, values)
    return made


def _put_words(made: Row, values: dict[str, str]) -> None:
    word, when = values.get("keyword_value", ""), values.get("keyword_type", "").strip().lower()
    if not word:
        made.notes.append(_("Its keyword is not in the file; only the answer itself is looked at."))
    elif when in _ALARM_IF_THERE:
        made.values["must_not_contain"] = word
    elif when in _ALARM_IF_MISSING:
        made.values["must_contain"] = word
    else:
        made.refusal = _("Whether its keyword must be there or not is not told by “%(type)s”.") % {"type": mapping.one_line(when) or "?"}
