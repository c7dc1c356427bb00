"""How the web server calls a file of the account: this login may see another root."""

from __future__ import annotations

from diagnostics.checks.common import docroot_name
from diagnostics.checks.php_errors import servers_docroot
from diagnostics.evidence import Evidence

_SHUT_IN = 2  # "/home/www" may be all that a login shut into a folder sees of "/var/customers/web7/home/www"


def server_path(path: str, absolute: str, evidence: Evidence) -> str:
    """The path on the server of what people see as `path`; "" where this login sees another root and no log tells it."""
    docroot, name = servers_docroot(evidence), docroot_name(evidence)
    if not docroot:
        sees_all = evidence.connection in ("ssh", "local") or evidence.docroot.rstrip("/").count("/") > _SHUT_IN
        return absolute if sees_all else ""
    return f"{docroot}{path[len(name) :]}" if f"{path}/".startswith(f"{name}/") else f"{docroot.rpartition('/')[0]}/{path}"
