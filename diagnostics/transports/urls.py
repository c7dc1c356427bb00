"""Connections as people type them: `ssh://user@host:port`, `sftp://user@host`, `ftps://user@host`, `ftp://user@host`, `local:`."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from sites.texts import mark as _

DEFAULT_PORTS = {"ssh": 22, "sftp": 22, "ftps": 21, "ftp": 21}  # ftps on port 990: encrypted from the first byte


class UrlRefused(ValueError):
    """The text is no connection that can be used; the message says why and `hint` what to type."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class ParsedConnection:
    """What a connection URL says; never a secret. `address` and `user` are empty and `port` is 0 for "local"."""

    protocol: str
    address: str
    port: int
    user: str


def parse_connect_url(text: str) -> ParsedConnection:
    """Reads a connection URL. Raises UrlRefused."""
    text = text.strip()
    scheme, separator, rest = text.partition(":")
    scheme = scheme.lower()
    if not separator:
        raise UrlRefused(_("This is not a connection URL."), _("Type it like ssh://user@host.example:22."))
    if scheme == "local":
        return _local(rest)
    if scheme not in DEFAULT_PORTS:
        raise UrlRefused(_("The connection must begin with ssh://, sftp://, ftps://, ftp:// or local:."))
    if not rest.startswith("//"):
        raise UrlRefused(_("Two slashes are missing after {scheme}:.").format(scheme=scheme), _("Type it like ssh://user@host.example:22."))
    return _remote(scheme, text)


def _local(rest: str) -> ParsedConnection:
    if rest.strip("/"):
        raise UrlRefused(_("local: takes nothing after it."), _("Give the folder of the site as its docroot."))
    return ParsedConnection("local", "", 0, "")


def _remote(scheme: str, text: str) -> ParsedConnection:
    try:
        parts = urlsplit(text)
        port = parts.port
        address = parts.hostname or ""
    except ValueError as error:
        raise UrlRefused(_("The host or port of this URL makes no sense."), _("A port is a number from 1 to 65535.")) from error
    if parts.password is not None:
        hint = _("Leave it out. On the command line name a variable with --secret-env; in the web form use its own field.")
        raise UrlRefused(_("A password must not stand in a URL: it would end up in histories and logs."), hint)
    if not address:
        raise UrlRefused(_("The host is missing."), _("Type it like ssh://user@host.example:22."))
    if not parts.username:
        raise UrlRefused(_("The user is missing."), _("Type it like ssh://user@host.example:22."))
    if port == 0:
        raise UrlRefused(_("The host or port of this URL makes no sense."), _("A port is a number from 1 to 65535."))
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise UrlRefused(_("Only user, host and port belong in the URL."), _("Give the folder of the site as its docroot."))
    user = unquote(parts.username)
    if not user.isprintable() or not address.isprintable() or any(char.isspace() for char in address):
        raise UrlRefused(_("The user or host holds characters that cannot be used."))
    return ParsedConnection(scheme, address, port or DEFAULT_PORTS[scheme], user)
