"""What a diagnosis could not judge, and what to give so that it can: each want with the page that leads there."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.urls import reverse
from django.utils.translation import gettext as _

from sites.judging import Verdict

from .models import Diagnosis

_MODELESS = ("ftp", "ftps")
_LOG, _HTACCESS, _FILES, _MODES, _DATABASE = "the error log", "the .htaccess files", "the files", "the permissions", "the database"


@dataclass(frozen=True, slots=True)
class Gap:
    """What was missing, which checks needed it, and what to do about it."""

    missing: tuple[str, ...]
    checks: tuple[str, ...]
    advice: str = ""
    url: str = ""
    url_text: str = ""


def gaps_of(diagnosis: Diagnosis) -> list[Gap]:
    """Everything that was missing, the same want once, that which more depends on first."""
    by_want: dict[str, list[str]] = {}
    for row in diagnosis.inconclusive:
        by_want.setdefault(row["missing"], []).append(row["check"])
    found = [Gap((missing,), tuple(checks), *_advice(diagnosis, missing)) for missing, checks in by_want.items()]
    if not diagnosis.site.docroot and diagnosis.site.host_id and not found:
        found.append(Gap((_("It is not known in which folder the site lies."),), (), *_places(diagnosis, _("Say which folder it is."))))
    return sorted(_joined(found), key=lambda gap: -len(gap.checks))


def _joined(gaps: list[Gap]) -> list[Gap]:
    """Those that one and the same thing would fill, as one."""
    found: dict[str, Gap] = {}
    for number, gap in enumerate(gaps):
        other = found.get(gap.advice)
        key = gap.advice or str(number)
        found[key] = replace(gap, missing=(*other.missing, *gap.missing), checks=other.checks + gap.checks) if other else gap
    return list(found.values())


def _advice(diagnosis: Diagnosis, missing: str) -> tuple[str, str, str]:
    """What to do, and the page for it."""
    site = diagnosis.site
    if site.host is None:
        words = _("With a connection to the hosting account, its logs and files can be read. Testing it changes nothing.")
        return words, reverse("diagnostics:site-connect", args=[site.pk]), _("Connect its hosting account")
    if diagnosis.connection in ("", "none"):
        return _("The account could not be opened. Its page says why."), *_account(diagnosis, _("Look at the connection"))
    if missing.startswith(_LOG):
        return _of_log(diagnosis)
    if missing.startswith((_HTACCESS, _FILES)):
        return _places(diagnosis, _("Look whether the folder is the right one, and whether this user may read it."))
    if missing.startswith(_MODES) and diagnosis.connection in _MODELESS:
        return _("SFTP or SSH shows permissions. Most hosts have them: look into your panel."), *_account(
            diagnosis, _("Change the connection")
        )
    if missing.startswith(_DATABASE) and diagnosis.connection != "ssh":
        return _("Over SSH the database can be asked with the site's own settings."), *_account(diagnosis, _("Change the connection"))
    return "", "", ""


def _of_log(diagnosis: Diagnosis) -> tuple[str, str, str]:
    if diagnosis.site.error_log:
        return _places(diagnosis, _("Look whether the path is still the right one, and whether this user may read the file."))
    words = _("Your host's panel tells where it is, or switches it on: look for “Logs” or “Error log”. Then name it here.")
    return _places(diagnosis, words)


def _places(diagnosis: Diagnosis, words: str) -> tuple[str, str, str]:
    return words, reverse("diagnostics:site-places", args=[diagnosis.site_id]), _("Folders and logs")


def _account(diagnosis: Diagnosis, words: str) -> tuple[str, str]:
    return reverse("diagnostics:host", args=[diagnosis.site.host_id]), words


def trial_would_tell(diagnosis: Diagnosis) -> bool:
    """Whether the site fails, no cause is certain, and a trial that is always taken back could say more."""
    if diagnosis.site.host_id is None or diagnosis.verdict != Verdict.DOWN or diagnosis.state != Diagnosis.State.DONE:
        return False
    if any(row.severity == "critical" and row.confidence >= 0.95 for row in diagnosis.findings.all()):
        return False
    return any(not row["why_not"] for row in diagnosis.trials)
