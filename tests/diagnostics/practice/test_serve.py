from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from diagnostics.practice.serve import PracticeServers
from diagnostics.practice.site import PracticeError, PracticeSite

from .conftest import connect

PROJECT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-m", "diagnostics.practice.serve"]


@contextmanager
def _process(site: PracticeSite) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([*COMMAND, str(site.folder)], cwd=PROJECT, stderr=subprocess.PIPE)
    try:
        _until(site.ready_file.exists)
        yield process
    finally:
        process.kill()
        process.communicate()


def _until(condition: object, seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


def test_process_serves_stops_at_sigterm_and_comes_back_on_its_ports(tmp_path: Path) -> None:
    site = PracticeSite.create(tmp_path / "p")
    for _ in range(2):
        with _process(site) as process:
            ready = json.loads(site.ready_file.read_text())
            assert ready == {"pid": process.pid, "web_port": site.web_port, "sftp_port": site.sftp_port}
            with urllib.request.urlopen(site.url, timeout=5) as response:
                assert response.status == 200
            client = connect(site)
            assert "www" in client.open_sftp().listdir("/")
            assert site.is_serving()
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
            client.close()
        assert not site.ready_file.exists()
        assert not site.is_serving()


def test_process_stops_when_the_site_is_removed(tmp_path: Path) -> None:
    site = PracticeSite.create(tmp_path / "p")
    with _process(site) as process:
        site.remove()
        assert process.wait(10) == 0
    assert not site.folder.exists()


def test_process_without_a_site_says_so(tmp_path: Path) -> None:
    done = subprocess.run([*COMMAND, str(tmp_path)], cwd=PROJECT, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (1, f"There is no practice site in {tmp_path}.\n")


def test_taken_port_is_told_and_the_other_given_back(tmp_path: Path) -> None:
    site = PracticeSite.create(tmp_path / "p")
    with socket.create_server(("127.0.0.1", site.sftp_port)), pytest.raises(PracticeError, match="could not listen"):
        PracticeServers(site).start()
    with PracticeServers(site):
        assert site.is_serving()
