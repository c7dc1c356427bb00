"""Several pieces of news in one mail: the worst first, sites of one event together, each with why it fails and what to do next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sites import host_news, storms
from sites.advice import advice
from sites.mail_words import (
    FAILURES,
    Mail,
    NothingToTell,
    about_incident,
    called,
    common,
    incident_of,
    is_over,
    list_of,
    mail_of,
    one_line,
    recovery_words,
)
from sites.models import Incident, Notification
from sites.wording import failure_sentence

_MOST_ITEMS = 50  # pieces of news in one mail
_MOST_ROWS = 40  # sites listed in one mail
_MOST_WHOLE = 6  # sites told with why and what next
_MOST_NAMED = 8  # sites in one sentence
_PROOF_LENGTH = 300  # characters of a line of log: the whole stands on the page of the incident
Kinds = Mapping[str, Callable[[Notification], Mail]]
_NEWS = [
    "new", "regression", "escalation", "flapping", "approval", "automatic", "cause", "trial", "stopped", "blocked", "certificate",
    "reminder", "behind", "own-line", "behind-over", "recovery", "test",
]  # fmt: skip


def joined(parts: Sequence[Notification], kinds: Kinds) -> Mail:
    """Several notifications in one mail, the worst news first. A failure that is over meanwhile is the least of them."""
    if asked := _asked_alone(parts):
        return kinds[asked.kind](asked)
    ordered = sorted(parts, key=lambda part: (is_over(part), _NEWS.index(part.kind), part.pk))
    groups, items = _told(_grouped(ordered), kinds)
    _shorten(items)
    bad = [group for group in groups if group[0].kind in FAILURES and not is_over(group[0])]
    down = {part.site_id: called(part) for group in bad for part in group}
    names = list(dict.fromkeys(item["name"] for item in items))
    context = {"items": items[:_MOST_ITEMS], "names": list_of(names, 3), "down": len(down)}
    context |= {"down_names": list_of(list(down.values()), 3), "event": items[0]["headline"] if len(bad) == 1 and len(bad[0]) > 1 else ""}
    context["more"] = len(items) - max(1, len(bad))
    context["suppressed"], context["incidents_link"] = len(items) - len(context["items"]), f"{settings.SITEMEND_BASE_URL}/incidents/"
    context |= {
        "base_url": settings.SITEMEND_BASE_URL,
        "whys": list(dict.fromkeys(part.why for group in groups for part in group))[:_MOST_ITEMS],
    }
    return mail_of("joined", context)


def _asked_alone(parts: Sequence[Notification]) -> Notification | None:
    """What somebody is asked, where all else is about the very failure that it would mend: that mail tells the failure as well."""
    asked = next((part for part in parts if part.kind == Notification.Kind.APPROVAL), None)
    if asked is None or not incident_of(asked).is_open or {part.incident_id for part in parts} != {asked.incident_id}:
        return None
    return asked if all(part.kind in (*FAILURES, Notification.Kind.CAUSE, asked.kind) for part in parts) else None


def _grouped(parts: Sequence[Notification]) -> list[list[Notification]]:
    """News of one event together, what fails and what is over apart; each in the place of its first."""
    found: dict[object, list[Notification]] = {}
    for part in parts:
        own: object = ("alone", part.pk)
        if part.incident is not None and (part.kind in FAILURES or part.kind == Notification.Kind.RECOVERY):
            own = (part.kind in FAILURES, is_over(part), storms.key_of(part.incident))
        found.setdefault(own, []).append(part)
    return list(found.values())


def _told(groups: Sequence[list[Notification]], kinds: Kinds) -> tuple[list[list[Notification]], list[dict[str, Any]]]:
    """The groups that there is still something to tell of, with their items. Raises NothingToTell when it is none."""
    found: list[list[Notification]] = []
    items: list[dict[str, Any]] = []
    gone = NothingToTell()
    for group in groups:
        try:
            items.append(_event_item(group) if len(group) > 1 else _item(group[0], kinds))
        except NothingToTell as why:  # it takes nothing else with it
            gone = why
        else:
            found.append(group)
    if not items:
        raise gone
    return found, items


def _event_item(parts: Sequence[Notification]) -> dict[str, Any]:
    """Several sites of one event, as one piece of news: the first with why and what next, the others by their cause, and one link."""
    incidents = [incident_of(part) for part in parts]
    over = parts[0].kind == Notification.Kind.RECOVERY or is_over(parts[0])
    item = {
        "kind": parts[0].kind,
        "name": list_of([called(part) for part in parts], 3),
        "about": _("Each site keeps its own incident."),
        "headline": one_line(storms.headline(incidents, over=over)),
        "lines": [],
        "link": f"{settings.SITEMEND_BASE_URL}/incidents/?event={storms.key_of(incidents[0])}",
    }
    if over:
        names = [called(part) for part in parts]
        more = [_("and %(n)d more") % {"n": len(names) - _MOST_ROWS}] if len(names) > _MOST_ROWS else []
        return item | {"lines": [*names[:_MOST_ROWS], *more]}
    return item | {"parts": parts, **_of_one_cause(incidents)}


def _of_one_cause(incidents: Sequence[Incident]) -> dict[str, Any]:
    """What several of them have in common as their cause, as the page that shows them together tells it; nothing where they do not."""
    times = Counter(incident.shared for incident in incidents if incident.shared and incident.is_open)
    most, count = times.most_common(1)[0] if times else ("", 0)
    if count < 2:
        return {}
    first = next(incident for incident in incidents if incident.shared == most)
    return {"together": first.pk, "shared_about": first.shared_about, "is_for_host": most.startswith(storms.OF_HOST)}


def _shorten(items: Sequence[dict[str, Any]]) -> None:
    """The first sites of a mail are told whole; of the others, their cause and how many share it."""
    left = _MOST_WHOLE
    for item in items:
        if parts := item.pop("parts", None):
            whole = _chosen([part for part in parts if _has_more_to_tell(part)], left)
            item["whole"] = [_whole(part) for part in whole]
            item["rest"] = _by_cause([part for part in parts if part not in whole], is_rest=bool(whole))
            left -= len(whole)
        elif item.get("whole"):
            if not left:
                item["lines"] += [each["cause"] or each["next"] for each in item["whole"]]
                item["whole"], item["repairable"] = [], False
            left = max(0, left - 1)


def _chosen(parts: Sequence[Notification], most: int) -> list[Notification]:
    """So many of them, in their order: of each cause one, before there are two of any."""
    seen: set[str] = set()
    first, others = [], []
    for part in parts:
        (others if incident_of(part).cause in seen else first).append(part)
        seen.add(incident_of(part).cause)
    chosen = [*first, *others][:most]
    return [part for part in parts if part in chosen]


def _whole(part: Notification) -> dict[str, Any]:
    """One site: how it fails, why, the line that proves it, and what to do next."""
    context, incident = about_incident(part), incident_of(part)
    is_known = bool(incident.cause_summary)
    lead, following = _following(incident, context)
    return {
        "name": called(part),
        "sentence": failure_sentence(incident.kind, incident.status, detail=incident.detail),
        "cause": incident.cause_summary,
        "sureness": "" if incident.cause_why else context["sureness"],
        "place": incident.cause_place if is_known else "",
        "proof": Truncator(incident.cause_proof).chars(_PROOF_LENGTH) if is_known else "",
        "why": incident.cause_why if is_known else "",
        "lead": lead,
        "next": following,
        "trials": incident.trials_note,
        "link": context["incident_link"],
    }


def _following(incident: Incident, context: dict[str, Any]) -> tuple[str, str]:
    """What happens or is to be done next, with the words before it."""
    if incident.cause_next:
        return _("What happens next:"), incident.cause_next
    if context["advice"]:
        return _("What to do:"), context["advice"].text
    return "", "" if incident.cause_summary else _not_known(context)


def _not_known(context: dict[str, Any]) -> str:
    if context["no_connection"]:
        return _("The cause is not known: this site has no connection to its hosting account. Add one on the site's page.")
    if context["not_read"]:
        return _("The cause is not known yet: the hosting account could not be read. The incident's page says why.")
    return _("The cause is not known yet. If it is found, it follows in this thread.")


def _has_more_to_tell(part: Notification) -> bool:
    """Whether more is known than that it fails."""
    incident = incident_of(part)
    return bool(incident.cause_summary or incident.trials_note or advice(incident))


def _by_cause(parts: Sequence[Notification], *, is_rest: bool) -> list[str]:
    """Sites that are not told whole, by what they share: a sentence for each cause, the one that most have first, and none last."""
    groups: dict[str, list[Notification]] = {}
    for part in parts:
        groups.setdefault(incident_of(part).cause, []).append(part)
    return [_share(group, is_rest=is_rest) for _cause, group in sorted(groups.items(), key=lambda each: (not each[0], -len(each[1])))]


def _share(parts: Sequence[Notification], *, is_rest: bool) -> str:
    count = len(parts)
    how_many = ngettext("%(n)d more site", "%(n)d more sites", count) if is_rest else ngettext("%(n)d site", "%(n)d sites", count)
    summaries = {incident_of(part).cause_summary for part in parts}
    names = list_of([called(part) for part in parts], _MOST_NAMED if any(summaries) else _MOST_ROWS)
    told = {"sites": how_many % {"n": count}, "names": names, "cause": max(summaries)}
    if not told["cause"]:
        return f"{told['sites']}: {names}. {_not_known(about_incident(parts[0]))}"
    if len(summaries) == 1:
        return _("%(sites)s (%(names)s) with this cause: %(cause)s") % told
    return _("%(sites)s (%(names)s), each with a cause like this one: %(cause)s") % told


def _item(part: Notification, kinds: Kinds) -> dict[str, Any]:
    if part.incident is None and part.kind in ("blocked", "certificate", "stopped", "test"):
        mail = kinds[part.kind](part)
        context = common(part)
        if part.kind == "stopped" and (host := host_news.about(part)):
            context |= {"name": host["host_name"], "site_url": host["account"], "site_link": host["host_link"]}
        about = {"name": context["name"], "about": context["site_url"], "lines": []}
        return about | {"kind": part.kind, "headline": mail.subject, "link": context["site_link"]}
    context, incident = about_incident(part), incident_of(part)
    headline = one_line(render_to_string(f"emails/{part.kind}/subject.txt", context | recovery_words(part)))
    is_news = part.kind != Notification.Kind.RECOVERY
    whole = _whole(part) if is_news else None
    return {
        "kind": part.kind,
        "name": context["name"],
        "about": context["site_url"],
        "headline": headline,
        "lines": [_("Pages: %(paths)s") % {"paths": context["paths_line"]}, _("Since %(time)s") % {"time": context["since"]}],
        "whole": [whole | {"name": "", "link": ""}] if whole else [],
        "incident_id": incident.pk,
        "repairable": incident.resolved_at is None and not context["no_connection"] and is_news,
        "link": context["incident_link"],
    }
