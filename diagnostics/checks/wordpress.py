"""Which part of WordPress stops the site: told by the first file of a plugin, theme or drop-in on the way to the error."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from diagnostics.causes import CAUSES
from diagnostics.checks.common import answers_500, failing_pages, is_failing, lines_of_failure, proof_of
from diagnostics.checks.php_messages import PhpMessage, read_php_message
from diagnostics.checks.php_sharpening import RUNS_WHAT_IS_KEPT, emptied, over_data
from diagnostics.checks.registry import check
from diagnostics.checks.shown import lines_shown
from diagnostics.checks.stack import Frame, frames, wanted_file
from diagnostics.checks.wording import placed, quoted
from diagnostics.checks.wordpress_filters import Circle, Giver, giver_of_nothing, goer_round
from diagnostics.evidence import Evidence, LogLine
from diagnostics.facts.logged_paths import shown_path
from diagnostics.facts.paths import above, docroot_name
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.installed import CONTENT_LINE, Application, Component, DatabaseTrial
from diagnostics.php.callbacks import announced_at, callback_of
from sites.probing.outcome import Kind
from sites.texts import mark as _

KINDS = {"plugin": "wordpress-plugin", "theme": "wordpress-theme", "mu-plugin": "wordpress-mu-plugin", "drop-in": "wordpress-dropin"}
_NAMED = {
    "plugin": _("The plugin {name} stops the site"), "theme": _("The theme {name} stops the site"),
    "mu-plugin": _("The must-use plugin {name} stops the site"), "drop-in": _("The drop-in {name} stops the site"),
}  # fmt: skip
_BY_PATH = (
    (re.compile(r"^(.*/wp-content/mu-plugins/([^/]+))(/|\Z)"), "mu-plugin"),
    (re.compile(r"^(.*/wp-content/plugins/([^/]+))(/|\Z)"), "plugin"),
    (re.compile(r"^(.*/wp-content/themes/([^/]+))(/|\Z)"), "theme"),
    (
        re.compile(
            r"^(.*/wp-content/((?:advanced-cache|object-cache|db|db-error|sunrise|maintenance|fatal-error-handler|php-error)\.php))()\Z"
        ),
        "drop-in",
    ),
)
_OF_CORE = re.compile(
    r"(?:^|/)(?:wp-(?:includes|admin)/[^:]+|wp-(?:settings|load|blog-header|login|cron|mail|signup|activate)\.php|xmlrpc\.php)\Z"
)
_ELSEWHERE = ("database-", "user-ini-", "disk-")
_NOT_OF_A_PART = frozenset({"open-basedir", "php-missing-extension", "php-session-path-not-writable"})
_OF_DAMAGE = frozenset(
    {"php-parse-error", "php-truncated-file", "php-class-not-found", "php-missing-file", "php-undefined-function", "file-unreadable"}
)
_TOO_NEW = frozenset({"php-removed-function", "php-version-incompatible-code"})
# What WordPress asks of a file that stands in for a part of it; it misses this in files of its own (wp-includes/load.php, cache.php).
_CONTRACTS = {
    "object-cache.php": re.compile(
        r"undefined function wp_cache_(?!postload)\w+\(\)|undefined method \w*Object_?Cache\w*::|"
        r"[Cc]lass \W?WP_Object_Cache\W? not found|Cannot redeclare (?:function )?wp_cache_|Cannot declare class WP_Object_Cache",
    ),
    "db.php": re.compile(
        r"(?:undefined method [\w\\]+::|member function )(?:set_prefix|set_sql_mode|init_charset|suppress_errors|get_results|get_row|"
        r"get_var|get_col|prepare|query|get_col_charset|get_blog_prefix|tables|_escape|esc_like|has_cap)\(\)|[Cc]lass \W?wpdb\W? not found|"
        r"Cannot declare class wpdb",
    ),
    "fatal-error-handler.php": re.compile(r"WP_Fatal_Error_Handler|undefined method \w*[Hh]andler\w*::handle\(\)"),
    "sunrise.php": re.compile(r"current_(?:blog|site)\b|\bWP_(?:Site|Network)\b|\$?(?:blog_id|site_id)\b"),
}
STUCK_MINUTES = 30  # from then on nobody takes it for an update that is under way


class Culprit(NamedTuple):
    """The part that fails, where in it, and how that is known: `is_direct` where the error itself lies in it."""

    component: Component
    frame: Frame
    is_direct: bool


@check(id="wordpress-parts", title=_("Which part of WordPress fails"), order=10)
def wordpress_parts(evidence: Evidence) -> Iterator[Finding]:
    if not is_failing(evidence.site):
        return
    seen: set[tuple[str, str]] = set()
    for number, line in enumerate([*lines_shown(evidence.site), *lines_of_failure(evidence)]):
        message = read_php_message(line.text)
        if message is None:
            continue
        found = _finding(evidence, line, message, is_first=not seen)
        if found is not None and (found.cause, found.path) not in seen:
            seen.add((found.cause, found.path))
            yield found
        if len(seen) >= 5 or number > 100:
            return


def part_that_fails(evidence: Evidence, line: LogLine, message: PhpMessage) -> Finding | None:
    """What this error says of a part that WordPress itself had loaded; None for a file that was asked for by its own address."""
    came_by_wordpress = any(is_of_core(frame.path, evidence) for frame in frames(line.text))
    return _finding(evidence, line, message, is_first=True) if came_by_wordpress else None


def _finding(evidence: Evidence, line: LogLine, message: PhpMessage, *, is_first: bool) -> Finding | None:
    general = _general(message)
    if general.startswith(_ELSEWHERE) or general in _NOT_OF_A_PART or _was_refused(line, general):
        return None
    confidence = (0.97 if line.paired else 0.9) if is_first else 0.6
    way = frames(line.text)
    if way and over_data(general, message, shown_path(message.path, evidence), evidence):
        general = "php-uncaught-exception"
    if way and posixpath.basename(way[0].path) == "wp-config.php" and general in ("php-parse-error", "php-truncated-file"):
        return _made("wordpress-config-syntax", way[0], evidence, line, confidence, (general,))
    wanted = wanted_file(line.text)
    if general == "php-missing-file" and is_of_core(wanted, evidence) and _is_in_site(wanted, evidence):
        return _made("wordpress-core-file", Frame(wanted, 0), evidence, line, confidence, (general,))
    if (part := _stand_in(way, message, evidence)) is not None:
        return _of_part(Culprit(part, Frame(part.absolute, 0), is_direct=False), general, evidence, line, confidence)
    if is_of_core(way[0].path if way else "", evidence) and (announcer := _announcer(line.text, evidence)) is not None:
        return _of_part(announcer, general, evidence, line, confidence)
    if (giver := giver_of_nothing(line.text, way, evidence, component_of)) is not None:
        return _of_giver(giver, evidence, line, confidence)
    if way and is_of_core(way[0].path, evidence) and (circle := goer_round(line.text, way, evidence, component_of)) is not None:
        return _of_circle(circle, general, evidence, line, confidence)
    culprit = culprit_of(way, evidence)
    if culprit is None or (culprit.component.kind == "drop-in" and not culprit.is_direct):
        if way and general in _OF_DAMAGE and is_of_core(way[0].path, evidence):
            if general == "php-undefined-function" and (cut := _settings_that_end_early(evidence)):
                return replace(cut, check="wordpress-parts", confidence=confidence, evidence=(proof_of(line), *cut.evidence))
            return _made("wordpress-core-file", _lacking(way, message, general, evidence), evidence, line, confidence, (general,))
        return None
    if not culprit.is_direct and general in ("php-parse-error", "php-truncated-file"):
        return _made("wordpress-core-file", way[0], evidence, line, confidence, (general,))
    return _of_part(culprit, general, evidence, line, confidence if culprit.is_direct else min(confidence, 0.93))


def _was_refused(line: LogLine, general: str) -> bool:
    """Whether a warning of the same request says that the file is there and may not be opened: it is neither damaged nor missing."""
    message = read_php_message(line.text, line.before) if general == "php-missing-file" and line.before else None
    return message is not None and _general(message) in ("file-unreadable", "open-basedir")


def _stand_in(way: list[Frame], message: PhpMessage, evidence: Evidence) -> Component | None:
    """The drop-in that was to bring what WordPress's own code, or a plugin, calls in vain; not where the error lies in one itself."""
    if not way or "drop-in" in {part.kind for part in [component_of(way[0].path, evidence)] if part}:
        return None
    there = [part for each in evidence.applications for part in each.components if part.kind == "drop-in"]
    return next((part for part in there if part.slug in _CONTRACTS and _CONTRACTS[part.slug].search(message.message)), None)


