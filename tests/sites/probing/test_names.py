from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import textwrap
from collections import deque
from pathlib import Path

import pytest

from sites.probing import names
from tests.config.running import ROOT, wait_for
from tests.http_server import HttpServer, Reply


@pytest.mark.parametrize(
    ("host", "address"), [("127.0.0.1", "127.0.0.1"), ("[::1]", "::1"), ("localhost", ""), ("0x7f.1", ""), ("shop.example", "")]
)
def test_address_in_a_url_needs_no_look_up(host, address):
    assert names.literal(host) == address


def test_look_up_answers_addresses_or_none():
    answers: deque[names.Lookup] = deque()
    for host in ("localhost", "no-such-name.invalid", "a..b", "x" * 300):
        names.ask(host, answers)
    wait_for(lambda: len(answers) == 4, 20, "four answers")
    found = {lookup.host: lookup for lookup in answers}
    assert {"127.0.0.1", "::1"} & set(found.pop("localhost").addresses)
    assert [lookup.addresses for lookup in found.values()] == [()] * 3
    assert all(lookup.took_s is not None for lookup in answers)


_PROBING = """
import json, sys
from sites.probing.engine import iter_probes
from sites.probing.guard import Guard, parse_networks
from sites.probing.outcome import ProbeRequest
port = int(sys.argv[1])
asked = [ProbeRequest(n, f"http://silent{n}.test/", time_limit_s=3.0) for n in range(120)]
asked += [ProbeRequest(1000 + n, f"http://well{n}.test:{port}/", time_limit_s=3.0) for n in range(10)]
found = iter_probes(asked, guard=Guard(parse_networks(["127.0.0.0/8"])), per_address=1000)
print(json.dumps([(outcome.key, str(outcome.kind), outcome.detail, outcome.ms) for outcome in found]))
"""


def test_names_whose_servers_stay_silent_hold_up_no_other(tmp_path: Path):
    """In a mount namespace of its own, whose name server never answers."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("another name server needs the right to mount one")
    (tmp_path / "hosts").write_text("127.0.0.1 localhost\n" + "".join(f"127.0.0.1 well{n}.test\n" for n in range(10)))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent, HttpServer() as server:
        try:
            silent.bind(("127.0.0.77", 53))
        except OSError as error:
            pytest.skip(f"no name server can be played here: {error}")
        server.route("/", Reply())
        (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.77\noptions timeout:5 attempts:2\n")
        script = textwrap.dedent(
            f"""
            mount --bind {tmp_path}/hosts /etc/hosts && mount --bind {tmp_path}/resolv.conf /etc/resolv.conf || exit 77
            exec {sys.executable} -c "$PROBING" {server.port}
            """
        )
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", script], cwd=ROOT, env=os.environ | {"PROBING": _PROBING}, stdout=subprocess.PIPE, text=True,
            check=False,
        )  # fmt: skip
    if done.returncode == 77:
        pytest.skip("mounting is not allowed here")
    found = json.loads(done.stdout)
    assert {tuple(rest[:2]) for key, *rest in found if key < 1000} == {("unreachable", "dns")}
    assert [(key, kind) for key, kind, *_rest in found if key >= 1000] and {kind for key, kind, *_ in found if key >= 1000} == {"ok"}
    assert len(found) == 130
