"""From the path of a request to an answer, read afresh from the files each time, as Apache with suEXEC would answer.

Modes are judged as written, not by what this process may read: the practice site also runs as root in a container.
"""

from __future__ import annotations

import mimetypes
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

from .htaccess import ConfigError, Rules, read_into
from .php import NotPractised, Page, PhpError
from .rewriting import Request, rewrite

MAX_FILE_BYTES = 8 * 1024 * 1024
MAX_HTACCESS_BYTES = 1024 * 1024
MAX_REDIRECTS = 10
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_DENIED = "(13)Permission denied"


@dataclass(frozen=True, slots=True)
class Complaint:
    """One line for the error log; `suexec` is what goes into suEXEC's own log beside it."""

    source: str
    message: str
    os_error: str = ""
    suexec: str = ""


@dataclass(slots=True)
class Answer:
    """What to send. An empty `body` with an error status means: the server's own page for it."""

    status: int
    body: bytes = b""
    content_type: str = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)
    rules: Rules = field(default_factory=Rules)


class RequestError(Exception):
    """This request ends here with an error status."""

    def __init__(self, status: int, *complaints: Complaint) -> None:
        super().__init__(status)
        self.status = status
        self.complaints = list(complaints)


class Docroot:
    """Answers for one docroot. Nothing is kept between two requests."""

    def __init__(self, home: Path) -> None:
        self.home = Path(os.path.realpath(home))
        self.root = self.home / "www"

    def answer(self, target: str, headers: Mapping[str, str]) -> Answer:
        """`target` as it stood in the request line; names of `headers` in small letters.

        Never raises for what a visitor sends or the files hold.
        """
        raw_path, _, query = target.partition("?")
        try:
            path = clean_path(raw_path)
        except ValueError:
            return Answer(400)
        answer = self._rewritten(path, query, headers)
        if answer.status >= 400 and not answer.body:
            self._add_error_document(answer)
        return answer

    def _rewritten(self, path: str, query: str, headers: Mapping[str, str]) -> Answer:
        rules = Rules()
        try:
            for _ in range(MAX_REDIRECTS + 1):
                rules = Rules()
                folder, rest = self._rules_for(path, rules)
                step = rewrite(rules, Request(path, query, str(folder / rest), headers), is_file=_is_file, is_folder=_is_folder)
                if step.status:
                    return self._forced(step.status, step.location, rules)
                if step.path == path:
                    return self._served(path, query, rules)
                path, query = clean_path(quote(os.fsencode(step.path))), step.query
        except RequestError as refused:
            return Answer(refused.status, complaints=refused.complaints, rules=rules)
        except ValueError:
            return Answer(400)
        limit = (
            "AH00124: Request exceeded the limit of 10 internal redirects due to probable configuration error. "
            "Use 'LimitInternalRecursion' to increase the limit if necessary. Use 'LogLevel debug' to get a backtrace."
        )
        return Answer(500, complaints=[Complaint("core:error", limit)], rules=rules)

    def _forced(self, status: int, location: str, rules: Rules) -> Answer:
        return Answer(status, headers={"Location": location} if location else {}, rules=rules)

    def _rules_for(self, path: str, rules: Rules) -> tuple[Path, str]:
        """Reads the `.htaccess` of every folder on the way. Returns the deepest folder that exists and what is left of the path."""
        self._may_enter(self.home, path)
        folder, url = self.root, "/"
        parts = [part for part in path.split("/") if part]
        while True:
            self._may_enter(folder, path)
            after = parts[0] if parts else ""
            self._read_htaccess(folder, url, after, rules)
            if not parts or not _is_folder(str(folder / parts[0])):
                return folder, "/".join(parts)
            folder, url = self._inside(folder / parts[0]), f"{url}{parts.pop(0)}/"

    def _may_enter(self, folder: Path, path: str) -> None:
        try:
            mode = self._inside(folder).stat().st_mode
        except FileNotFoundError:
            raise RequestError(404) from None
        except PermissionError:
            mode = 0
        if not mode & stat.S_IXOTH:
            text = (
                f"AH00035: access to {path} denied (filesystem path '{folder}') because search permissions are missing "
                "on a component of the path"
            )
            raise RequestError(403, Complaint("core:error", text, _DENIED))

    def _read_htaccess(self, folder: Path, url: str, requested: str, rules: Rules) -> None:
        path = folder / ".htaccess"
        unreadable = (
            f"AH00529: {path} pcfg_openfile: unable to check htaccess file, ensure it is readable and that '{folder}/' is executable"
        )
        try:
            content = _read(self._inside(path), MAX_HTACCESS_BYTES)
        except FileNotFoundError:
            return
        except OSError:
            raise RequestError(403, Complaint("core:crit", unreadable, _DENIED)) from None
        try:
            read_into(rules, content.decode("utf-8", "surrogateescape"), str(path), url, requested)
        except ConfigError as error:
            rules.error_documents.clear()  # a folder whose settings cannot be read has no error pages of its own
            raise RequestError(500, Complaint("core:alert", f"{path}: {error}")) from None

    def _inside(self, path: Path) -> Path:
        """`path`, when it does not lead out of the practice home by a symbolic link."""
        if not Path(os.path.realpath(path)).is_relative_to(self.home):
            raise RequestError(403, Complaint("core:error", f"AH00037: Symbolic link not allowed or link target not accessible: {path}"))
        return path

    def _served(self, path: str, query: str, rules: Rules) -> Answer:
        wanted = self.root / path.lstrip("/")
        denied = Complaint("authz_core:error", f"AH01630: client denied by server configuration: {wanted}")
        if rules.denied or wanted.name.lower().startswith(".ht"):
            raise RequestError(403, denied)
        if _is_folder(str(wanted)):
            if not path.endswith("/"):
                return Answer(301, headers={"Location": quote(os.fsencode(path)) + "/" + (f"?{query}" if query else "")}, rules=rules)
            wanted = self._index_of(wanted, rules)
        elif path.endswith("/"):
            raise RequestError(404)
        return self._file(wanted, rules)

    def _index_of(self, folder: Path, rules: Rules) -> Path:
        for name in rules.directory_index:
            if _is_file(str(folder / name)):
                return folder / name
        text = (
            f"AH01276: Cannot serve directory {folder}/: No matching DirectoryIndex ({','.join(rules.directory_index)}) found, "
            "and server-generated directory index forbidden by Options directive"
        )
        raise RequestError(403, Complaint("autoindex:error", text))

    def _file(self, path: Path, rules: Rules) -> Answer:
        self._inside(path)
        if path.suffix == ".php":
            self._suexec(path)
        try:
            body = _read(path, MAX_FILE_BYTES)
        except (FileNotFoundError, NotADirectoryError):
            raise RequestError(404) from None
        except OSError:
            raise RequestError(403, Complaint("core:error", f"AH00132: file permissions deny server access: {path}", _DENIED)) from None
        if path.suffix == ".php":
            return self._script(path, body, rules)
        return Answer(200, body, _type_of(path), rules=rules)

    def _suexec(self, script: Path) -> None:
        """suEXEC starts no script that others could have changed, nor one in a folder where others may write."""
        steps = [script, *script.parents]
        for step in steps[: steps.index(self.root) + 1]:
            try:
                mode = step.stat().st_mode
            except OSError:
                return  # told by the reading that follows
            if mode & _WRITABLE_BY_OTHERS:
                what = "file" if step == script else "directory"
                raise RequestError(
                    500,
                    Complaint(
                        "cgid:error",
                        f"AH01215: stderr from {script}: suexec policy violation: see suexec log for more details",
                        suexec=f"{what} is writable by others: ({step})",
                    ),
                    Complaint("cgid:error", f"End of script output before headers: {script.name}"),
                )

    def _script(self, path: Path, body: bytes, rules: Rules) -> Answer:
        """A page without PHP in it goes out as it is, as PHP does; of PHP only what the shop's own pages use is understood here."""
        try:
            return Answer(200, Page(self._read_script).output(path, body) if b"<?" in body else body, rules=rules)
        except PhpError as error:
            said = [Complaint("cgid:error", f"AH01215: stderr from {path}: {line}") for line in str(error).split("\n")]
            return Answer(500, complaints=said, rules=rules)
        except NotPractised:
            reason = f"AH01215: stderr from {path}: the practice site runs no PHP code"
            ended = f"End of script output before headers: {path.name}"
            return Answer(500, complaints=[Complaint("cgid:error", reason), Complaint("cgid:error", ended)], rules=rules)

    def _read_script(self, path: Path) -> bytes:
        """A file that a script loads, by its own permissions. Raises OSError."""
        return _read(self._inside(path), MAX_FILE_BYTES)

    def _add_error_document(self, answer: Answer) -> None:
        wanted = answer.rules.error_documents.get(answer.status, "")
        if wanted.startswith("/"):
            try:
                found = self._file(self.root / clean_path(wanted).lstrip("/"), answer.rules)
            except (RequestError, ValueError):
                return
            if found.status == 200:
                answer.body, answer.content_type = found.body, found.content_type
        elif wanted.startswith(("http://", "https://")):
            answer.status, answer.headers = 302, {"Location": wanted}
        elif wanted:
            answer.body = wanted.strip('"').encode("utf-8", "surrogateescape")