def _announcer(text: str, evidence: Evidence) -> Culprit | None:
    """The part that told WordPress of a function which is not there: PHP complains in a file of WordPress, as it is wanted."""
    callback = callback_of(text.replace("\\n", "\n"))
    for script in evidence.php.scripts if callback else ():
        number = announced_at(script.content, callback) if callback else None
        component = component_of(script.absolute, evidence) if number else None
        if component is not None and number:
            return Culprit(component, Frame(script.absolute, number), is_direct=True)
    return None


def _lacking(way: list[Frame], message: PhpMessage, general: str, evidence: Evidence) -> Frame:
    """The core file that was to hold what is missing: empty, or written long after all others; else the one that missed it."""
    lost = re.search(r"[Cc]lass \W?([\w\\]{1,200}?)\W? not found", message.message)
    if lost and (empty := emptied(lost[1], evidence)):
        return Frame(empty, 0)
    late = [path for each in evidence.applications if each.name == "wordpress" for path in each.strangers]
    called = {shown_path(frame.path, evidence) for frame in way[:1]}
    if general in ("php-undefined-function", "php-class-not-found") and len(late) == 1 and late[0] not in called:
        return Frame(late[0], 0)
    return way[0]


def _settings_that_end_early(evidence: Evidence) -> Finding | None:
    """Where wp-config.php does not start WordPress, the first function of WordPress that is called is not there."""
    return next(
        (each for app in evidence.applications for each in _of_settings(app) if each.line is None and app.name == "wordpress"), None
    )


