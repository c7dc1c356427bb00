"""Installations and hosting accounts for the tests of the whole road."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import prepared
from tests.lab.apache import why_missing
from tests.lab.faults import FAULTS
from tests.lab.hosting import Hosting, Shell, hosting


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """An installation of its own, where nothing is registered yet."""
    prepared.installation(tmp_path / "state")
    return Shell(tmp_path / "state")


@pytest.fixture(scope="module", params=["ssh", "sftp"])
def account(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Hosting]]:
    """The protocol, and a running account that speaks it."""
    if why_missing():
        pytest.skip(why_missing())
    with hosting(tmp_path_factory.mktemp(request.param), sftp_only=request.param == "sftp") as made:
        yield request.param, made


@pytest.fixture
def well(account: tuple[str, Hosting]) -> Hosting:
    """The account with its files as they are when all is well."""
    account[1].fill()
    return account[1]


@pytest.fixture
def register(shell: Shell, account: tuple[str, Hosting], tmp_path: Path) -> Callable[..., dict]:
    """Registers the account's site by the command, with its key and its pinned host key."""
    protocol, made = account

    def one(name: str = "bakery", pages: tuple[str, ...] = ("/about.html",), *more: str) -> dict:
        key = tmp_path / "key"
        key.write_text(made.ssh.private_key_text)
        key.chmod(0o600)
        address = f"{protocol}://{made.ssh.user}@{made.ssh.address}:{made.ssh.port}"
        wanted = [part for page in pages for part in ("--page", page)]
        done = shell.run(
            "add_site", name, made.web.url + "/", *wanted, "--connect", address, "--key", str(key),
            "--host-key", made.ssh.fingerprint(), *more, "--json",
        )  # fmt: skip
        assert done.status == 0, (done.out, done.err)
        return done.json

    return one


SAMPLE = {"ssh": 4, "sftp": 1}  # so many faults in CI; all of them in `make test-full`


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A sample of the faults, another one every day (TEST_SEED repeats one); the rest carries the mark `full`."""
    seed = os.environ.get("TEST_SEED") or time.strftime("%Y-%m-%d", time.gmtime())
    for protocol, count in SAMPLE.items():
        chosen = {fault.name for fault in random.Random(f"{seed} {protocol}").sample(FAULTS, count)}
        for item in items:
            values = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
            if values.get("account") == protocol and "fault" in values and values["fault"].name not in chosen:
                item.add_marker(pytest.mark.full)
