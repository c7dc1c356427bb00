"""Template tags of the pages. Whatever came from a site or a log leaves here escaped, with control characters made visible."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from django import template
from django.template.context import Context
from django.utils import timezone
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from sites import wording
from sites.drawing import Bar, Curve, parse_diff

register = template.Library()

register.filter("ms", wording.ms_words)
register.filter("interval", wording.interval_words)
register.filter("sureness", wording.sureness_words)

_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def visible(text: object) -> str:
    """Text with control and direction-changing characters written out, so that a log line cannot pretend to be another.

    The two joiners stay: Persian, Hindi and many pictures of people are written with them.
    """
    return _UNSEEN.sub(lambda match: f"\\x{ord(match[0]):02x}" if ord(match[0]) < 256 else f"\\u{ord(match[0]):04x}", str(text))


register.filter("visible", visible)


@register.filter
def lasted(start: datetime | None, end: datetime | None = None) -> str:
    """From a moment to another (or to now) in words."""
    return wording.duration_words(((end or timezone.now()) - start).total_seconds()) if start else ""


@register.simple_tag
def tag(tone: str, text: str) -> SafeString:
    """`{% tag "bad" "Down" %}`; tones: ok, warn, bad, odd, info, label or empty."""
    return format_html('<span class="tag {}">{}</span>', tone, text)


@register.simple_tag
def verdict_tag(subject: Any) -> SafeString:
    """The verdict of a site or page as a tag: paused and refused probes are said too."""
    if getattr(subject, "paused_at", None):
        return tag("", _("Paused"))
    if subject.verdict == "unknown" and subject.kind == "blocked":
        return tag("odd", _("Blocked"))
    if subject.verdict == "up" and subject.kind == "maintenance":
        return tag("odd", _("Maintenance"))
    never = subject.verdict == "unknown" and not (getattr(subject, "last_probe_at", None) or getattr(subject, "last_at", None))
    words = _("Not probed yet") if never else subject.get_verdict_display()
    return tag(wording.VERDICT_TONES.get(subject.verdict, ""), words)


@register.simple_tag
def kind_tag(kind: str, status: int | None = None, detail: str = "") -> SafeString:
    """What one response amounts to, as a tag."""
    if kind == "ok" and status:
        return tag("ok", str(status))
    return tag(wording.kind_tone(kind), wording.kind_words(kind, status, detail))


_HOST_TONES = {"works": "ok", "refused": "bad", "unreachable": "bad", "key-changed": "bad"}
_MAIL_TONES = {"sent": "ok", "joined": "ok", "failed": "warn", "given-up": "bad", "queued": "info", "sending": "info"}


@register.simple_tag
def host_tag(host: Any) -> SafeString:
    """How the connection to a host is, as a tag."""
    return tag(_HOST_TONES.get(host.state, ""), host.state_words)


@register.simple_tag
def mail_tag(mail: Any) -> SafeString:
    """What became of a mail, as a tag. One that was kept for want of a mail server carries the reason in `last_error`."""
    if mail.state == "sent" and mail.last_error:
        return tag("warn", _("Kept here, not sent"))
    return tag(_MAIL_TONES.get(mail.state, ""), mail.get_state_display())


@register.simple_tag
def incident_tag(incident: Any) -> SafeString:
    """Whether an incident is open, as a tag."""
    if not incident.is_open:
        return tag("ok", _("Resolved"))
    if incident.held_at:
        return tag("odd", _("In maintenance"))
    return tag("bad", _("Open, it is back") if incident.is_regression else _("Open"))


@register.filter
def entry_tone(entry: Any) -> str:
    """The tone of a line of a timeline: its own, or that of its kind."""
    kinds = {"bad": "bad", "hint": "warn", "good": "ok", "person": "info"}
    return getattr(entry, "tone", "") or kinds.get(getattr(entry, "kind", ""), "")


@register.filter
def failure_tag(incident: Any) -> str:
    """An incident in a tag's words: "500 on all pages"."""
    what = wording.kind_words(incident.kind, incident.status, incident.detail)
    if "cache-proof" in incident.looks:
        return _("%(what)s behind the cache") % {"what": what}
    if incident.looks:
        return _("%(what)s for %(whom)s") % {"what": what, "whom": wording.looks_words(incident.looks)}
    if incident.pattern == "intermittent":
        return _("%(what)s, now and then") % {"what": what}
    return _("%(what)s on all pages") % {"what": what} if incident.scope == "all-pages" else what


@register.filter
def failure_reason(incident: Any) -> str:
    """Why, as far as it is known: the cause, or what is being done to find it."""
    if incident.cause_summary:
        return str(visible(incident.cause_summary))
    what = wording.capitalised(wording.failure_sentence(incident.kind, incident.status, incident.looks, incident.detail))
    if incident.scope != "all-pages" and incident.paths:
        what = _("%(what)s on %(paths)s") % {"what": what, "paths": visible(wording.some_of(incident.paths))}
    looking = _("The hosting account is being read for the cause.")
    return f"{what}. {looking}" if incident.diagnosis_state == "running" else f"{what}."


def _time(at: datetime | None, words: str, *, counts: bool, focus: bool) -> SafeString:
    if at is None:
        return format_html('<span class="faint">{}</span>', _("never"))
    return format_html(
        '<time datetime="{}" data-exact="{}"{}{}>{}</time>',
        at.astimezone(UTC).isoformat(timespec="seconds"),
        wording.exact_words(at),
        mark_safe(" data-ago") if counts else "",
        mark_safe(' tabindex="0"') if focus else "",
        words,
    )


