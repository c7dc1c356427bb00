"""Writes the login that a person gave into the settings of the program that uses the database: the values that differ, nothing else."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from urllib.parse import urlsplit

from diagnostics.evidence import Evidence, TextFile
from diagnostics.facts.paths import above
from diagnostics.facts.settings.logins import DatabaseLogin, split_host
from diagnostics.facts.settings.secret import Secret
from diagnostics.facts.settings.writing import ANY, PARTS, NotWritable, login_in, with_login
from diagnostics.findings import Finding
from diagnostics.installed import Application
from diagnostics.repairs.plan import Plan, WriteFile
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "database-login"
CAUSES = ("database-access-denied", "database-missing", "database-server-down", "database-table-missing")
ASKED = _("needs a person: only somebody who has the host's panel knows the right login of the database.")


def _no_ways(_evidence: Evidence, _finding: Finding) -> list[Answers]:
    """Nobody can guess it: it is proposed once a person has told it."""
    return []


@repair(id=ID, title=_("Write the right login of the database into the settings"), causes=CAUSES, variants=_no_ways)
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    """Answers: `user`, `password`, `name`, `host` ("server", "server:port", "localhost:/a/socket"); what is not given stays."""
    if not any(answers.get(part) for part in ("user", "password", "name", "host")):
        return CannotPlan(ASKED)
    application = application_of(evidence, finding)
    files = settings_files(evidence, application) if application else {}
    now = current(evidence, application) if application else None
    if application is None or now is None:
        return CannotPlan(_("No settings with a login of a database were found. Write it there by hand."))
    texts = {path: text_of(file) for path, file in files.items()}
    try:
        made, parts = with_login(application.name, first_of(files, application), texts, wanted(now, answers), server_of(evidence))
    except NotWritable as error:
        return CannotPlan(str(error))
    if not made:
        return None
    changes = tuple(_change(files[path], text) for path, text in made.items())
    what = ", ".join(PARTS[part] for part in parts)
    title = _("Write the database's {what} into {path}").format(what=what, path=changes[0].shown)
    why = _("Only this value changes; the rest of the file stays as it is, byte for byte.")
    if outside := [name for part, name in now.outside if part in parts]:
        said = _(
            "So far the file asks the server's surroundings for it ({names}), which do not tell it. From now on it stands in the file."
        )
        why = f"{said.format(names=', '.join(outside))} {why}"
    return Plan(ID, finding.cause, title, why, changes, affects=_("Every page of {title}").format(title=application.title))


def application_of(evidence: Evidence, finding: Finding) -> Application | None:
    """The program whose database the finding is about; one that is not known by what a log or page led to: the file with its login."""
    using = [each for each in evidence.applications if each.login_at]
    known = next((each for each in using if each.settings_path == finding.path), None)
    is_other = evidence.database_way is not None and evidence.database_way.path == finding.path
    return known or (using[0] if using and not is_other else _not_known(evidence))


def _not_known(evidence: Evidence) -> Application | None:
    way = evidence.database_way
    if way is None:
        return None
    folder, path = posixpath.dirname(way.path), above(evidence.docroot)
    at = tuple((part, way.path, line) for part, line in way.lines)
    return Application(ANY, way.path, folder, posixpath.join(path, folder), settings_path=way.path, login_at=at)


def settings_paths(application: Application) -> tuple[str, ...]:
    """The files that tell its login, as people see them."""
    return tuple(dict.fromkeys((application.settings_path, *(path for _part, path, _line in application.login_at))))


def settings_files(evidence: Evidence, application: Application) -> dict[str, TextFile]:
    """Those that are at hand, by their absolute path."""
    found = (evidence.file(path) for path in settings_paths(application))
    return {file.absolute: file for file in found if file is not None}


def current(evidence: Evidence, application: Application) -> DatabaseLogin | None:
    """The login that the settings at hand give; None where that is not the one that was found in them before."""
    files = settings_files(evidence, application)
    texts = {path: text_of(file) for path, file in files.items()}
    found = login_in(application.name, first_of(files, application), texts, server_of(evidence))
    at = {(part, files[path].path, line) for part, (path, line) in found.lines.items()} if found else set()
    return found if found and at == set(application.login_at) else None


def wanted(now: DatabaseLogin, answers: Answers) -> DatabaseLogin:
    """The login that results from what a person gave."""
    host, port, socket = split_host(answers["host"]) if answers.get("host") else (now.host, now.port, now.socket)
    secret = Secret(answers["password"]) if answers.get("password") else now.password
    given = {part: answers[part] for part in ("user", "name") if answers.get(part)}
    return replace(now, host=host, port=port, socket=socket, password=secret, **given)


def first_of(files: dict[str, TextFile], application: Application) -> str:
    """The settings file that is read first, by its absolute path."""
    return next((path for path, file in files.items() if file.path == application.settings_path), "")


def server_of(evidence: Evidence) -> dict[str, str]:
    """What settings may ask of the web server."""
    host = urlsplit(evidence.site.url).hostname or ""
    return {"HTTP_HOST": host, "SERVER_NAME": host} if host else {}


def text_of(file: TextFile) -> str:
    """Its content, as settings are read."""
    return file.content.decode("utf-8", "surrogateescape")


def _change(file: TextFile, text: str) -> WriteFile:
    return WriteFile(file.absolute, file.path, file.content, text.encode("utf-8", "surrogateescape"), file.mode)
