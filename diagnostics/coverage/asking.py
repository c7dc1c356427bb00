"""Baselines and diagnoses asked for many sites at once, with how many could not be asked for and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import ngettext

from diagnostics import diagnosing
from diagnostics.baselines import taking
from sites.models import Host, Site

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


@dataclass(frozen=True, slots=True)
class Asked:
    """How many sites it was asked for, how many cannot be reached, and how many are not well enough for it."""

    asked: int
    unreached: int
    unwell: int = 0


def baselines(ids: Sequence[int], user: AbstractBaseUser) -> Asked:
    """Asks for a baseline of each of these sites that is well and can be reached."""
    asked = taking.ask_many(ids, user)
    reached = Site.objects.filter(pk__in=list(ids), host__state=Host.State.WORKS).exclude(docroot="").count()
    return Asked(asked, len(ids) - reached, max(0, reached - asked))


def diagnoses(ids: Sequence[int], user: AbstractBaseUser) -> Asked:
    """Asks for a diagnosis of each of these sites that has a connection."""
    asked = diagnosing.request_many(ids, user)
    return Asked(asked, len(ids) - asked)


def baseline_words(asked: Asked) -> str:
    """What came of it, for the person who asked."""
    parts = []
    if asked.asked:
        words = ngettext(
            "The baseline of %(n)d site is going to be taken. Nothing is changed on its host.",
            "The baselines of %(n)d sites are going to be taken, a few at a time. Nothing is changed on their hosts.",
            asked.asked,
        )
        parts.append(words % {"n": asked.asked})
    if asked.unreached:
        words = ngettext(
            "%(n)d site cannot be reached: it has no connection that works, or no folder is known.",
            "%(n)d sites cannot be reached: they have no connection that works, or no folder is known.",
            asked.unreached,
        )
        parts.append(words % {"n": asked.unreached})
    if asked.unwell:
        words = ngettext(
            "%(n)d site is not well just now, or is being worked on: its baseline is taken by itself when it is well.",
            "%(n)d sites are not well just now, or are being worked on: their baselines are taken by themselves when they are well.",
            asked.unwell,
        )
        parts.append(words % {"n": asked.unwell})
    return " ".join(parts)


def diagnosis_words(asked: Asked) -> str:
    """What came of it, for the person who asked."""
    parts = []
    if asked.asked:
        words = ngettext(
            "%(n)d site is going to be diagnosed. What is found stands on its page; nothing is changed on its host.",
            "%(n)d sites are going to be diagnosed, a few at a time. What is found stands on their pages; nothing is changed there.",
            asked.asked,
        )
        parts.append(words % {"n": asked.asked})
    if asked.unreached:
        words = ngettext("%(n)d site has no connection.", "%(n)d sites have no connection.", asked.unreached)
        parts.append(words % {"n": asked.unreached})
    return " ".join(parts)