@register.simple_tag
def ago(at: datetime | None, focus: bool = True) -> SafeString:
    """How long ago, counting on in the browser; the exact moment on hover and focus. `focus=False` in long lists."""
    return _time(at, wording.ago_words(at) if at else "", counts=True, focus=focus)


@register.simple_tag
def moment(at: datetime | None, focus: bool = True) -> SafeString:
    """The moment, short; the exact one on hover and focus."""
    return _time(at, wording.moment_words(at) if at else "", counts=False, focus=focus)


@register.simple_tag
def clock(at: datetime | None, focus: bool = True) -> SafeString:
    """The time of day to the second; the whole moment on hover and focus. For timelines and logs."""
    return _time(at, timezone.localtime(at).strftime("%H:%M:%S") if at else "", counts=False, focus=focus)


@register.simple_tag
def ago_patterns() -> str:
    """The words with which the browser goes on counting."""
    return "|".join(wording.ago_patterns())


@register.simple_tag
def bars(days: Sequence[Bar], wide: bool = False, label: str = "") -> SafeString:
    """Availability bars, one per day, oldest first."""
    # Good days of the small bars are one path: fifty rows of thirty bars would else be most of the page's bytes.
    joined = [index for index, day in enumerate(days) if day.tone == "ok" and not wide]
    path = format_html('<path class="bar ok" d="{}"/>', "".join(f"M{index * 6} 0h4v22h-4z" for index in joined)) if joined else ""
    rects = format_html_join(
        "",
        '<rect class="bar {}" x="{}" width="4" height="22" rx="1.5"><title>{}</title></rect>',
        ((day.tone, index * 6, day.words) for index, day in enumerate(days) if index not in joined),
    )
    return format_html(
        '<svg class="bars{}" viewBox="0 0 {} 22" preserveAspectRatio="none" role="img" aria-label="{}">{}{}</svg>',
        mark_safe(" wide") if wide else "",
        max(1, len(days) * 6 - 2),
        label or bars_words(days),
        path,
        rects,
    )


def bars_words(days: Sequence[Bar]) -> str:
    """What the bars say, for those who do not see them."""
    bad = sum(day.tone == "bad" for day in days)
    warn = sum(day.tone == "warn" for day in days)
    return _("%(days)d days: %(bad)d with failures, %(warn)d with hiccups") % {"days": len(days), "bad": bad, "warn": warn}


@register.inclusion_tag("components/chart.html")
def chart(drawn: Curve, label: str, starts: str, ends: str, middle: str = "") -> dict[str, Any]:
    """A curve of milliseconds with its axis; labels keep their size whatever the width."""
    ticks = [wording.ms_words(value) if value else "0" for value in drawn.ticks]
    return {"drawn": drawn, "label": label, "starts": starts, "middle": middle, "ends": ends, "ticks": ticks}


@register.simple_tag
def log(text: str | Iterable[str] | None, mark: str = "", tall: bool = False, named: int | None = None) -> SafeString:
    """Lines of a log as text. `mark` is set in bold where it stands; line number `named` (from 0) is set apart."""
    lines = text.splitlines() if isinstance(text, str) else list(text or [])
    shown = format_html_join(
        "\n",
        '<span class="log-line{}">{}</span>',
        ((mark_safe(" named") if index == named else "", _marked(visible(line), mark)) for index, line in enumerate(lines)),
    )
    if tall:  # scrolls, so it must be reachable by keyboard
        return format_html('<div class="log tall" tabindex="0" role="region" aria-label="{}">{}</div>', _("Log lines"), shown)
    return format_html('<div class="log">{}</div>', shown)


def _marked(line: str, mark: str) -> SafeString:
    before, found, after = line.partition(mark) if mark else (line, "", "")
    if not found:
        return conditional_escape(line)
    return format_html("{}<mark>{}</mark>{}", before, found, after)


@register.inclusion_tag("components/diff.html")
def diff(text: str) -> dict[str, Any]:
    """A difference as `Plan.diff()` writes it, file by file."""
    return {"files": parse_diff("\n".join(visible(line) for line in text.splitlines()))}


@register.inclusion_tag("components/field.html")
def field(bound: Any, unit: str = "") -> dict[str, Any]:
    """A form field with label, hint and errors. `unit` stands behind the input ("seconds")."""
    widget = bound.field.widget
    described = [f"{bound.auto_id}-hint"] if bound.help_text else []
    described += [f"{bound.auto_id}-error"] if bound.errors else []
    attrs: dict[str, Any] = {}
    if described:
        attrs["aria-describedby"] = " ".join(described)
    if bound.errors:
        attrs["aria-invalid"] = "true"
    is_choice = getattr(widget, "input_type", "") == "checkbox"
    return {"field": bound, "control": bound.as_widget(attrs=attrs), "is_choice": is_choice, "unit": unit}


@register.simple_tag(takes_context=True)
def frame_facts(context: Context) -> dict[str, Any]:
    """What the frame around every page shows: the section we are in, open incidents, and whether probing keeps its time."""
    from sites import queries
    from sites.health import watching as health

    request = context.get("request")
    user = getattr(request, "user", None)
    if request is None or user is None or not user.is_authenticated:
        return {"section": ""}
    return {"section": context.get("section") or _section(request.path), **queries.frame(user), "behind": health.frame_warning()}


_PLACES = ("incidents", "repairs", "mail", "settings")
_SECTIONS = {name: name for name in _PLACES} | dict.fromkeys(("account", "coverage", "hosts", "health", "maintenance"), "settings")


def _section(path: str) -> str:
    first = path.strip("/").partition("/")[0]
    return _SECTIONS.get(first, "sites")
