"""Raises a limit of PHP that the site gives itself, far below what PHP has by itself, where what failed names just this limit."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

from diagnostics.evidence import Evidence, TextFile
from diagnostics.findings import Finding
from diagnostics.htaccess.parser import parse
from diagnostics.php.seen import Setting
from diagnostics.repairs.php_settings import SETTINGS_FILES, written
from diagnostics.repairs.plan import Plan
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "raise-php-limit"
CAUSES = ("php-max-execution-time", "php-uncaught-exception", "application-answers-500")


@dataclass(frozen=True, slots=True)
class Limit:
    """`sane` is what it is raised to, `least` what no program is content with less than; `most` what hosting plans commonly allow."""

    least: int
    sane: int
    most: int
    unit: str = ""  # "M": megabytes


# Least and sane: PHP's own values (php.ini-development), and what programs ask for that complain of less.
LIMITS = {
    "max_execution_time": Limit(11, 60, 300),
    "max_input_time": Limit(11, 60, 300),
    "max_input_vars": Limit(1000, 3000, 10_000),
    "max_input_nesting_level": Limit(64, 64, 64),
    "max_file_uploads": Limit(20, 20, 100),
    "post_max_size": Limit(8, 64, 512, "M"),
    "upload_max_filesize": Limit(2, 64, 512, "M"),
    "pcre.backtrack_limit": Limit(1_000_000, 1_000_000, 10_000_000),
    "pcre.recursion_limit": Limit(100_000, 100_000, 1_000_000),
}
# What PHP says where such a limit is reached. All but the first three stand in messages that programs make of it.
_SAYS = {
    "max_execution_time": re.compile(r"Maximum execution time of (?P<value>\d+)(?:\+\d+)? seconds? exceeded"),
    "post_max_size": re.compile(r"(?:POST )?Content-Length of \d+ bytes exceeds the limit of (?P<value>\d+) bytes"),
    "max_input_vars": re.compile(r"Input variables exceeded (?P<value>\d+)"),
    "max_input_nesting_level": re.compile(r"Input variable nesting level exceeded (?P<value>\d+)"),
    "max_file_uploads": re.compile(r"Maximum number of allowable file uploads has been exceeded"),
    "upload_max_filesize": re.compile(r"exceeds (?:the|your) upload_max_filesize"),
    "pcre.backtrack_limit": re.compile(r"[Bb]acktrack limit (?:exhausted|error|was exhausted)|PREG_BACKTRACK_LIMIT_ERROR"),
    "pcre.recursion_limit": re.compile(r"[Rr]ecursion limit (?:exhausted|error|was exhausted)|PREG_RECURSION_LIMIT_ERROR"),
}
_ASKED = re.compile(r"(?:at least|minimum(?: of)?|>=|requires?|or more)\D{0,20}?(?P<number>\d{1,6})\s*(?P<unit>[MK]?)")
_VALUE = rb"((?i:%s)[\"']?(?:\s*=\s*|\s+))[\"']?[^\s\"';#]+[\"']?"


@repair(id=ID, title=_("Raise a limit of PHP that is far too low"), causes=CAUSES)
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    setting = named(evidence, finding)
    if setting is None:
        return None
    file = evidence.file(setting.path)
    if file is None:
        return CannotPlan(_("No line in the site's own files makes this setting: it is the host's."))
    value = _raised(setting, finding)
    title = _("Set {name} in line {line} of {path} to {value}").format(name=setting.name, line=setting.line, path=file.path, value=value)
    why = _("{old} is far less than PHP has by itself, and what failed says that it was reached.").format(old=setting.value)
    return written(ID, finding, file, _with_value(file, setting, value), title, why)


def named(evidence: Evidence, finding: Finding) -> Setting | None:
    """The setting of the site's own files that what failed names, where it is far too low."""
    texts = (finding.datum("message"), finding.summary, *(proof.text for proof in finding.evidence))
    for name, limit in LIMITS.items():
        own = evidence.php.setting(name)
        if own is None or posixpath.basename(own.path) not in SETTINGS_FILES or not _is_low(own, limit):
            continue
        if any(_says(name, own, limit, text) for text in texts):
            return own
    return None


def _says(name: str, own: Setting, limit: Limit, text: str) -> bool:
    """Whether PHP, or the program, says that this limit was reached: where a number is told, it must be this setting's."""
    number = _number(own, limit)
    for match in _SAYS[name].finditer(text[:4000]) if name in _SAYS else ():
        told = match.groupdict().get("value")
        if told is None or number is None or int(told) == number * (1024 * 1024 if limit.unit else 1) or int(told) == own.size:
            return True
    asks = re.search(rf"\b{re.escape(name)}\b[^\n]{{0,120}}", text[:4000])
    return asks is not None and not text.startswith(f"{own.path}:") and bool(_ASKED.search(asks[0]))


def _number(setting: Setting, limit: Limit) -> int | None:
    """In the limit's own unit; None for what is no number."""
    size = setting.size
    if size is None:
        return None
    return size // (1024 * 1024) if limit.unit else size


def _is_low(setting: Setting, limit: Limit) -> bool:
    number = _number(setting, limit)
    if number is None or (setting.size == 0 and setting.name in ("max_execution_time", "post_max_size")):
        return False  # no limit at all
    return number < limit.least


def _raised(setting: Setting, finding: Finding) -> str:
    """The sane value; more where what failed asks for more that plans allow."""
    limit = LIMITS[setting.name]
    texts = (finding.datum("message"), *(proof.text for proof in finding.evidence))
    asked = [
        int(match["number"]) for text in texts for each in re.finditer(rf"\b{re.escape(setting.name)}\b[^\n]{{0,120}}", text[:4000])
        if (match := _ASKED.search(each[0])) and bool(match["unit"]) is bool(limit.unit)
    ]  # fmt: skip
    value = max([limit.sane, *(number for number in asked if number <= limit.most)])
    return f"{value}{limit.unit}"


def _with_value(file: TextFile, setting: Setting, value: str) -> bytes:
    pattern = re.compile(_VALUE % re.escape(setting.name.encode()))
    if posixpath.basename(file.path) == ".htaccess" and parse(file.content).at(setting.line) is None:
        return file.content
    lines = file.content.split(b"\n")
    if setting.line <= len(lines):
        lines[setting.line - 1] = pattern.sub(rb"\g<1>" + value.encode(), lines[setting.line - 1], count=1)
    return b"\n".join(lines)
