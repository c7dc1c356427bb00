"""PHP files that PHP cannot read, found in the files themselves: by the host's own `php -l`, else by a parser (likely, never certain)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from diagnostics.causes import CAUSES
from diagnostics.checks.common import answers_500, failing_pages, is_failing, lines_of_failure
from diagnostics.checks.failing_script import script_of_failure
from diagnostics.checks.php_messages import PhpMessage, read_php_message
from diagnostics.checks.php_parsing import calls, first_error
from diagnostics.checks.php_sharpening import Sharp, sharpened
from diagnostics.checks.registry import check
from diagnostics.checks.wording import placed, quoted
from diagnostics.evidence import Evidence
from diagnostics.facts.error_log import is_telling
from diagnostics.facts.settings.php_tokens import TYPOGRAPHIC, lex, misquoted
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.php import scanning, versions
from diagnostics.php.seen import Lint, Script
from sites.texts import mark as _

_AFTER_MARK = re.compile(
    rb"\xef\xbb\xbf<\?php\s++(?:(?:/\*(?>.*?\*/)|//[^\n]*\n|#[^\n]*\n)\s*+)*+(?:namespace\s|declare\s*+\(\s*+strict_types)",
    re.DOTALL | re.IGNORECASE,
)
_DEFINED = re.compile(rb"\bfunction\s++&?\s*+([A-Za-z_]\w*)")
_SYNTAX = re.compile(r"syntax error|Parse error|Unclosed|very first statement")
_LOADS = re.compile(rb"\b(?:include|require)(?:_once)?\b|autoload|\beval\b", re.IGNORECASE)
_COMMON = (8, 0)  # where nothing tells the version, what hosts have at least
_AT_ONCE_S = 3600.0  # a file changed so shortly before the failure is more than likely its cause
_SURE = {"entry": 0.93, "included": 0.9, "named": 0.85, "changed": 0.7, "part": 0.7}
_SURE_APART = 0.45  # it may still be put before every script by a setting


@check(id="php-syntax", title=_("PHP files that PHP cannot read"), order=14)
def php_syntax(evidence: Evidence) -> Iterator[Finding]:
    if not is_failing(evidence.site) or not _may_be_of_files(evidence):
        return
    lints = {lint.absolute: lint for lint in evidence.php.lints}
    told = [line.text for line in lines_of_failure(evidence) if _SYNTAX.search(line.text)]
    for script in evidence.php.scripts:
        if any(script.absolute in text or f"/{script.path} " in text for text in told):
            continue  # the log says it already, with its line
        found = (
            _by_emptiness(script, evidence)
            or _by_mark(script)
            or _by_lint(script, lints.get(script.absolute), evidence)
            or _by_parser(script, lints)
            or _by_quotes(script, evidence)
        )
        if found is not None:
            message, confidence, said = found
            yield _finding(script, message, min(confidence, _SURE_APART) if _is_apart(script, evidence) else confidence, said, evidence)


def _is_apart(script: Script, evidence: Evidence) -> bool:
    """Only changed lately, while the page's own script loads no other."""
    path = script_of_failure(evidence) if script.role == "changed" else ""
    own = next((each for each in evidence.php.scripts if path and each.path == path), None)
    return own is not None and own is not script and own.is_whole and not _LOADS.search(own.content)


@check(id="php-required-files", title=_("Files that a page needs and that are not there"), order=15)
def required_files(evidence: Evidence) -> Iterator[Finding]:
    """From the scripts alone: read only where no log tells."""
    if not is_failing(evidence.site) or not _may_be_of_files(evidence):
        return
    for missing, by, line in evidence.php.absent[:3]:
        message = PhpMessage("php-missing-file", (), by, line, f"Failed opening required '{missing}'")
        sharp = sharpened(message, by, evidence)
        cause = CAUSES[sharp.cause]
        yield Finding(
            "php-required-files", sharp.cause, Severity.CRITICAL, 0.75,
            _("{path}, line {line}, needs the file {missing}, which is not there. {more}").format(
                path=by, line=line, missing=missing, more=sharp.more
            ).strip(),
            cause.explanation, by, line, sharp.also, (Proof("file", f"{by}:{line}: {missing}"),), cause.repairs, (("missing", missing),),
        )  # fmt: skip


@check(id="php-removed-calls", title=_("Functions that this version of PHP no longer has"), order=18)
def removed_calls(evidence: Evidence) -> Iterator[Finding]:
    """From the scripts alone, where no log tells: what a failing page runs calls something that was taken out of PHP."""
    known = evidence.php.version or evidence.php.lint_version
    running = known or _COMMON
    silent = not any(is_telling(line.text) for line in (*lines_of_failure(evidence), *evidence.application_log))
    if not silent or not is_failing(evidence.site) or not _may_be_of_files(evidence):
        return
    for script in [each for each in evidence.php.scripts if each.role in ("entry", "included")]:
        own = set(_DEFINED.findall(script.content))
        for name, line in calls(script.content):
            gone = versions.function_gone(name, running)
            if gone and running >= gone and name.encode() not in own and b"function_exists" not in script.content:
                message = PhpMessage("php-removed-function", ("php-undefined-function",), script.absolute, line, f"{name}()")
                yield _finding(script, message, 0.75 if known else 0.62, f"{script.path}:{line}: {name}()", evidence)
                return


