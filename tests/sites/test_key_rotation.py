"""Rotation of the key that seals: everything stored, beside writers, in halves, and what no key opens."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from cryptography.fernet import Fernet, MultiFernet
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from config.env import KeptKeys
from config.settings import _checked_keys
from diagnostics.models import JournalEntry, RepairCase, Step
from sites import credentials, key_rotation
from sites.models import Host, Site, SiteImport
from tests.factories import make_host, make_site

pytestmark = pytest.mark.django_db


@pytest.fixture
def key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "secret.key"
    path.write_text(Fernet.generate_key().decode() + "\n")
    path.chmod(0o600)
    monkeypatch.setattr(settings, "SITEMEND_CREDENTIALS_KEYS", KeptKeys(path, partial(_checked_keys, "X")))
    return path


@pytest.fixture
def sealed(key_file: Path) -> dict[str, object]:
    """One of each kind of thing that is stored sealed."""
    host = make_host(password="pass wörd", private_key="key", passphrase="phrase")
    site = make_site(host.team, host=host)
    credentials.set_site_secrets(site, basic_password="basic", headers=[("X-Secret", "h")])
    site.save()
    now, content = timezone.now(), os.urandom(200_000)
    case = RepairCase.objects.create(site=site, opened_at=now)
    step = Step.objects.create(case=case, guide_step="htaccess", action="x", title="x", created_at=now)
    kept = {"change": "write", "path": "/f", "shown": "f", "before_content": credentials.seal_bytes(content)}
    entry = JournalEntry.objects.create(step=step, position=1, recorded_at=now, **kept)
    made = SiteImport.objects.create(team=host.team, source="csv", sealed_rows=credentials.seal_bytes(b"rows"))
    return {"host": host.pk, "site": site.pk, "entry": entry.pk, "made": made.pk, "content": content}


COUNT = 7  # password, key, passphrase, basic password, headers, journal, preview


def everything_opens(sealed: dict[str, object]) -> bool:
    host, site = Host.objects.get(pk=sealed["host"]), Site.objects.get(pk=sealed["site"])
    entry, made = JournalEntry.objects.get(pk=sealed["entry"]), SiteImport.objects.get(pk=sealed["made"])
    return (
        credentials.host_secrets(host) == ("pass wörd", "key", "phrase")
        and credentials.basic_password(site) == "basic"
        and credentials.request_headers(site) == (("X-Secret", "h"),)
        and credentials.unseal_bytes(entry.before_content) == sealed["content"]
        and credentials.unseal_bytes(made.sealed_rows) == b"rows"
    )


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict]:
    code = 0
    try:
        call_command("rotate_keys", *arguments, "--json")
    except SystemExit as end:
        code = int(end.code or 0)
    return code, json.loads(capsys.readouterr().out)


def test_new_key_seals_all_and_the_old_one_can_be_forgotten(
    sealed: dict[str, object], key_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = key_file.read_text().strip()
    code, said = run(capsys, "--new-key")
    assert (code, said["resealed"], said["already"], said["unreadable_count"]) == (0, COUNT, 0, 0)
    keys = key_file.read_text().strip().split(",")
    assert (len(keys), keys[1], oct(key_file.stat().st_mode & 0o777)) == (2, old, "0o600")
    assert everything_opens(sealed)
    assert run(capsys)[1] | {"unreadable": []} == said | {"resealed": 0, "already": COUNT, "new_key": False}
    assert run(capsys, "--forget-old")[1]["error"]["code"] == "too-soon"
    waited(key_file)
    code, said = run(capsys, "--forget-old")
    assert (code, said["forgotten"], key_file.read_text().strip()) == (0, 1, keys[0])
    assert everything_opens(sealed)
    with pytest.raises(Exception):  # noqa: B017 - whatever it is called: the old key opens nothing any more
        Fernet(old).decrypt(Host.objects.get(pk=sealed["host"]).sealed_password)


def waited(key_file: Path) -> None:
    before = time.time() - key_rotation.SETTLE_S - 1
    os.utime(key_file, (before, before))


def test_what_no_key_opens_is_named_and_left_and_keeps_the_old_keys(
    sealed: dict[str, object], key_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    foreign = Fernet(Fernet.generate_key()).encrypt(b"foreign").decode()
    Host.objects.filter(pk=sealed["host"]).update(sealed_passphrase=foreign)
    code, said = run(capsys, "--new-key")
    assert (code, said["resealed"], said["unreadable_count"]) == (1, COUNT - 1, 1)
    assert said["unreadable"] == [{"table": "sites_host", "column": "sealed_passphrase", "row": sealed["host"]}]
    assert Host.objects.get(pk=sealed["host"]).sealed_passphrase == foreign
    waited(key_file)
    assert run(capsys, "--forget-old")[1]["error"]["code"] == "still-needed"
    assert len(key_file.read_text().split(",")) == 2


def test_pass_that_was_cut_off_goes_on(sealed: dict[str, object], key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key_rotation.add_new_key()
    real, left = credentials.resealed, iter(range(3))

    def cut(value: object) -> object:
        next(left)
        return real(value)  # type: ignore[arg-type]

    monkeypatch.setattr(credentials, "resealed", cut)
    monkeypatch.setattr(key_rotation, "BATCH", 1)
    with pytest.raises(StopIteration):
        key_rotation.reseal_all()
    monkeypatch.undo()
    monkeypatch.setattr(settings, "SITEMEND_CREDENTIALS_KEYS", KeptKeys(key_file, partial(_checked_keys, "X")))
    again = key_rotation.reseal_all()
    assert again.resealed + again.already == COUNT
    assert again.already >= 1
    assert everything_opens(sealed)


def test_secret_that_changes_meanwhile_is_not_overwritten(sealed: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    key_rotation.add_new_key()
    real, changed = credentials.resealed, []

    def meanwhile(value: object) -> object:
        renewed = real(value)  # type: ignore[arg-type]
        if not changed and renewed is not None:
            changed.append(True)
            Host.objects.filter(pk=sealed["host"]).update(sealed_password=credentials.seal("typed meanwhile"))
        return renewed

    monkeypatch.setattr(credentials, "resealed", meanwhile)
    key_rotation.reseal_all()
    assert credentials.host_secrets(Host.objects.get(pk=sealed["host"]))[0] == "typed meanwhile"


def test_process_that_runs_sees_the_new_key_and_seals_with_it(key_file: Path) -> None:
    sealed_before = credentials.seal("before")
    new = Fernet.generate_key().decode()
    key_rotation._write(key_file, (new, key_file.read_text().strip()))
    assert credentials.unseal(sealed_before) == "before"
    assert Fernet(new).decrypt(credentials.seal("after").encode()) == b"after"
    key_file.unlink()
    assert credentials.unseal(sealed_before) == "before"  # a file that goes away meanwhile stops nothing


def test_keys_from_the_environment_are_not_written(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    host = make_host()
    host.sealed_password = Fernet(old).encrypt(b"secret").decode()
    host.save()
    monkeypatch.setattr(settings, "SITEMEND_CREDENTIALS_KEYS", (new, old))
    assert run(capsys, "--new-key")[1]["error"]["code"] == "keys-from-environment"
    assert run(capsys)[1]["resealed"] == 1
    assert Fernet(new).decrypt(Host.objects.get(pk=host.pk).sealed_password) == b"secret"


@pytest.fixture
def columns() -> Iterator[set[str]]:
    yield {f"{model._meta.label}.{name}" for model, name in key_rotation.sealed_columns()}


def test_every_column_that_is_named_sealed_is_looked_at(columns: set[str]) -> None:
    named = {
        f"{model._meta.label}.{column.name}"
        for model in apps.get_models()
        for column in model._meta.local_concrete_fields
        if column.name.startswith("sealed")
    }
    assert named | {"diagnostics.JournalEntry.before_content", "diagnostics.JournalEntry.after_content"} <= columns


def test_columns_that_are_binary_but_not_sealed_are_left(key_file: Path) -> None:
    made = SiteImport.objects.create(team=make_site().team, source="csv", sealed_rows=b"plain old rows")
    assert key_rotation.reseal_all().unreadable_count == 0
    assert bytes(SiteImport.objects.get(pk=made.pk).sealed_rows) == b"plain old rows"
    assert MultiFernet([Fernet(key) for key in settings.SITEMEND_CREDENTIALS_KEYS])


def test_two_that_make_a_key_at_the_same_time_lose_none(key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = key_rotation.credentials.new_key

    def slowly() -> str:
        time.sleep(0.3)
        return made()

    monkeypatch.setattr(key_rotation.credentials, "new_key", slowly)
    both = [threading.Thread(target=key_rotation.add_new_key) for _one in range(2)]
    for each in both:
        each.start()
        time.sleep(0.1)
    for each in both:
        each.join()
    assert len(key_file.read_text().split(",")) == 3


def test_keys_are_those_of_one_moment(key_file: Path) -> None:
    old = key_file.read_text().strip()
    keys = iter(settings.SITEMEND_CREDENTIALS_KEYS)
    assert next(keys) == old
    key_rotation.add_new_key()
    assert list(keys) == []
    assert list(settings.SITEMEND_CREDENTIALS_KEYS)[1:] == [old]
