"""`up`: prepares the installation and starts everything. The processes themselves are in `config/supervision/`."""

from __future__ import annotations

import os
import signal
import socket
import sys
from contextlib import suppress
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, connections

from config.state_lock import AlreadyRunning, lock
from sites import first_run


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; raises `CommandError` that names what is in the way. Port 0 takes any free one."""
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except socket.gaierror:
        raise CommandError(f"{host} is no address of this machine; use --host 127.0.0.1", returncode=2) from None
    listening = socket.socket(family, kind, protocol)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(address)
        listening.listen(512)
    except OSError as error:
        listening.close()
        raise CommandError(_in_the_way(host, port, error), returncode=2) from None
    return listening


def _in_the_way(host: str, port: int, error: OSError) -> str:
    if isinstance(error, PermissionError):
        return f"Port {port} is reserved for the administrator of this machine; choose one from 1024, for example --port 8000."
    if error.errno == 98 or "in use" in str(error):
        return f"Port {port} on {host} is taken by another program; stop that one or choose another, for example --port {port + 1}."
    return f"Cannot listen on {host} port {port}: {error.strerror}."


def _address(host: str, port: int) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}"


def _end(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


class Command(BaseCommand):
    help = "Starts web, workers, beat and, unless REDIS_URL is set, the embedded Valkey. Ctrl-C stops everything."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on (default 8000; 0 takes a free one)")

    def handle(self, *_args: Any, host: str, port: int, **_options: Any) -> None:
        if not 0 <= port <= 65535:
            raise CommandError(f"{port} is no port; use one from 1 to 65535.", returncode=2)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _end)
        try:
            lock_fd = lock(settings.SITEMEND_VAR_DIR)
        except AlreadyRunning as running:
            raise CommandError(str(running), returncode=2) from None
        listening = listen(host, port)
        address = _address(host, listening.getsockname()[1])
        self._prepare()
        self._greet(address)
        if host in ("0.0.0.0", "::") and not settings.SITEMEND_BASE_URL_IS_SET:  # noqa: S104
            self.stdout.write("up      | Others reach it when SITEMEND_BASE_URL holds its address; put a web server with TLS in front")
        connections.close_all()
        self._become_supervisor(listening, lock_fd, address)

    def _prepare(self) -> None:
        """Migrations and static files, while connections already queue at the port."""
        self.stdout.write("up      | preparing the database")
        try:
            call_command("migrate", interactive=False, verbosity=0)
        except DatabaseError as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise CommandError(f"The database cannot be used: {reason}", returncode=2) from None
        call_command("collectstatic", interactive=False, verbosity=0)

    def _greet(self, address: str) -> None:
        base = settings.SITEMEND_BASE_URL if settings.SITEMEND_BASE_URL_IS_SET else address
        self.stdout.write(f"up      | Sitemend is at {base}/")
        token = first_run.make_token()
        if token:
            self.stdout.write(f"up      | Make the administrator here, once: {base}/first-run/{token}/")
        self.stdout.write("up      | Ctrl-C stops everything")
        self.stdout.flush()

    def _become_supervisor(self, listening: socket.socket, lock_fd: int, address: str) -> None:
        if not settings.SITEMEND_BASE_URL_IS_SET:
            os.environ["SITEMEND_BASE_URL"] = address
        for fd in (listening.fileno(), lock_fd):
            os.set_inheritable(fd, True)
        command = [sys.executable, "-m", "config.supervision", "--state-folder", str(settings.SITEMEND_VAR_DIR)]
        command += ["--listening-fd", str(listening.fileno()), "--lock-fd", str(lock_fd)]
        if not settings.SITEMEND_REDIS_URL_IS_SET:
            command.append("--embedded-broker")
        os.chdir(settings.BASE_DIR)
        with suppress(OSError):
            sys.stdout.flush()
        os.execv(sys.executable, command)  # noqa: S606 (the same process goes on, without Django in its memory)