def _may_be_of_files(evidence: Evidence) -> bool:
    return answers_500(evidence.site) or any(page.hides_an_error for page in failing_pages(evidence.site))


def _by_emptiness(script: Script, evidence: Evidence) -> tuple[PhpMessage, float, str] | None:
    """The script of an empty page has nothing in it, or not one statement; or a file has nothing left since the site was well."""
    is_empty = script.role == "entry" and script.is_whole and scanning.is_empty(script.content)
    if is_empty and any(page.kind == "white-page" for page in failing_pages(evidence.site)):
        return PhpMessage("php-truncated-file", (), script.absolute, None, ""), 0.9, f"{script.path}: {len(script.content)} bytes"
    if script.role == "changed" and script.is_whole and not script.content.strip(b"\0\r\n\t ") and _was_other(script, evidence):
        return PhpMessage("php-truncated-file", (), script.absolute, None, ""), 0.75, f"{script.path}: {len(script.content)} bytes"
    return None


def _was_other(script: Script, evidence: Evidence) -> bool:
    """Whether the last baseline from before the failure has it with another content."""
    return any(each.source == "baseline" and each.how == "changed" and script.path in each.paths for each in evidence.changes)


def _by_mark(script: Script) -> tuple[PhpMessage, float, str] | None:
    if _AFTER_MARK.match(script.content[:20_000]):
        said = "Namespace declaration statement has to be the very first statement"
        return PhpMessage("php-byte-order-mark", (), script.absolute, 1, said), 0.9, _("The file begins with the bytes EF BB BF.")
    return None


def _by_lint(script: Script, lint: Lint | None, evidence: Evidence) -> tuple[PhpMessage, float, str] | None:
    if lint is None or not lint.error:
        return None
    said = f"PHP {lint.error} in {script.absolute} on line {lint.line}"
    message = read_php_message(said, running=evidence.php.version)
    if message is None:
        return None
    version = evidence.php.version
    if version == evidence.php.lint_version:
        return message, _sureness(script, evidence), said
    if first_error(script.content) is not None:
        return message, 0.75 if version else _sureness(script, evidence), said
    # It reads well for some version: for the one that runs the site, if that is another, or perhaps, if that is not known.
    return None if version else (message, 0.62, said)


def _by_parser(script: Script, lints: dict[str, Lint]) -> tuple[PhpMessage, float, str] | None:
    if script.absolute in lints or not script.is_whole:
        return None  # PHP itself found nothing
    if scanning.encoding_mark(script.content) == "utf-16":
        return PhpMessage("php-parse-error", (), script.absolute, 1, ""), 0.7, _("The file is stored as UTF-16, which PHP cannot read.")
    line = scanning.conflict_line(script.content) or first_error(script.content)
    if line is None:
        return None
    ending = scanning.ending(script.content)
    cut = ending is not None and ending.is_cut_off
    said = "PHP Parse error:  syntax error, unexpected end of file" if cut else "PHP Parse error:  syntax error"
    at = line
    if (
        ending is not None and ending.open_brackets and (cut or not ending.is_round_open)
    ):  # PHP complains at the end, as nothing closes them
        at = ending.last_line if cut else script.content.count(b"\n") + 1
    message = read_php_message(f"{said} in {script.absolute} on line {at}")
    return (message, 0.65 if script.role in ("changed", "part") else 0.75, f"{script.path}:{at}") if message else None


def _by_quotes(script: Script, evidence: Evidence) -> tuple[PhpMessage, float, str] | None:
    """Quotation marks that are letters to PHP: every version reads such a file, and since PHP 8 none runs it."""
    source = script.content.decode("utf-8", "surrogateescape")
    if not script.is_whole or (evidence.php.version or _COMMON) < _COMMON or TYPOGRAPHIC.isdisjoint(source):
        return None
    odd = misquoted(lex(source).tokens)
    if odd is None:
        return None
    message = PhpMessage("php-uncaught-exception", ("php-parse-error",), script.absolute, odd.line, odd.why)
    return message, _SURE[script.role] - 0.05, f"{script.path}:{odd.line}"


def _sureness(script: Script, evidence: Evidence) -> float:
    """A page whose own script does not compile fails for certain; a file elsewhere may have nothing to do with it."""
    if script.role == "entry" and evidence.php.version is not None and len(failing_pages(evidence.site)) >= 1:
        return 0.96
    since = evidence.site.failing_since
    if script.role == "changed" and since is not None and 0 <= since.timestamp() - script.mtime <= _AT_ONCE_S:
        return 0.85
    return _SURE[script.role]


def _finding(script: Script, message: PhpMessage, confidence: float, said: str, evidence: Evidence) -> Finding:
    sharp: Sharp = sharpened(message, script.path, evidence)
    cause = CAUSES[sharp.cause]
    summary = f"{placed(cause.title, sharp.path, sharp.line, quoted(message, sharp.cause))} {sharp.more}".strip()
    return Finding(
        "php-syntax", sharp.cause, Severity.CRITICAL, confidence, summary, cause.explanation,
        sharp.path, sharp.line, sharp.also, (Proof("file", said[:1000]),), cause.repairs,
        (("message", message.message), ("slug", message.slug)),
    )  # fmt: skip
