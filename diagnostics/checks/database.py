"""What is wrong with the site's database: told by its own answer to the site's login, else by the page that the site shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from diagnostics.causes import CAUSES
from diagnostics.checks.common import failing_pages, is_failing, lines_of_failure
from diagnostics.checks.database_numbers import RIGHTS, cause_of
from diagnostics.checks.php_sharpening import RIGHT_REFUSED, hint_of_login, hint_of_refusal
from diagnostics.checks.registry import check
from diagnostics.checks.shown import is_of_server, is_refused_alone, text_of
from diagnostics.checks.unreached import place_of, told_by_settings
from diagnostics.evidence import Evidence, PageSeen, Unreadable
from diagnostics.facts.changes import failing_since, is_just_before
from diagnostics.facts.database import NO_SUCH_NAME, OF_NETWORK
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.installed import Application, DatabaseTrial
from diagnostics.php.database_words import cannot_connect, database_cause, is_refused_right
from sites.probing.outcome import Kind
from sites.texts import mark as _

_REPAIR = re.compile(rb"/maint/repair\.php\?referrer=is_blog_installed")  # whatever language WordPress says the rest in
_LIKELY = 0.7  # what settings say is surer than this where something in them stands out
_UNASKED = 0.55  # that tables are missing, where the pages fail before the database is asked
_SHORT = 3000  # characters: a page that says one thing
_SPEAKING = frozenset(
    kind.value for kind in (Kind.DATABASE_ERROR, Kind.FATAL_IN_BODY, Kind.SERVER_ERROR, Kind.GATEWAY_ERROR)
)  # 503: so answer phpBB and others where they cannot work
_INSTALLER = re.compile(rb"(install|setup-config)\.php\?step=")


@check(id="database", title=_("The database, asked with the site's own login"), order=13)
def database(evidence: Evidence) -> Iterator[Finding]:
    trial = evidence.database
    if not isinstance(trial, DatabaseTrial) or not is_failing(evidence.site) or is_refused_alone(evidence.site):
        return
    if trial.stage == "well":
        found = _of_tables(trial, evidence)
        yield from (replace(each, confidence=_UNASKED) for each in found) if _asks_none(evidence) else found
        return
    cause = cause_of(trial.code)
    if cause:
        sure = 0.85 if trial.by == "page" else _sureness(cause, evidence)
        yield _finding(cause, trial, _said(trial), sure, _of_variable(trial.settings_path, evidence)[0])
    elif trial.code:
        yield _finding("database-server-down", trial, _said(trial), 0.6)


def _asks_none(evidence: Evidence) -> bool:
    """Whether no failing page came as far as the program that would ask the database: the web server answered by itself."""
    return all(is_of_server(page) for page in failing_pages(evidence.site))


def _said(trial: DatabaseTrial) -> str:
    if trial.by == "page":
        return trial.message
    return f"{trial.table}: {trial.code} {trial.message}".removeprefix(": ") if trial.table else f"{trial.code} {trial.message}"


def _sureness(cause: str, evidence: Evidence) -> float:
    """A server that cannot be reached from the command line may be reached by the site, where pages say nothing of a database."""
    shows = any(page.kind == Kind.DATABASE_ERROR.value for page in failing_pages(evidence.site))
    said = any(cannot_connect(line.text) or database_cause(line.text) for line in lines_of_failure(evidence) if line.paired)
    if shows or said:
        return 0.98
    if cause in ("database-table-missing", "database-table-crashed"):
        return 0.85
    return 0.65 if cause == "database-server-down" else 0.95


def _of_tables(trial: DatabaseTrial, evidence: Evidence) -> Iterator[Finding]:
    if not trial.tables:
        said = _("There is no table whose name begins with “{prefix}”.").format(prefix=trial.prefix)
        if trial.other_prefixes:
            said += " " + _("There are tables that begin with “{prefixes}”.").format(prefixes="”, “".join(trial.other_prefixes))
        yield _finding("database-table-missing", trial, said, 0.96 if _shows_trouble(evidence) else 0.9)
    elif trial.missing:
        said = _("These tables are not there: {tables}.").format(tables=", ".join(trial.missing[:8]))
        if _is_network_alone(trial):
            said += " " + _("The settings say that this is a network of several blogs (MULTISITE), which was never set up here.")
        yield _finding("database-table-missing", trial, said, 0.97 if _shows_trouble(evidence) else 0.85)
    elif trial.empty:
        said = _("These tables have no row at all, as after an import that broke off: {tables}.").format(tables=", ".join(trial.empty))
        yield _finding("database-table-missing", trial, said, 0.95 if _shows_repair(evidence) or _shows_trouble(evidence) else 0.85)


def _shows_repair(evidence: Evidence) -> bool:
    return any(_REPAIR.search(page.body) for page in failing_pages(evidence.site))


def _is_network_alone(trial: DatabaseTrial) -> bool:
    return set(trial.missing) == {f"{trial.prefix}{name}" for name in OF_NETWORK}


def _shows_trouble(evidence: Evidence) -> bool:
    return any(page.kind in (Kind.DATABASE_ERROR.value, Kind.UNEXPECTED.value) for page in failing_pages(evidence.site))


_PLAIN = {
    "database-access-denied": _("The database at {where} does not accept the user name or the password of the site's settings"),
    "database-missing": _("There is no database “{name}” at {where} that this site may use"),
    "database-server-down": _("The database server {where} does not answer"),
    "database-too-many-connections": _("The database server {where} takes no more connections at the moment"),
    "database-table-missing": _("A part of the database “{name}” is missing"),
    "database-table-crashed": _("The table {table} of the database “{name}” is damaged"),
}


def _of_variable(settings_path: str, evidence: Evidence) -> tuple[str, int | None]:
    """A `$` between double quotes is no letter of the password: PHP puts a variable in its place (language reference, strings)."""
    found = next((each.setting("names a variable") for each in evidence.applications if each.settings_path == settings_path), "")
    name, _colon, line = found.partition(":")
    said = _(
        "In {path}, line {line}, the text of {name} holds a $ between double quotes, which PHP takes for a variable: use single quotes."
    )
    return (said.format(path=settings_path, line=line, name=name), int(line)) if found else ("", None)


_OF_PART = {
    "password": "database-access-denied", "user": "database-access-denied", "name": "database-missing", "host": "database-server-down",
}  # fmt: skip


def _of_outside(settings: Application) -> tuple[str, str, str, int] | None:
    """The part of the login that the settings take from the environment: its cause, what is said of it, file and line."""
    at = {part: (path, line) for part, path, line in settings.login_at}
    outside = dict(settings.login_outside)
    part = next((each for each in _OF_PART if each in outside and each in at), None)
    if part is None:
        return None
    said = _(
        "{path}, line {line}, takes a part of the database login from the variable {name} of the server's environment: on this host it has "
        "to be set in the panel, or its value to be written into the settings."
    )
    path, line = at[part]
    return _OF_PART[part], said.format(path=path, line=line, name=outside[part]), path, line


def _finding(cause: str, trial: DatabaseTrial, said: str, confidence: float, more: str = "") -> Finding:
    entry = CAUSES[cause]
    names_it = cause not in ("database-table-missing", "database-table-crashed") or not trial.tables or _is_network_alone(trial)
    is_right = trial.code in RIGHTS
    told = hint_of_login(said) if cause == "database-access-denied" else ""
    hint = hint_of_refusal(said) if is_right else told or entry.explanation
    summary = RIGHT_REFUSED if is_right else _PLAIN[cause].format(where=trial.where, name=trial.name, table=trial.table or "?")
    if names_it and trial.settings_path:
        line = ", " + _("line {line}").format(line=trial.line) if trial.line else ""
        summary += f" ({trial.place}{line})"
    if cause == "database-table-missing":
        summary += f": {said.rstrip('.')}"
    where = _("Database “{name}” at {where}: {said}").format(name=trial.name, where=trial.where, said=said)
    return Finding(
        "database", cause, Severity.CRITICAL, confidence, f"{summary}.", f"{hint} {more}".strip(),
        trial.place if names_it else trial.settings_path, trial.line if names_it and not is_right else None,
        evidence=(Proof("database", where),), repairs=() if is_right else entry.repairs,
        data=(("table", trial.table), ("code", str(trial.code)), ("by", trial.by), ("message", said)),
    )  # fmt: skip


# --- what the page says -----------------------------------------------------------------------------------
@check(id="database-shown", title=_("What the page says of the database"), order=15)
def database_shown(evidence: Evidence) -> Iterator[Finding]:
    """Only of a page that fails: an article about errors is no error."""
    if not is_failing(evidence.site):
        return
    for page in failing_pages(evidence.site):
        if page.kind not in _SPEAKING or not page.body:
            continue
        text = text_of(page.body)
        found = database_cause(text) if page.kind != Kind.GATEWAY_ERROR.value or len(text) <= _SHORT else None
        is_own = page.kind != Kind.DATABASE_ERROR.value and len(text) <= _SHORT  # of a page known for that, `database_unclear` tells
        if found is None and is_own and (words := cannot_connect(text)) is not None:
            yield _untold(evidence, " ".join(words[0].split()), page)
            return
        if found is None:
            continue
        cause, words = found
        is_right = is_refused_right(text[max(0, words.start() - 80) : words.end() + 160])
        line = text[max(0, words.start() - 80) : words.end() + 160].strip().replace("\n", " ")
        path, number = ("", None) if is_right else place_of(cause, evidence) or ("", None)
        hint = hint_of_refusal(line) if is_right else hint_of_login(line) or CAUSES[cause].explanation
        yield Finding(
            "database-shown", cause, Severity.CRITICAL, 0.93 if page.kind != Kind.SERVER_ERROR.value else 0.85,
            f"{RIGHT_REFUSED if is_right else CAUSES[cause].title}.", hint,
            path, number,
            evidence=(Proof("probe", line, paired=True),),
            repairs=() if is_right else CAUSES[cause].repairs, data=(("message", line),),
        )  # fmt: skip
        return


def _untold(evidence: Evidence, words: str, page: PageSeen) -> Finding:
    """The program's own words for a database that it cannot reach; the driver's were kept back."""
    told = told_by_settings(evidence)
    cause = CAUSES[told.cause if told else "database-server-down"]
    also = told.also if told else ("database-access-denied", "database-missing")
    summary = f"{cause.title} ({told.path}). {told.more}" if told else f"{cause.title}."
    return Finding(
        "database-shown", cause.code, Severity.CRITICAL, min(0.93, told.sure) if told else 0.7, summary, cause.explanation,
        told.path if told else "", told.line if told else None, also=also,
        evidence=(Proof("probe", f"{page.path}: {page.status} {words}", paired=True),), repairs=cause.repairs,
    )  # fmt: skip


@check(id="installer-shown", title=_("The installer in place of the site"), order=16)
def installer_shown(evidence: Evidence) -> Iterator[Finding]:
    """WordPress sends to its installer when it finds no table with its prefix, to its setup when it finds no settings."""
    for page in failing_pages(evidence.site):
        if page.kind != Kind.UNEXPECTED.value or not (found := _INSTALLER.search(page.body)):
            continue
        application = _settings_of(evidence, page.path)
        no_settings = found[1] == b"setup-config"
        if isinstance(evidence.database, DatabaseTrial) and not no_settings:
            return  # its own answer says more
        cause = CAUSES["php-missing-file" if no_settings else "database-table-missing"]
        said = _("WordPress finds no settings: wp-config.php is not where it should be.") if no_settings else _(
            "WordPress finds no table with the prefix of its settings ({prefix})."
        ).format(prefix=application.setting("table_prefix") if application else "$table_prefix")  # fmt: skip
        folder = application.path if application else ""
        yield Finding(
            "installer-shown", cause.code, Severity.CRITICAL, 0.93 if no_settings else 0.85, f"{cause.title}. {said}", cause.explanation,
            f"{folder}/wp-config.php".lstrip("/") if no_settings else application.settings_path if application else "",
            evidence=(Proof("probe", f"{page.path}: {page.status} {found[0].decode()}", paired=True),), repairs=cause.repairs,
        )  # fmt: skip
        return


@check(id="repair-shown", title=_("The page of WordPress that offers to repair its tables"), order=16)
def repair_shown(evidence: Evidence) -> Iterator[Finding]:
    """WordPress finds tables of its own, and no settings in them (wp-includes/functions.php, is_blog_installed)."""
    page = next((page for page in failing_pages(evidence.site) if _REPAIR.search(page.body)), None)
    if page is None or isinstance(evidence.database, DatabaseTrial):
        return  # its own answer says more
    cause, application = CAUSES["database-table-missing"], _settings_of(evidence, page.path)
    said = _("WordPress finds its tables and no settings in them: the table “options” is empty, damaged or away.")
    yield Finding(
        "repair-shown", cause.code, Severity.CRITICAL, 0.88, said, cause.explanation, application.settings_path if application else "",
        also=("database-table-crashed",), evidence=(Proof("probe", f"{page.path}: {page.status} maint/repair.php", paired=True),),
        repairs=("wordpress-table-repair", *cause.repairs),
    )  # fmt: skip


@check(id="database-of-a-blog", title=_("One blog of a network that says it has no database"), order=16)
def blog_without_tables(evidence: Evidence) -> Iterator[Finding]:
    """WordPress says so of a blog whose own tables are not there, while the login is right (wp-includes/ms-load.php, ms_not_installed)."""
    trial = evidence.database
    page = next((page for page in failing_pages(evidence.site) if page.kind == Kind.DATABASE_ERROR.value), None)
    if page is None or not isinstance(trial, DatabaseTrial) or trial.stage != "well" or trial.missing or not trial.tables:
        return
    application = _settings_of(evidence, page.path) or next((each for each in evidence.applications if each.is_network), None)
    if application is None or not application.is_network or _is_first_blog(page, evidence):
        return
    cause = CAUSES["database-table-missing"]
    said = _("The login is right and other pages answer: the tables of the blog at {page} are not in the database “{name}”.")
    said = said.format(page=page.path, name=trial.name)
    yield Finding(
        "database-of-a-blog", cause.code, Severity.CRITICAL, 0.9, f"{cause.title}. {said}", cause.explanation, application.settings_path,
        evidence=(Proof("probe", f"{page.path}: {page.status} {page.detail}".strip(), paired=True),), repairs=cause.repairs,
    )  # fmt: skip


def _is_first_blog(page: PageSeen, evidence: Evidence) -> bool:
    """Whether nothing but failing pages is known: then it is no matter of one blog."""
    return not any(each.kind == Kind.OK.value for each in evidence.site.pages if each.path != page.path)


@check(id="database-unclear", title=_("A database error without its reason"), order=60)
def database_unclear(evidence: Evidence) -> Iterator[Finding]:
    """The page says that the database fails, not why: after a change of the settings their login is suspected, else the server."""
    pages = [page for page in failing_pages(evidence.site) if page.kind == Kind.DATABASE_ERROR.value]
    if not pages or isinstance(evidence.database, DatabaseTrial) or any(True for _each in database_shown(evidence)):
        return
    settings = _settings_of(evidence, pages[0].path)
    began = failing_since(evidence)
    was_changed = settings is not None and began is not None and any(
        settings.settings_path in change.paths and is_just_before(change, began) for change in evidence.changes
    )  # fmt: skip
    causes = ["database-server-down", "database-access-denied", "database-missing", "database-table-missing"]
    variable, line = _of_variable(settings.settings_path, evidence) if settings else ("", None)
    path = settings.settings_path if settings else ""
    outside = _of_outside(settings) if settings and was_changed and not variable else None
    is_unknown = isinstance(evidence.database, Unreadable) and NO_SUCH_NAME in evidence.database.why
    cause = causes.pop(1 if (was_changed and not is_unknown) or variable else 0)
    if outside:
        causes = [*causes, cause]
        cause, variable, path, line = outside
        causes.remove(cause)
    told = told_by_settings(evidence) if not variable else None
    sure = 0.65 if outside else 0.85 if variable else 0.55
    if told and (told.sure > _LIKELY or not path):
        causes, cause, path, line, sure = [*told.also], told.cause, told.path, told.line, max(sure, told.sure - 0.05)
    hint = f"{variable} " if variable else f"{told.more} " if told else ""
    hint += _(
        "It may be the server, or the user name, password or name of the database in the settings: only trying them tells these apart."
    )
    if isinstance(evidence.database, Unreadable):
        hint += " " + _("The database could not be asked: {why}.").format(why=evidence.database.why.rstrip("."))
    hint += " " + _("Give an SSH connection to the account, or compare the settings with what the host's panel says of the database.")
    yield Finding(
        "database-unclear", cause, Severity.CRITICAL, sure,
        variable or _("The site cannot use its database; why is not known yet."), hint,
        path, line, also=tuple(causes),
        evidence=(Proof("probe", f"{pages[0].path}: {pages[0].status} {pages[0].detail}".strip(), paired=True),),
        repairs=CAUSES[cause].repairs,
    )  # fmt: skip


def _settings_of(evidence: Evidence, path: str) -> Application | None:
    return next((each for each in evidence.applications if path in each.serves), None)
