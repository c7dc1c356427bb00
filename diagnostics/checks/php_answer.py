"""A 500 that a program made by itself: PHP and the web server complain of nothing, and the page is the program's own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import unescape

from diagnostics.causes import CAUSES, Cause
from diagnostics.checks.common import failing_pages, is_failing, lines_of_failure
from diagnostics.checks.own_words import Said, said_by
from diagnostics.checks.php_sharpening import script_at
from diagnostics.checks.read_only import Refusing, refusing
from diagnostics.checks.registry import check
from diagnostics.checks.shown import is_of_server, text_of
from diagnostics.evidence import Evidence, LogLine, PageSeen
from diagnostics.facts.error_log import is_telling
from diagnostics.facts.logged_paths import shown_path
from diagnostics.facts.php_files import script_of
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.php import extension_words
from sites.probing.outcome import Kind
from sites.texts import mark as _

# What programs say of the PHP they run on before they do anything else: Composer's platform check, Joomla includes/app.php,
# Drupal core/includes/install.inc, Nextcloud lib/versioncheck.php.
_VERSION_SAID = re.compile(
    r"require a PHP version \W{0,12}[\d.]+|not compatible with PHP ?[<>]=? ?[\d.]+|"
    r"(?:requires?|needs?(?: to use)?) (?:at least )?PHP (?:version )?[\d.]+(?: or (?:higher|newer|later))?",
    re.IGNORECASE,
)
# Pages on which a program says that something went wrong, whatever the number they come with.
_ADMITTED = frozenset({"excuse", "joomla-error", "typo3-error", "drupal-error", "magento-error"})
_FILE_SAID = re.compile(r"(?:file|script) [\"'“]?(/[^\s\"'”<>]{1,500})")
_BEGUN = re.compile(
    r"[Hh]eaders (?:have )?already (?:been )?sent (?:by )?\(?(?:output started at )?[\"'“]?(?P<path>/[^\s\"'“”()]{3,600}?)[\"'”]?"
    r"(?::| at line | on line |, line )(?P<line>\d{1,7})"
)
_MARKUP = re.compile(rb"<(?:style|script)\b[^<]*+(?:<(?!/)[^<]*+)*+(?:</|\Z)|<[^<>]{0,500}>", re.IGNORECASE)
_LONG = 1200  # characters, without what the server writes before and between messages
_MERELY_WARNS = re.compile(r"PHP (?:Warning|Notice|Deprecated|Strict Standards): ")
_ENDS_WHOLE = re.compile(r" on line \d+\W*$|while reading (?:response|upstream)")
_SHORT = 3000  # characters: a page that says one thing


@check(id="platform", title=_("Whether the program says that this PHP is not the one it needs"), order=19)
def platform(evidence: Evidence) -> Iterator[Finding]:
    """On the page itself, as no log holds it: the program ends by its own will."""
    if not is_failing(evidence.site):
        return
    for page in failing_pages(evidence.site):
        text = _text_of(page)
        if len(text) > _SHORT:
            continue
        match = _VERSION_SAID.search(text)
        names = extension_words.missed(text) if match is None else ()
        if match is None and not names:
            continue
        entry = CAUSES["php-missing-extension" if names else "php-version-incompatible-code"]
        is_logged = any(is_telling(line.text) for line in lines_of_failure(evidence))  # then the log names the place, too
        by, said = (
            None if is_logged else said_by(page, evidence),
            text[max(0, match.start() - 100) : match.end() + 200] if match else text[:400],
        )
        named = _FILE_SAID.search(text)
        path, line = (shown_path(named[1], evidence), None) if named else (by.path, by.line) if by else ("", None)
        yield _of_platform(entry, ", ".join(filter(None, names)), path, line, Proof("probe", f"{page.path}: {said}"))
        return


def _of_platform(entry: Cause, names: str, path: str, line: int | None, *proofs: Proof) -> Finding:
    summary = f"{entry.title}: {names}." if names else f"{entry.title}."
    return Finding(
        "platform", entry.code, Severity.CRITICAL, 0.93, summary, entry.explanation, path, line, evidence=proofs, repairs=entry.repairs
    )


def _text_of(page: PageSeen) -> str:
    bare = _MARKUP.sub(b" ", page.body[:65_536]).decode("utf-8", "replace")
    return unescape(" ".join(bare.split()))


@check(id="own-answer", title=_("Whether the program itself answers with an error"), order=80)
def own_answer(evidence: Evidence) -> Iterator[Finding]:
    """The weakest of all conclusions: what is left where every log is silent."""
    if not is_failing(evidence.site) or any(is_telling(line.text) for line in (*lines_of_failure(evidence), *evidence.application_log)):
        return
    tree = evidence.tree if isinstance(evidence.tree, tuple) else ()
    shown = {entry.absolute: entry.path for entry in tree if entry.kind == "file"}
    for page in failing_pages(evidence.site):
        script = script_of(page, evidence.docroot, shown)
        is_empty = page.status == 500 and bool(page.powered_by) and not page.body.strip()  # without headers, the answer was not kept
        is_wordpress = page.kind == Kind.FATAL_IN_BODY.value and page.detail not in _ADMITTED  # its page for what PHP told it of
        said = said_by(page, evidence) if script and _is_own(page) and not is_wordpress else None
        if script and said is None and (is_empty or _is_own(page)) and (shut := refusing(evidence)) is not None:
            yield _shut(shut, page)
            return
        if script and is_empty:
            yield _hidden(page, shown[script], is_cut=any(_is_cut(line) for line in lines_of_failure(evidence)))
            return
        if script and _is_own(page) and not _is_of_cgi(page, shown.values()):
            entry = CAUSES["application-answers-500"]
            proof = Proof("probe", f"{page.path}: {page.status}, {len(page.body)} bytes of the program's own page")
            if is_wordpress:
                yield _hidden(page, shown[script], is_cut=False)
                return
            if (begun := _begun_early(page, evidence)) is not None:
                yield begun
                return
            if said is not None:
                yield _in_words(said, proof, evidence)
                return
            words = _("{path} answers with an error of its own; no log tells why.").format(path=shown[script])
            yield Finding(
                "own-answer", entry.code, Severity.CRITICAL, 0.61, words, entry.explanation, shown[script], evidence=(proof,),
                repairs=entry.repairs,
            )  # fmt: skip
            return


def _is_of_cgi(page: PageSeen, paths: Iterable[str]) -> bool:
    """Whether the address is that of a script that is a program of its own: it answers, and not the start script."""
    asked = page.path.split("?")[0]
    return "/cgi-bin/" in asked or (asked.endswith((".cgi", ".pl")) and any(f"/{path}".endswith(asked) for path in paths))


def _begun_early(page: PageSeen, evidence: Evidence) -> Finding | None:
    """A page that says where the answer was begun too early (PHP's `headers_sent`): in a first line it is what stands before `<?php`."""
    match = _BEGUN.search(" ".join(text_of(page.body).split()))
    if match is None:
        return None
    path, line = shown_path(match["path"], evidence), int(match["line"])
    script = script_at(path, evidence)
    has_mark = script is not None and script.content.startswith(b"\xef\xbb\xbf")
    if not has_mark and (line != 1 or script is not None):
        return None
    entry = CAUSES["php-byte-order-mark"]
    said = _("Something stands before <?php in the first line of {path}, mostly three bytes that editors put there unseen.").format(
        path=path
    )
    proof = Proof("probe", f"{page.path}: {match[0][:500]}", paired=True)
    return Finding(
        "own-answer", entry.code, Severity.CRITICAL, 0.95 if has_mark else 0.75, said.format(path=path), entry.explanation, path, 1,
        evidence=(proof,), repairs=entry.repairs if has_mark else (),
    )  # fmt: skip


def _shut(shut: Refusing, page: PageSeen) -> Finding:
    entry = CAUSES["folder-not-writable"]
    hint = _("No log tells why the program stopped. Programs stop like this where they cannot write what they make as they run.")
    proofs = (Proof("modes", f"{shut.entry.path} {shut.entry.mode:03o}"), Proof("probe", f"{page.path}: {page.status}"))
    return Finding(
        "own-answer", entry.code, Severity.CRITICAL, 0.8, shut.why, f"{hint} {entry.explanation}", shut.entry.path,
        also=("application-answers-500", "php-fatal-hidden"), evidence=proofs, repairs=entry.repairs, data=(("paths", shut.entry.path),),
    )  # fmt: skip


def _in_words(by: Said, proof: Proof, evidence: Evidence) -> Finding:
    code = script_at(by.path, evidence)
    missing = extension_words.asked_before(code.content.decode("utf-8", "replace"), by.line, by.words) if code else ""
    if missing:
        shown = Proof("file", f"{by.path}:{by.line}: {by.words[:300]}")
        return _of_platform(CAUSES["php-missing-extension"], missing, by.path, by.line, proof, shown)
    entry = CAUSES["application-answers-500"]
    said = _("Line {line} of {path} ends every page with these words: “{words}”.").format(line=by.line, path=by.path, words=by.words[:200])
    shown = Proof("file", f"{by.path}:{by.line}: {by.words[:300]}")
    return Finding(
        "own-answer", entry.code, Severity.CRITICAL, 0.85, said, entry.explanation, by.path, by.line, evidence=(proof, shown),
        repairs=entry.repairs,
    )  # fmt: skip


def _is_cut(line: LogLine) -> bool:
    """Whether an entry of nothing but warnings ends in the middle, as nginx ends what is longer than NGX_MAX_ERROR_STR (2,048 bytes)."""
    return len(line.text) > _LONG and _MERELY_WARNS.search(line.text) is not None and not _ENDS_WHOLE.search(line.text[-300:])


def _hidden(page: PageSeen, script: str, *, is_cut: bool) -> Finding:
    """PHP ends a page like this when it stops over an error that it may not show (main/main.c, `php_error_cb`)."""
    entry = CAUSES["php-fatal-hidden"]
    said = _("PHP stopped {path} with an error that neither the page nor any log shows.").format(path=script)
    hint = _("Switch on PHP's own log: error_log and log_errors in .user.ini, or in the host's settings. The next failure then says why.")
    if is_cut:
        said = _("PHP stopped {path}; so many warnings came before that the web server's log was cut off before the error.").format(
            path=script
        )
        hint = _("Mend what is warned of, or give PHP a log of its own (error_log in .user.ini): it then holds the error as a whole.")
    return Finding(
        "own-answer", entry.code, Severity.CRITICAL, 0.7 if is_cut else 0.5, said, hint, script,
        evidence=(Proof("probe", f"{page.path}: {page.status}, {len(page.body)} bytes"),), repairs=entry.repairs,
    )  # fmt: skip


def _is_own(page: PageSeen) -> bool:
    admits = page.status == 500 or page.detail in _ADMITTED
    return admits and bool(page.body.strip()) and not is_of_server(page)
