"""How the web server calls a file of the account: this login may see another root."""

from __future__ import annotations

from diagnostics.evidence import Evidence
from diagnostics.facts.logged_paths import servers_docroot
from diagnostics.facts.paths import docroot_name

_SHUT_IN = 2  # "/home/www" may be all that a login shut into a folder sees of "/var/customers/web7/home/www"


def server_folder(folder: str, evidence: Evidence, told: str = "") -> str:
    """The path on the server of the docroot or a folder above it, by its absolute path here; "" where that cannot be told.

    `told`: what a person says that the docroot, or the folder just above it, is called there. A log counts for more.
    """
    own, name, told = evidence.docroot.rstrip("/"), docroot_name(evidence), told.rstrip("/")
    docroot = servers_docroot(evidence) or (told if told.endswith(f"/{name}") or not told else f"{told}/{name}")
    if not docroot:
        return server_path("", folder, evidence)
    tail = own[len(folder.rstrip("/")) :]
    return docroot.removesuffix(tail) if docroot.endswith(tail) else ""


def server_path(path: str, absolute: str, evidence: Evidence) -> str:
    """The path on the server of what people see as `path`; "" where this login sees another root and no log tells it."""
    docroot, name = servers_docroot(evidence), docroot_name(evidence)
    if not docroot:
        sees_all = evidence.connection in ("ssh", "local") or evidence.docroot.rstrip("/").count("/") > _SHUT_IN
        return absolute if sees_all else ""
    return f"{docroot}{path[len(name) :]}" if f"{path}/".startswith(f"{name}/") else f"{docroot.rpartition('/')[0]}/{path}"