def clean_path(raw: str) -> str:
    """The decoded path with "." and ".." resolved. Raises ValueError for what Apache refuses with 400."""
    if not raw.startswith("/"):
        raise ValueError("not a path")
    if any(len(rest) < 2 or not _is_hex(rest[:2]) for rest in raw.split("%")[1:]):
        raise ValueError("bad escape")
    decoded = os.fsdecode(unquote_to_bytes(raw))
    if "\0" in decoded:
        raise ValueError("NUL in path")
    kept: list[str] = []
    for part in decoded.split("/"):
        if part == "..":
            if not kept:
                raise ValueError("above the docroot")
            kept.pop()
        elif part not in ("", "."):
            kept.append(part)
    folder = decoded.endswith(("/", "/.", "/..")) and bool(kept)
    return "/" + "/".join(kept) + ("/" if folder else "")


def _is_hex(text: str) -> bool:
    return all(letter in "0123456789abcdefABCDEF" for letter in text)


def _is_file(path: str) -> bool:
    return os.path.isfile(path)


def _is_folder(path: str) -> bool:
    return os.path.isdir(path)


def _read(path: Path, limit: int) -> bytes:
    """A regular file that others may read. Raises OSError, PermissionError where its mode says no."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or not status.st_mode & stat.S_IROTH or status.st_size > limit:
            raise PermissionError(13, "Permission denied")
        return file.read(limit)


def _type_of(path: Path) -> str:
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
