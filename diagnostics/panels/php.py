"""The PHP configuration of a hosting: what it is, what can be chosen, and what a choice would change. Nothing here changes anything."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from diagnostics.models import PanelChange, RepairCase, Step
from sites.models import Site

from . import reading, starting
from .base import Ability, PhpConfig, PhpPair
from .ovhcloud import OvhCloud

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

GUIDE_STEP = "php-version"
REPAIR = "panel-php"
_IN_FILE = {
    "engine": "app.engine", "version": "app.engine.version", "firewall": "http.firewall", "environment": "environment",
    "container": "container.image",
}  # fmt: skip
_MOST_EARLIER = 5


@dataclass(frozen=True, slots=True)
class Plan:
    """What a choice would change, as it is shown and as it is carried out."""

    title: str
    before: PhpConfig
    after: PhpConfig
    affected: tuple[str, ...]  # sites that run by this configuration
    apart: tuple[str, ...]  # folders that have a PHP version of their own
    cautions: tuple[str, ...]

    def diff(self) -> str:
        """As a change of the file that the panel writes."""
        lines = ["--- .ovhconfig", "+++ .ovhconfig", "@@ -1,5 +1,5 @@"]
        for name, key in _IN_FILE.items():
            old, new = getattr(self.before, name), getattr(self.after, name)
            lines += [f" {key}={old}"] if old == new else [f"-{key}={old}", f"+{key}={new}"]
        return "\n".join(lines) + "\n"

    def digest(self) -> str:
        """Hex SHA-256 over all that a person agrees to."""
        values = [self.before.id, self.before.values(), self.after.values(), self.affected]
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


# --- what was read ------------------------------------------------------------------------------
def read(step: Step) -> Step:
    """The look of the guided repair: asks the panel and stores what it tells. Changes nothing."""
    return reading.read(step, "PHP", _told)


def _told(panel: OvhCloud) -> reading.Told:
    now = _config_json(panel.php())
    stored = {
        "now": now,
        "folders": [[each.folder, each.version] for each in panel.php_of_folders()],
        "before": [_config_json(each) for each in list(panel.php_before())[:_MOST_EARLIER]],
        "pairs": [[pair.version, pair.container] for pair in panel.php_pairs()],
        "domains": panel.domains(),
    }
    return _("The hosting runs PHP %(version)s.") % {"version": now["values"]["version"]}, {"php": stored}


def _config_json(config: PhpConfig) -> dict[str, Any]:
    at = config.created_at.isoformat() if config.created_at else ""
    return {"id": config.id, "values": config.values(), "status": config.status, "at": at}


def config_of(stored: dict[str, Any]) -> PhpConfig:
    """The same back."""
    return PhpConfig(version="", id=stored["id"], status=stored["status"]).with_values(stored["values"])


def told(case: RepairCase) -> dict[str, Any] | None:
    """What was read last, if nothing was changed through the panel since then."""
    looks = case.steps.filter(guide_step=GUIDE_STEP, action="look", state=Step.State.DONE, result__has_key="php").order_by("-pk")
    found = looks.first()
    if found is None or case.steps.filter(repair_id=REPAIR, pk__gt=found.pk).exclude(state=Step.State.FAILED).exists():
        return None
    return found.result["php"]


# --- what can be chosen -------------------------------------------------------------------------
def choices(stored: dict[str, Any]) -> list[tuple[str, str]]:
    """Values and words of everything that can be chosen: earlier configurations first, then versions, the newest first."""
    now = config_of(stored["now"])
    earlier, seen = [], [now.values()]
    for each in stored["before"]:
        config = config_of(each)
        if config.values() not in seen and _is_allowed(config, _pairs(stored)):
            seen.append(config.values())
            words = _("Back to how it was: PHP %(version)s, %(environment)s") % config.values()
            earlier.append((f"kept:{config.id}", words))
    versions = sorted({pair.version for pair in _pairs(stored)} - {now.version}, key=_by_number, reverse=True)
    return earlier + [(f"version:{version}", f"PHP {version}") for version in versions]


def likely(stored: dict[str, Any]) -> str:
    """The choice that stands first for a person who knows no other: how it was before, else the newest that is older than now's."""
    offered = choices(stored)
    older = [value for value, _words in offered if _is_older(value, config_of(stored["now"]).version)]
    return next((value for value, _words in offered if value.startswith("kept:")), next(iter(older), offered[0][0] if offered else ""))


