"""A practice site on disk: made, broken, made well again, removed. The servers that show it are in `serve`."""

from __future__ import annotations

import json
import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import ClassVar

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from . import certificates
from .breaks import BREAK_KINDS, BreakKind
from .content import FOLDER_MODE, PAGES, remove_tree, write_docroot
from .docroot import Docroot
from .lessons import LESSONS, LESSONS_FILE, Progress
from .lessons import as_text as lessons_text
from .lessons import read as read_lessons
from .plays import PLAY_FILE, PLAYS, Play
from .plays import read as read_play
from .web import CERTIFICATE_FILE, LOOPBACK

STATE_FILE = "practice.json"
READY_FILE = "ready.json"
AUTHORITY_FILE = "authority.pem"  # which probes of this site believe while it shows a certificate


class PracticeError(Exception):
    """A practice site could not be made, loaded or broken; the message says what to do."""


@dataclass(frozen=True)
class PracticeSite:
    """What is known of one practice site. Secrets stay out of its repr."""

    kinds: ClassVar[Mapping[str, BreakKind]] = BREAK_KINDS

    folder: Path
    web_port: int
    sftp_port: int
    user: str
    password: str = field(repr=False)
    private_host_key: str = field(repr=False)  # OpenSSH text
    host_key: str = ""  # "ssh-ed25519 AAAA…"
    address: str = LOOPBACK
    docroot: str = "/www"
    error_log: str = "/logs/error.log"
    access_log: str = "/logs/access.log"
    profile: str = "ovh-mutualise"

    @classmethod
    def create(cls, folder: Path) -> PracticeSite:
        """Makes the files, ports, password and host key. Raises PracticeError when the folder is not empty."""
        folder = Path(os.path.abspath(folder))
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise PracticeError(f"{folder} is not empty; nothing was changed. Give an empty folder or one that does not exist.")
        folder.chmod(0o700)
        web_port, sftp_port = _free_ports(2)
        private, public = _host_key()
        site = cls(folder, web_port, sftp_port, "practice", secrets.token_urlsafe(18), private, public)
        for part in (site.home, site.home / "logs"):
            part.mkdir()
            part.chmod(FOLDER_MODE)
        write_docroot(site.home)
        site._store()  # last: a folder with a state file is a whole practice site
        return site

    @classmethod
    def load(cls, folder: Path) -> PracticeSite:
        """Raises PracticeError when there is none, or its state file cannot be used."""
        path = Path(os.path.abspath(folder)) / STATE_FILE
        try:
            known = json.loads(path.read_text(encoding="utf-8"))
            site = cls(folder=path.parent, **known)
        except FileNotFoundError:
            raise PracticeError(f"There is no practice site in {path.parent}.") from None
        except (OSError, ValueError, TypeError) as error:
            raise PracticeError(
                f"{path} cannot be used ({error.__class__.__name__}). Remove the folder and start a new practice site."
            ) from None
        if site.address != LOOPBACK:
            raise PracticeError(f"{path} asks to listen on {site.address}; the practice site listens on {LOOPBACK} only.")
        return site

    @property
    def home(self) -> Path:
        """What the SFTP login sees as "/"."""
        return self.folder / "home"

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.web_port}/"

    @property
    def ready_file(self) -> Path:
        """Present while the servers run: {"pid", "web_port", "sftp_port"}."""
        return self.folder / READY_FILE

    def is_serving(self) -> bool:
        """Whether its ports answer on this machine; that of a web server which pauses on purpose need not."""
        play = self.playing()
        ports = (self.sftp_port,) if play and not play.listens else (self.web_port, self.sftp_port)
        return all(_answers(port) for port in ports)

    def playing(self) -> Play | None:
        """The failure that it plays just now."""
        return read_play(self.folder)

    def play(self, kind: str) -> None:
        """Makes the files whole and plays a failure from the next request on. Raises PracticeError for an unknown kind."""
        if kind not in PLAYS:
            raise PracticeError(f"{kind!r} is nothing that the practice site can play; choose one of {', '.join(PLAYS)}.")
        self.reset()
        if PLAYS[kind].flaw:
            authority, own = certificates.flawed(PLAYS[kind].flaw, self.address)
            write_private(self.folder / AUTHORITY_FILE, authority)
            write_private(self.folder / CERTIFICATE_FILE, own)
        write_private(self.folder / PLAY_FILE, json.dumps({"kind": kind}))

    def break_it(self, kind: str) -> None:
        """Makes the site whole, then breaks it in one way. Raises PracticeError for an unknown kind."""
        known = BREAK_KINDS.get(kind)
        if known is None:
            raise PracticeError(f"{kind!r} is no way to break the practice site; choose one of {', '.join(BREAK_KINDS)}.")
        self.reset()
        known.apply(self.home / "www")

    def begin_lesson(self, kind: str) -> None:
        """Makes the site whole, then plants the fault of a lesson. Raises PracticeError for an unknown kind."""
        if kind not in LESSONS:
            raise PracticeError(f"{kind!r} is no lesson of the practice site; choose one of {', '.join(LESSONS)}.")
        self.reset()
        LESSONS[kind].apply(self.home / "www")
        self._store_lessons(Progress(kind, tuple(each for each in self.lessons().mended if each != kind)))

    def lessons(self) -> Progress:
        """How far somebody is with the lessons."""
        return read_lessons(self.folder)

    def forget_lessons(self) -> None:
        """They all begin anew; the files stay as they are."""
        (self.folder / LESSONS_FILE).unlink(missing_ok=True)

    def is_whole(self) -> bool:
        """Whether the web server would show every page now, by the files as they lie there."""
        docroot = Docroot(self.home)
        return all(docroot.answer(page, {}).status == 200 for page in PAGES)

    def _store_lessons(self, progress: Progress) -> None:
        write_private(self.folder / LESSONS_FILE, lessons_text(progress))

    def reset(self) -> None:
        """The docroot as it was at the start, no failure played, and no lesson going on; the logs stay."""
        known = self.lessons()
        if known.current:
            mended = {*known.mended, *([known.current] if self.is_whole() else [])}
            self._store_lessons(Progress("", tuple(each for each in LESSONS if each in mended)))
        (self.folder / PLAY_FILE).unlink(missing_ok=True)
        for part in (self.home, self.home / "logs"):
            part.mkdir(exist_ok=True)
            part.chmod(FOLDER_MODE)
        write_docroot(self.home)

    def remove(self) -> None:
        """Removes the folder with all in it. Servers that run over it stop by themselves within two seconds."""
        if not (self.folder / STATE_FILE).is_file():
            raise PracticeError(f"{self.folder} is no practice site; nothing was removed.")
        remove_tree(self.folder)

    def _store(self) -> None:
        known = {name: value for name, value in asdict(self).items() if name != "folder"}
        write_private(self.folder / STATE_FILE, json.dumps(known, indent=1))


def write_private(path: Path, text: str) -> None:
    """A file for this account only, whole or not at all."""
    temporary = path.with_name(path.name + ".new")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        os.fchmod(handle, 0o600)
        file.write(text)
    temporary.replace(path)


def _free_ports(count: int) -> list[int]:
    """Distinct ports that nobody listens on now."""
    listeners = [socket.create_server((LOOPBACK, 0)) for _ in range(count)]
    try:
        return [int(listener.getsockname()[1]) for listener in listeners]
    finally:
        for listener in listeners:
            listener.close()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1.0):
            return True
    except OSError:
        return False


def _host_key() -> tuple[str, str]:
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return private.decode("ascii"), public.decode("ascii")
