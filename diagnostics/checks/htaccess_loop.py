"""Rewrite rules that send a request round in a circle."""

from __future__ import annotations

import re
from collections.abc import Iterator

from diagnostics.checks.common import docroot_name, htaccess_files, lines_of_failure, proof_of, repairs_for
from diagnostics.checks.registry import check
from diagnostics.evidence import Evidence, TextFile, TreeEntry
from diagnostics.findings import Finding, Severity
from diagnostics.htaccess.wordpress import block_state
from sites.texts import mark as _

_LOOP = re.compile(r"AH00124|AH02596|exceeded the limit of \d+ internal redirects|rewrite or internal redirection cycle")


@check(id="htaccess-loop", title=_("Whether rewrite rules go round in a circle"), needs=("error_log", "htaccess"), order=15)
def htaccess_loop(evidence: Evidence) -> Iterator[Finding]:
    line = next((line for line in lines_of_failure(evidence) if _LOOP.search(line.text)), None)
    if line is None:
        return
    file = _suspect(evidence)
    damaged = file is not None and is_wordpress(evidence) and block_state(file.content) == "damaged"
    cause = "htaccess-wordpress-block" if damaged else "htaccess-rewrite-loop"
    restorable = is_wordpress(evidence) and file is not None and block_state(file.content) != "sound"
    yield Finding(
        check="htaccess-loop",
        cause=cause,
        severity=Severity.CRITICAL,
        confidence=0.97 if line.paired or file else 0.9,
        summary=_("The rewrite rules in {path} send every request round in a circle.").format(path=file.path if file else ".htaccess"),
        path=file.path if file else "",
        also=("htaccess-rewrite-loop",) if damaged else (),
        evidence=(proof_of(line),),
        repairs=repairs_for(cause, *(() if restorable else ("restore-wordpress-block",))),
    )


def _suspect(evidence: Evidence) -> TextFile | None:
    """The innermost file of the docroot's own chain that holds rewrite rules."""
    name = docroot_name(evidence)
    chain = [file for file in htaccess_files(evidence) if file.path.rpartition("/")[0] in (name, "", ".", "..")]
    with_rules = [file for file in chain if re.search(rb"(?im)^\s*(RewriteRule|FallbackResource|ErrorDocument)\b", file.content)]
    own = [file for file in with_rules if file.path == f"{name}/.htaccess"]
    return (own or with_rules or [None])[-1]


def is_wordpress(evidence: Evidence) -> bool:
    """Whether the docroot holds WordPress itself."""
    tree: tuple[TreeEntry, ...] = evidence.tree if isinstance(evidence.tree, tuple) else ()
    name = docroot_name(evidence)
    wanted = {f"{name}/wp-includes", f"{name}/wp-load.php", f"{name}/wp-config.php", f"{name}/wp-blog-header.php"}
    return len(wanted & {entry.path for entry in tree}) >= 2