def _is_older(value: str, than: str) -> bool:
    kind, _colon, version = value.partition(":")
    return kind == "version" and _by_number(version) < _by_number(than)


def _pairs(stored: dict[str, Any]) -> list[PhpPair]:
    return [PhpPair(version, container) for version, container in stored["pairs"]]


def _by_number(version: str) -> list[int]:
    return [int(part) if part.isdecimal() else -1 for part in version.split(".")]


def _is_allowed(config: PhpConfig, pairs: Sequence[PhpPair]) -> bool:
    return PhpPair(config.version, config.container) in pairs


def wanted(stored: dict[str, Any], choice: str) -> PhpConfig | None:
    """The configuration that a choice stands for; None where it is none of those that are offered."""
    if choice not in dict(choices(stored)):
        return None
    now, (kind, _colon, value) = config_of(stored["now"]), choice.partition(":")
    if kind == "kept":
        return now.with_values(next(each["values"] for each in stored["before"] if str(each["id"]) == value))
    systems = [pair.container for pair in _pairs(stored) if pair.version == value]
    container = now.container if now.container in systems else systems[-1]
    engine = "php" if now.engine == "phpcgi" else now.engine  # with the older engine the version is not looked at
    return now.with_values({"version": value, "container": container, "engine": engine})


def plan(site: Site, stored: dict[str, Any], choice: str) -> Plan | None:
    """What a choice would change, and for whom; None for what cannot be chosen."""
    after = wanted(stored, choice)
    if after is None:
        return None
    before = config_of(stored["now"])
    ours = Site.objects.filter(host=site.host_id, deleted_at=None).order_by("name").values_list("name", flat=True)
    affected = tuple(dict.fromkeys((*ours, *stored["domains"])))
    title = _("Change PHP from %(old)s to %(new)s") % {"old": before.version, "new": after.version}
    if before.version == after.version:
        title = _("Go back to the earlier PHP configuration")
    return Plan(title, before, after, affected, tuple(folder for folder, _version in stored["folders"]), _cautions(before, after))


def _cautions(before: PhpConfig, after: PhpConfig) -> tuple[str, ...]:
    found = []
    if before.container != after.container:
        found.append(_("The system that PHP runs on changes too: everybody who is logged in on these sites is logged out."))
    if _by_number(after.version) < _by_number(before.version):
        found.append(_("An older version may get no more security updates. Take it as a way to bring the site back, not to stay."))
    if after.environment == "development" != before.environment:
        found.append(_("In this mode visitors see errors of PHP."))
    return tuple(found)


# --- started ------------------------------------------------------------------------------------
def start(case: RepairCase, choice: str, digest: str, user: AbstractBaseUser | None) -> Step:
    """Starts the change exactly as a person saw it. Raises starting.Refused."""
    lacking = _("The panel was not given the right to change PHP. Connect it anew, with that right.")
    panel, stored = starting.panel_for(case, Ability.PHP_CHANGE, lacking), told(case)
    made = plan(case.site, stored, choice) if stored else None
    if made is None or made.digest() != digest:
        words = _("What is proposed has changed since this page was shown. Nothing was changed. Read the configuration again.")
        raise starting.Refused(words)
    before, after = made.before.values(), made.after.values()
    kind, diff = PanelChange.Kind.PHP, made.diff()
    return starting.new_step(case, panel, starting.Wanted(kind, GUIDE_STEP, REPAIR, made.title, before, after, digest, diff), user)
