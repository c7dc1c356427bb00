"""Makes scripts runnable again: the right to be executed, and Unix line ends."""

from __future__ import annotations

from diagnostics.evidence import Evidence, TreeEntry
from diagnostics.findings import Finding
from diagnostics.repairs.plan import ChangeMode, Plan, WriteFile
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _


@repair(id="cgi-line-endings", title=_("Give a script Unix line ends"), causes=("cgi-windows-line-endings",))
def line_endings(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    script = next((file for file in evidence.cgi_scripts if file.path == finding.path), None)
    if script is None or b"\r\n" not in script.content:
        return None
    if b"\x00" in script.content:
        return CannotPlan(_("The file is not a text."))
    change = WriteFile(script.absolute, script.path, script.content, script.content.replace(b"\r\n", b"\n"), script.mode)
    title = _("Give {path} Unix line ends").format(path=script.path)
    return Plan(
        "cgi-line-endings",
        finding.cause,
        title,
        _("The program named in the first line can then be found."),
        (change,),
        affects=script.path,
    )


@repair(id="cgi-mode", title=_("Let a script be run"), causes=("cgi-not-executable", "cgi-writable-by-others"))
def cgi_mode(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    entries = {entry.path: entry for entry in evidence.tree} if isinstance(evidence.tree, tuple) else {}
    script = entries.get(finding.path)
    if script is None or script.kind != "file":
        return None
    changes = [ChangeMode(script.absolute, script.path, "file", script.mode, runnable(script.mode))]
    folder: TreeEntry | None = entries.get(script.path.rpartition("/")[0])
    if folder is not None and folder.kind == "folder" and folder.mode & 0o022:
        changes.append(ChangeMode(folder.absolute, folder.path, "folder", folder.mode, folder.mode & ~0o022))
    changes = [change for change in changes if change.before != change.after]
    title = _("Let {path} be run").format(path=script.path)
    why = _("Whoever may read the script may run it, and only its owner may write it.")
    return Plan("cgi-mode", finding.cause, title, why, tuple(changes), affects=script.path)


def runnable(mode: int) -> int:
    """Executable for all who may read it, at least for the owner; writable for the owner alone."""
    return (mode | ((mode & 0o444) >> 2) | 0o100) & 0o755
