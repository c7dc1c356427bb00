"""How the web server calls a file of the account: this login may see another root."""

from __future__ import annotations

from diagnostics.checks.common import docroot_name
from diagnostics.checks.php_errors import servers_docroot
from diagnostics.evidence import Evidence


def server_path(path: str, absolute: str, evidence: Evidence) -> str:
    """The path on the server of what people see as `path`; "" where this login sees another root and no log tells it."""
    docroot, name = servers_docroot(evidence), docroot_name(evidence)
    if not docroot:
        return absolute if evidence.docroot.rstrip("/").count("/") > 1 else ""
    return f"{docroot}{path[len(name) :]}" if f"{path}/".startswith(f"{name}/") else f"{docroot.rpartition('/')[0]}/{path}"
