"""Corrections of a few bytes: the invisible mark, flags of a rewrite rule, the number of an error page, WordPress's block."""

from __future__ import annotations

import posixpath
import re
from urllib.parse import urlsplit

from diagnostics.evidence import Evidence, TextFile
from diagnostics.facts.paths import docroot_name
from diagnostics.findings import Finding
from diagnostics.htaccess import wordpress
from diagnostics.htaccess.directives import edit_distance
from diagnostics.htaccess.parser import BYTE_ORDER_MARK, encode, parse
from diagnostics.htaccess.rewriting import flags_of, known_flags, split_arguments
from diagnostics.repairs.editing import file_of, place_of, protects, with_lines, write_plan
from diagnostics.repairs.plan import Plan
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

_USUAL_CODES = ("400", "401", "403", "404", "405", "408", "410", "500", "502", "503", "504")


@repair(id="remove-byte-order-mark", title=_("Remove the invisible mark at the beginning"), causes=("htaccess-byte-order-mark",))
def remove_mark(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    file = file_of(evidence, finding)
    if file is None or not file.content.startswith(BYTE_ORDER_MARK):
        return None
    title = _("Remove the invisible mark at the beginning of {path}").format(path=file.path)
    made = Plan("remove-byte-order-mark", finding.cause, title, _("The three bytes mean nothing and disturb the web server."), ())
    return write_plan(evidence, finding, file, file.content.removeprefix(BYTE_ORDER_MARK), made)


@repair(id="correct-errordocument", title=_("Correct the number of an error page"), causes=("htaccess-bad-errordocument",))
def correct_code(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    place = place_of(evidence, finding)
    if place is None or place.line.key != "errordocument" or not place.line.words:
        return None
    wrong = place.line.words[0]
    near = [code for code in _USUAL_CODES if edit_distance(wrong, code, 1) <= 1]
    if len(near) != 1:
        return CannotPlan(_("It is not clear which error was meant."))
    after = with_lines(place.document, {place.line.number: place.line.raw.replace(encode(wrong), encode(near[0]), 1)})
    title = _("Correct line {line} of {path}").format(line=place.line.number, path=place.file.path)
    why = _("There is no error {wrong}; {right} was probably meant.").format(wrong=wrong, right=near[0])
    return write_plan(evidence, finding, place.file, after, Plan("correct-errordocument", finding.cause, title, why, ()))


@repair(id="correct-rewrite-flag", title=_("Correct the flags of a rewrite rule"), causes=("htaccess-bad-rewrite-flag",))
def correct_flag(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    place = place_of(evidence, finding)
    words = split_arguments(place.line.args) if place else ()
    if place is None or len(words) < 3:
        return None
    raw = place.line.text
    start = raw.rfind("[") if "[" in raw else -1
    if start < 0:
        return CannotPlan(_("It is not clear where the flags begin."))
    tail = raw[start:].rstrip("\r\n")
    text = re.sub(r"\s+", "", tail).strip("\"'")
    text = text if text.endswith("]") else text + "]"
    mended = [_nearest_flag(flag, place.line.key) for flag in flags_of(text) or [""] if flag]
    if not mended or "" in mended:
        return CannotPlan(_("It is not clear which flag was meant."))
    quote = '"' if raw[start - 1 : start] == '"' else ""
    line = raw[:start] + "[" + ",".join(mended) + "]" + quote + place.line.ending.decode()
    after = with_lines(place.document, {place.line.number: encode(line)})
    locks = protects(place.line, place.document) and not protects(parse(encode(line)).lines[0], place.document)
    title = _("Correct the flags in line {line} of {path}").format(line=place.line.number, path=place.file.path)
    why = _("The flags become [{flags}].").format(flags=",".join(mended))
    made = Plan("correct-rewrite-flag", finding.cause, title, why, (), takes_away_protection=locks, needs_person=why if locks else "")
    return write_plan(evidence, finding, place.file, after, made)


def _nearest_flag(flag: str, directive: str) -> str:
    """The flag itself when it is known, else the only one that is one letter away, "" when there is none or are several."""
    name, mark, value = flag.partition("=")
    known = known_flags(directive)
    if name.lower() in known:
        return flag
    doubled = name.lower()[:-1]
    near = [doubled] if len(name) > 1 and doubled in known and name[-1].lower() == doubled[-1:] else []
    near = near or [word for word in known if len(word) > 1 and len(name) > 1 and edit_distance(name.lower(), word, 1) <= 1]
    if len(near) != 1:
        return ""
    return (near[0].upper() if len(near[0]) <= 3 else near[0]) + mark + value


@repair(
    id="restore-wordpress-block",
    title=_("Write WordPress's own block again"),
    causes=("htaccess-wordpress-block", "htaccess-rewrite-loop"),
)
def restore_block(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    file = file_of(evidence, finding)
    if file is None or wordpress.block_state(file.content) == "sound":
        return None
    where = wordpress.span(file.content)
    if where is None and wordpress.block_state(file.content) == "missing" and finding.cause == "htaccess-wordpress-block":
        return _add_block(evidence, finding, file)
    if where is None:
        return CannotPlan(_("The beginning or the end of WordPress's block is missing, so it is not clear what belongs to it."))
    document = parse(file.content)
    block = wordpress.standard_block(_base(evidence, file, file.content[where[0] : where[1]]), document.ending)
    old = parse(file.content[where[0] : where[1]])
    locks = any(protects(line, old) for line in old.lines)
    title = _("Write WordPress's own block in {path} again").format(path=file.path)
    why = _("The lines between “# BEGIN WordPress” and “# END WordPress” become those that WordPress itself writes.")
    made = Plan(
        "restore-wordpress-block", finding.cause, title, why, (), takes_away_protection=locks, needs_person=why if locks else "", removes=1
    )
    return write_plan(evidence, finding, file, file.content[: where[0]] + block + file.content[where[1] :], made, lint_again=False)


def _base(evidence: Evidence, file: TextFile, written: bytes) -> str:
    """The address under which WordPress answers: that of the folder it lies in, where that is known, else what the block says."""
    folder = posixpath.dirname(file.path)
    own = next((each for each in evidence.applications if each.name == "wordpress" and each.path == folder), None)
    name = docroot_name(evidence)
    if own is None or not (folder == name or folder.startswith(f"{name}/")):
        return wordpress.base_of(written)
    base = urlsplit(evidence.site.url).path.rstrip("/") + folder.removeprefix(name) + "/"
    return base if re.fullmatch(r"/(?:[\w.~-]+/)*", base) else wordpress.base_of(written)


def _add_block(evidence: Evidence, finding: Finding, file: TextFile) -> Plan | CannotPlan | None:
    """After all other lines, as WordPress does it (wp-admin/includes/misc.php, insert_with_markers)."""
    document = parse(file.content)
    gap = b"" if not file.content or file.content.endswith(b"\n") else document.ending
    block = wordpress.standard_block(_base(evidence, file, b""), document.ending)
    title = _("Write WordPress's own block into {path}").format(path=file.path)
    why = _("These lines send the addresses of pages to WordPress. They are added at the end; nothing else is changed.")
    made = Plan("restore-wordpress-block", finding.cause, title, why, ())
    return write_plan(evidence, finding, file, file.content + gap + document.ending + block, made, lint_again=False)
