"""A file of translations that PHP cannot read gets a name that WordPress does not look for.

WordPress loads `wp-content/languages/…/DOMAIN-LOCALE.l10n.php` only where it is there (wp-includes/l10n.php: load_textdomain), else the
`.mo` beside it, else it shows the words as they stand in the code; it fetches the pack again with its next update of translations.
"""

from __future__ import annotations

import hashlib
import posixpath
import re

from diagnostics.evidence import Evidence
from diagnostics.findings import Finding
from diagnostics.repairs.plan import Plan, RenameFile
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from diagnostics.repairs.set_aside_part import MARK, free_name
from sites.texts import mark as _

ID = "set-translation-aside"
CAUSES = ("php-truncated-file", "php-parse-error")
_PACK = re.compile(r"(?:^|/)wp-content/languages/(?:[^/]+/)*[^/]+\.php$")


@repair(id=ID, title=_("Set a broken translation aside"), causes=CAUSES)
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    if not _PACK.search(finding.path):
        return None
    file = evidence.file(finding.path)
    if file is None:
        return CannotPlan(_("{path} could not be read.").format(path=finding.path))
    folder, name = posixpath.split(file.path)
    stem, ending = posixpath.splitext(name)
    target = free_name(evidence, file.path, f"{stem}.{MARK}{ending}")
    change = RenameFile(
        file.absolute, file.path, posixpath.join(posixpath.dirname(file.absolute), target), posixpath.join(folder, target),
        hashlib.sha256(file.content).hexdigest(),
    )  # fmt: skip
    why = _("Until WordPress fetches it again with its next update of translations, visitors may read these words in English.")
    return Plan(
        ID, finding.cause, _("Set the translation {name} aside").format(name=name), why, (change,),
        affects=_("The words of one plugin, theme or part of this WordPress"), sets_aside=True, removes=150,
    )  # fmt: skip
