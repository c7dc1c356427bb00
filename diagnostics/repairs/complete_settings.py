"""Writes the end of a wp-config.php that was cut off behind its settings: the lines that load WordPress.

wp-load.php leaves it to wp-config.php to load wp-settings.php; without that, the first function of WordPress that is called is not there.
"""

from __future__ import annotations

import posixpath
import re

from diagnostics.checks.php_parsing import MOST, first_error
from diagnostics.evidence import Evidence
from diagnostics.findings import Finding
from diagnostics.repairs.plan import Plan, WriteFile
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "complete-wp-config"
_LOADS = b"wp-settings.php"
_NAMES = (b"DB_NAME", b"DB_USER", b"DB_PASSWORD", b"DB_HOST")
_SETTINGS = tuple(re.compile(rb"^[ \t]*define\s{0,9}\(\s{0,9}['\"]" + name + rb"['\"]", re.MULTILINE) for name in _NAMES)
_PREFIX = re.compile(rb"^[ \t]*\$table_prefix[ \t]*=", re.MULTILINE)
_END = (
    b"", b"/* From here on WordPress itself. */", b"if ( ! defined( 'ABSPATH' ) ) {", b"\tdefine( 'ABSPATH', __DIR__ . '/' );", b"}",
    b"require_once ABSPATH . 'wp-settings.php';", b"",
)  # fmt: skip


@repair(id=ID, title=_("Write the end of wp-config.php"), causes=("wordpress-config-syntax",))
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    file = evidence.file(finding.path)
    if file is None or posixpath.basename(finding.path) != "wp-config.php" or len(file.content) > MOST or _LOADS in file.content:
        return None
    folder = posixpath.dirname(finding.path)
    if not any(application.name == "wordpress" and application.path == folder for application in evidence.applications):
        return None  # one folder above, ABSPATH would be another
    if not all(setting.search(file.content) for setting in _SETTINGS) or not _PREFIX.search(file.content):
        return CannotPlan(_("Settings are missing as well. Take the file from a backup, or from the host's installer."))
    ending = b"\r\n" if b"\r\n" in file.content else b"\n"
    after = file.content.rstrip() + ending + ending.join(_END)
    if first_error(file.content) is not None or first_error(after) is not None or b"?>" in file.content[file.content.rfind(b"define") :]:
        return CannotPlan(_("The file breaks off in the middle of a line. Take it from a backup, or mend the line first."))
    title = _("Write the end of {path} again").format(path=file.path)
    why = _("It ends before the lines that load WordPress. All that is needed of its settings is there, and stays as it is.")
    change = WriteFile(file.absolute, file.path, file.content, after, file.mode)
    return Plan(ID, finding.cause, title, why, (change,), affects=_("Every page of this WordPress"))