def _general(message: PhpMessage) -> str:
    """The code that says what happened, whatever place it happened in."""
    return message.also[0] if message.cause.startswith("wordpress-") and message.also else message.cause


def culprit_of(way: list[Frame], evidence: Evidence) -> Culprit | None:
    """The first part that can be taken out on the way to the error. A theme or plugin that is merely loaded by another comes later."""
    for number, frame in enumerate(way):
        component = component_of(frame.path, evidence)
        if component is not None:
            return Culprit(component, frame, number == 0)
    return None


def component_of(logged: str, evidence: Evidence) -> Component | None:
    """The part that a path of a log belongs to. What is not in the inventory is told by where it lies."""
    for application in evidence.applications:
        if application.name == "wordpress" and (found := _in_inventory(logged, application, evidence)):
            return found
    for pattern, kind in _BY_PATH:
        if match := pattern.search(logged):
            top = match[1]
            return Component(kind, match[2], shown_path(top, evidence), top, is_folder=not top.endswith(".php"))
    return None


def _in_inventory(logged: str, application: Application, evidence: Evidence) -> Component | None:
    """A transport may see another root than the server that wrote the log: then the last folders decide."""
    local = posixpath.normpath(posixpath.join(above(evidence.docroot), shown_path(logged, evidence)))
    found = application.component(logged) or application.component(local)
    if found:
        return found
    for component in application.components:
        tail = "/".join(["", *component.absolute.split("/")[-3:]])
        if f"{tail}/" in logged if component.is_folder else logged.endswith(tail):
            return component
    return None


def _is_in_site(logged: str, evidence: Evidence) -> bool:
    """Whether a path of a log lies in the site, or where its WordPress lies; not at the folder of another host."""
    path, name = shown_path(logged, evidence), docroot_name(evidence)
    cores = [shown_path(each.core, evidence) for each in evidence.applications if each.core]
    return not path.startswith("/") and (not name or path.startswith((f"{name}/", *(f"{core}/" for core in cores))))


def is_of_core(path: str, evidence: Evidence) -> bool:
    """Whether a file comes with WordPress itself."""
    has_wordpress = any(each.name == "wordpress" for each in evidence.applications) or not evidence.applications
    return has_wordpress and bool(path) and _OF_CORE.search(path) is not None and "/wp-content/" not in path


def _of_giver(giver: Giver, evidence: Evidence, line: LogLine, confidence: float) -> Finding:
    """PHP complains where the value is used; what has to be mended is the function that should have given it."""
    culprit = Culprit(giver.component, Frame(giver.script.absolute, giver.line), is_direct=False)
    found = _of_part(culprit, "php-uncaught-exception", evidence, line, min(confidence, 0.95 if giver.is_near else 0.85))
    said = _("Its function for the filter “{hook}” ends without giving a value back, so that whoever asked has nothing to work on.")
    return replace(
        found, summary=f"{found.summary} {said.format(hook=giver.hook)}",
        hint=_("Every way through such a function must end with a “return”, mostly of what it was given."),
    )  # fmt: skip


def _of_circle(circle: Circle, general: str, evidence: Evidence, line: LogLine, confidence: float) -> Finding:
    culprit = Culprit(circle.component, Frame(circle.script.absolute, circle.line), is_direct=False)
    found = _of_part(culprit, general, evidence, line, min(confidence, 0.9 if circle.is_plain else 0.7))
    said = _("Its function for “{hook}” asks for “{hook}” again, so that it calls itself until PHP gives up.").format(hook=circle.hook)
    return replace(found, summary=f"{found.summary} {said}", hint=_("Such a function must take itself off the hook before it asks for it."))


