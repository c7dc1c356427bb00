"""Runs the two servers of a practice site in a process of their own: `python -m diagnostics.practice.serve FOLDER`."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path
from types import TracebackType

from .sftp import PracticeSftpServer
from .site import STATE_FILE, PracticeError, PracticeSite, write_private
from .web import PracticeWebServer

LOOK_EVERY_S = 0.5


class PracticeServers:
    """Both servers of one site, in threads of this process; a context manager."""

    def __init__(self, site: PracticeSite) -> None:
        self.site = site
        self._web: PracticeWebServer | None = None
        self._sftp: PracticeSftpServer | None = None

    def start(self) -> None:
        """Listens on the ports of the site. Raises PracticeError when one is taken; then neither is held."""
        try:
            self._web = PracticeWebServer(self.site.home, self.site.web_port)
            self._sftp = PracticeSftpServer(
                self.site.home,
                self.site.sftp_port,
                user=self.site.user,
                password=self.site.password,
                private_host_key=self.site.private_host_key,
            )
        except OSError as error:
            self.stop()
            raise PracticeError(
                f"The practice site could not listen on ports {self.site.web_port} and {self.site.sftp_port} ({error.strerror}). "
                "Stop the program that uses them, or remove the practice site and start a new one."
            ) from error
        self._web.start()
        self._sftp.start()

    def look(self) -> None:
        """Has the web server pause while nobody shall be listening, and come back on its port afterwards."""
        play = self.site.playing()
        wanted = play is None or play.listens
        if self._web is not None and not wanted:
            self._web.stop()
            self._web = None
        elif self._web is None and wanted and self._sftp is not None:
            try:
                self._web = PracticeWebServer(self.site.home, self.site.web_port)
            except OSError:  # the port is not free again yet: at the next look
                return
            self._web.start()

    def stop(self) -> None:
        """Closes both ports and every connection."""
        if self._web is not None:
            self._web.stop()
        if self._sftp is not None:
            self._sftp.stop()
        self._web = self._sftp = None

    def __enter__(self) -> PracticeServers:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


def serve(folder: Path) -> None:
    """Serves until SIGTERM, SIGINT or the removal of the site. Raises PracticeError when it cannot start."""
    site = PracticeSite.load(folder)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with PracticeServers(site) as servers:
        ready = {"pid": os.getpid(), "web_port": site.web_port, "sftp_port": site.sftp_port}
        write_private(site.ready_file, json.dumps(ready))
        try:
            while not stopping.wait(LOOK_EVERY_S) and (site.folder / STATE_FILE).exists():
                servers.look()
        finally:
            site.ready_file.unlink(missing_ok=True)


def main(arguments: list[str]) -> int:
    """Exit status: 0 stopped, 1 could not start, 2 wrong arguments."""
    if len(arguments) != 1:
        print("usage: python -m diagnostics.practice.serve FOLDER", file=sys.stderr)
        return 2
    try:
        serve(Path(arguments[0]))
    except PracticeError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