def _of_part(culprit: Culprit, general: str, evidence: Evidence, line: LogLine, confidence: float) -> Finding:
    component, cause = culprit.component, KINDS[culprit.component.kind]
    if cause == "wordpress-plugin" and general in _TOO_NEW:
        cause = "wordpress-plugin-php-incompatible"
    elif cause == "wordpress-plugin" and general == "php-memory-limit":
        cause, confidence = "wordpress-plugin-memory", min(confidence, 0.93)  # it asked last: that need not be who took most
    summary = _NAMED[component.kind].format(name=component.named)
    message = read_php_message(line.text)
    hint = RUNS_WHAT_IS_KEPT if message is not None and message.is_kept and culprit.is_direct else CAUSES[cause].explanation
    if component.requires_php and cause != "wordpress-plugin-memory":
        hint += " " + _("It asks for PHP {version} or newer.").format(version=component.requires_php)
    return _made(cause, culprit.frame, evidence, line, confidence, (general,), summary, hint, component)


def _made(
    cause: str, frame: Frame, evidence: Evidence, line: LogLine, confidence: float, also: tuple[str, ...],
    summary: str = "", hint: str = "", component: Component | None = None,
) -> Finding:  # fmt: skip
    path = shown_path(frame.path, evidence)
    message = read_php_message(line.text)
    said = quoted(message, also[0] if also else "") if message else ""
    data = [("message", line.text.split("\n")[0][:500]), ("general", also[0] if also else "")]
    if component:
        data += [("slug", component.slug), ("component", component.path), ("kind", component.kind), ("name", component.named)]
    return Finding(
        "wordpress-parts", cause, Severity.CRITICAL, confidence, placed(summary or CAUSES[cause].title, path, frame.line, said),
        hint or CAUSES[cause].explanation, path, frame.line or None, also=also, evidence=(proof_of(line),), repairs=CAUSES[cause].repairs,
        data=tuple(data),
    )  # fmt: skip


# --- what the files themselves say ----------------------------------------------------------------------
@check(id="wordpress-files", title=_("Settings, core files and maintenance of WordPress"), needs=("tree",), order=14)
def wordpress_files(evidence: Evidence) -> Iterator[Finding]:
    for application in evidence.applications:
        if application.name == "wordpress" and is_affected(application, evidence):
            yield from _of_settings(application)
            yield from _of_core_files(application)
            yield from _of_parts_that_lack(application, evidence)
            yield from _of_contents(application, evidence)
            yield from _of_theme(application, evidence)
    yield from _of_maintenance(evidence)


def is_affected(application: Application, evidence: Evidence) -> bool:
    """Whether a page that it answers fails."""
    failing = {page.path for page in failing_pages(evidence.site)}
    return bool(failing & set(application.serves)) or (not failing and is_failing(evidence.site))


def _of_settings(application: Application) -> Iterator[Finding]:
    for damage in application.trouble[:3]:
        cause = "php-missing-file" if damage.is_missing else "wordpress-config-syntax"
        place = f"{damage.path}: {damage.why}."
        if damage.line:
            place = _("{path}, line {line}: {why}.").format(path=damage.path, line=damage.line, why=damage.why)
        said = place if cause == "wordpress-config-syntax" else f"{CAUSES[cause].title}: {place}"
        proof = Proof("file", place)
        yield Finding(
            "wordpress-files", cause, Severity.CRITICAL, 0.88, said, CAUSES[cause].explanation, damage.path,
            damage.line, evidence=(proof,), repairs=CAUSES[cause].repairs,
        )  # fmt: skip


def _of_core_files(application: Application) -> Iterator[Finding]:
    cause = CAUSES["wordpress-core-file"]
    for damage in application.damaged[:5]:
        yield Finding(
            "wordpress-files", cause.code, Severity.CRITICAL, 0.9, f"{cause.title}: {damage.path}, {damage.why}.", cause.explanation,
            damage.path, damage.line, also=("php-missing-file" if damage.is_missing else "php-truncated-file",),
            evidence=(Proof("file", f"{damage.path}: {damage.why}"),), repairs=cause.repairs,
            data=(("general", "php-missing-file" if damage.is_missing else "php-truncated-file"), ("version", application.version)),
        )  # fmt: skip


def _of_parts_that_lack(application: Application, evidence: Evidence) -> Iterator[Finding]:
    """A drop-in or must-use plugin that needs a file which is not there: no page is made without it."""
    shows = answers_500(evidence.site) or any(page.hides_an_error for page in failing_pages(evidence.site))
    for damage in application.lacking[:3] if shows and not evidence.tree_truncated else ():
        part = next(each for each in application.components if each.path == damage.path)
        cause = CAUSES[KINDS[part.kind]]
        place = _("{path}, line {line}: {why}.").format(path=damage.path, line=damage.line, why=damage.why)
        yield Finding(
            "wordpress-files", cause.code, Severity.CRITICAL, 0.9, f"{_NAMED[part.kind].format(name=part.named)}: {place}",
            cause.explanation, damage.path, damage.line, also=("php-missing-file",), evidence=(Proof("file", place),),
            repairs=cause.repairs,
            data=(("general", "php-missing-file"), ("slug", part.slug), ("component", part.path), ("kind", part.kind),
                  ("name", part.named)),
        )  # fmt: skip


def _of_contents(application: Application, evidence: Evidence) -> Iterator[Finding]:
    """A folder that the settings name for all contents and that holds no theme at all: WordPress then shows an empty page."""
    line = application.setting(CONTENT_LINE)
    is_empty = any(page.kind == Kind.WHITE_PAGE.value for page in failing_pages(evidence.site))
    if not line or not is_empty or any(part.kind == "theme" for part in application.components):
        return
    said = _("{path}, line {line}: WP_CONTENT_DIR names the folder {folder}, where there is no theme.").format(
        path=application.settings_path, line=line, folder=application.content
    )
    yield Finding(
        "wordpress-files", "wordpress-theme", Severity.CRITICAL, 0.93, said,
        _("WordPress shows no page without its theme. Let this line name the folder that holds “themes” and “plugins”, often {own}.")
        .format(own=f"{application.path}/wp-content"),
        application.settings_path, int(line), also=("php-missing-file", "wordpress-config-syntax"), evidence=(Proof("file", said),),
        repairs=("correct-foreign-path",), data=(("general", "php-missing-file"),),
    )  # fmt: skip


def _of_theme(application: Application, evidence: Evidence) -> Iterator[Finding]:
    """A theme that the database names and whose folder is not there: WordPress then shows an empty page (template-loader.php)."""
    trial = evidence.database
    if not isinstance(trial, DatabaseTrial) or trial.settings_path != application.settings_path:
        return
    there = {part.slug for part in application.components if part.kind == "theme"}
    if not there and application.setting(CONTENT_LINE):
        return  # it is not the theme that is not there, but all
    lost = [name for name in dict.fromkeys((trial.theme, trial.parent_theme)) if name and name.partition("/")[0] not in there]
    if not lost or evidence.tree_truncated:
        return
    path = f"{posixpath.relpath(application.content, above(evidence.docroot))}/themes/{lost[0]}"
    is_empty = any(page.kind == Kind.WHITE_PAGE.value for page in failing_pages(evidence.site))
    said = _("The active theme “{name}” is not there.").format(name=lost[0])
    yield Finding(
        "wordpress-files", "wordpress-theme", Severity.CRITICAL, 0.96 if is_empty else 0.8, f"{said} ({path})",
        _("WordPress cannot show a page without it. Upload its folder again, or choose another theme."), path, also=("php-missing-file",),
        evidence=(Proof("database", said), Proof("file", _("{path} does not exist").format(path=path))),
        repairs=("rename-theme-back", "rename-back", "write-plain-theme"),
        data=(("general", "php-missing-file"), ("slug", lost[0]), ("kind", "theme"), ("component", path)),
    )  # fmt: skip


def _of_maintenance(evidence: Evidence) -> Iterator[Finding]:
    """`.maintenance` stops WordPress for ten minutes after the time that it names, or for ever where it names none."""
    now = evidence.read_at.timestamp() if evidence.read_at else 0.0
    for application in evidence.applications:
        left = application.maintenance
        pages = [page for page in evidence.site.pages if page.path in application.serves and page.status == 503]
        if left is None or not pages or (left.until is not None and left.until < now):
            continue
        minutes = max(0, int((now - left.written_at) / 60))
        is_stuck = minutes >= STUCK_MINUTES
        cause = CAUSES["wordpress-stuck-maintenance"]
        age = _("{path} is {n} minutes old").format(path=left.path, n=minutes)
        endless = " " + _("and holds no time at which it ends") if left.until is None else ""
        yield Finding(
            "wordpress-files", cause.code, Severity.CRITICAL if is_stuck else Severity.WARNING,
            0.96 if is_stuck else 0.7 if minutes >= 10 and left.until is None else 0.5,
            f"{cause.title}: {age}{endless}.", cause.explanation, left.path, left.line, evidence=(Proof("file", f"{age}{endless}"),),
            repairs=cause.repairs, data=(("minutes", str(minutes)),),
        )  # fmt: skip
