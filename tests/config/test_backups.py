"""A backup brings everything back, on either engine, or changes nothing."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import CommandError, call_command
from django.test import override_settings

from config.backups import archive, restoring, rows
from config.backups.sealing import CHUNK, SealBroken, SealedReader, SealedWriter
from config.state_lock import lock
from tests import prepared

ROOT = Path(__file__).resolve().parents[2]
PASSPHRASE = "correct horse battery staple"
CHEAP = (10, 8, 1)


@pytest.fixture(autouse=True)
def passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITEMEND_SECRET_BACKUP", PASSPHRASE)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder of this test's own, with a mail, evidence and keys in files."""
    folder = tmp_path / "state"
    for name, content in (("mail/2026/1.eml", b"Subject: x\n"), ("evidence/with space", bytes(range(256)) * 9)):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_bytes(content)
    os.utime(folder / "mail/2026/1.eml", (1_700_000_000, 1_700_000_000))
    (folder / "secret.key").write_text(_key() + "\n")
    with override_settings(SITEMEND_VAR_DIR=folder, SITEMEND_CREDENTIALS_KEY_FILE=folder / "secret.key"):
        yield folder


def _key() -> str:
    from django.conf import settings

    return ",".join(settings.SITEMEND_CREDENTIALS_KEYS)


def backup(path: Path) -> None:
    call_command("backup", str(path), passphrase_env="SITEMEND_SECRET_BACKUP", stdout=io.StringIO())


def restore(path: Path, **options: object) -> None:
    call_command("restore", str(path), passphrase_env="SITEMEND_SECRET_BACKUP", stdout=io.StringIO(), **options)


def sealed(data: bytes) -> bytes:
    target = io.BytesIO()
    writer = SealedWriter(target, PASSPHRASE, CHEAP)
    writer.write(data)
    writer.finish()
    return target.getvalue()


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 17])
def test_sealed_stream_comes_back(size: int) -> None:
    data = os.urandom(size)
    reader = SealedReader(io.BytesIO(sealed(data)), PASSPHRASE)
    assert reader.read(10) + reader.read() == data
    reader.finish()


def read_all(data: bytes, passphrase: str = PASSPHRASE) -> None:
    reader = SealedReader(io.BytesIO(data), passphrase)
    reader.read()
    reader.finish()


def test_sealed_stream_with_another_passphrase_is_refused() -> None:
    with pytest.raises(SealBroken, match="passphrase is wrong"):
        read_all(sealed(b"x"), "another one")


@pytest.mark.parametrize("place", [0, 20, 30, 45, 60, -1])
def test_sealed_stream_with_one_changed_byte_is_refused(place: int) -> None:
    data = bytearray(sealed(os.urandom(100)))
    data[place] ^= 1
    with pytest.raises(SealBroken):
        read_all(bytes(data))


def test_sealed_stream_cut_anywhere_extended_or_reordered_is_refused() -> None:
    data = sealed(os.urandom(2 * CHUNK + 5))
    first = len(sealed(b"")) - 21
    step = CHUNK + 21
    for wrong in (data[:-1], data[: first + step], data[: first + 2 * step], data[:30], b"", data + b"x"):
        with pytest.raises(SealBroken):
            read_all(wrong)
    with pytest.raises(SealBroken):
        read_all(data[:first] + data[first + step : first + 2 * step] + data[first : first + step] + data[first + 2 * step :])


def test_header_that_asks_for_endless_work_is_refused() -> None:
    data = bytearray(sealed(b"x"))
    data[18] = 40
    with pytest.raises(SealBroken, match="header"):
        read_all(bytes(data))


@pytest.mark.django_db(transaction=True)
def test_backup_brings_everything_back(state: Path, tmp_path: Path) -> None:
    anna = User.objects.create_user("anna", "anna@shop.example", "pass word")
    group = Group.objects.create(name="Böse 'Namen'\n")
    group.permissions.set(Permission.objects.order_by("pk")[:3])
    anna.groups.add(group)
    before = snapshot()
    backup(tmp_path / "b")
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o600
    assert b"anna" not in (tmp_path / "b").read_bytes()
    User.objects.create_user("eve")
    User.objects.filter(pk=anna.pk).update(email="changed@shop.example")
    (state / "mail/2026/1.eml").unlink()
    (state / "mail/new.eml").write_text("new")
    (state / "valkey").mkdir()
    restore(tmp_path / "b", replace=True)
    assert snapshot() == before
    restored = User.objects.get()
    assert restored.check_password("pass word")
    assert restored.date_joined == anna.date_joined
    assert set(restored.groups.get().permissions.values_list("pk")) == set(Permission.objects.order_by("pk")[:3].values_list("pk"))
    assert (state / "evidence/with space").read_bytes() == bytes(range(256)) * 9
    assert (state / "mail/2026/1.eml").stat().st_mtime == 1_700_000_000
    assert not (state / "mail/new.eml").exists()
    assert not (state / "valkey").exists()
    assert User.objects.create_user("next").pk > anna.pk  # numbers go on where they were


def snapshot() -> str:
    lines = io.StringIO()
    with rows.one_moment():
        rows.write_rows(lines)
    return lines.getvalue()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("case", ["in-use", "passphrase", "damaged", "other-version", "rows-refused", "running"])
def test_refused_restore_changes_nothing(case: str, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    User.objects.create_user("anna")
    backup(tmp_path / "b")
    User.objects.create_user("bert")
    (state / "mail/new.eml").write_text("new")
    before, files = snapshot(), sorted(state.rglob("*"))
    replace, held = True, -1
    match case:
        case "in-use":
            replace = False
        case "passphrase":
            monkeypatch.setenv("SITEMEND_SECRET_BACKUP", "not the right one")
        case "damaged":
            data = bytearray((tmp_path / "b").read_bytes())
            data[-1] ^= 1
            (tmp_path / "b").write_bytes(data)
        case "other-version":
            monkeypatch.setattr(rows, "migrations_of_code", lambda: ["auth.0001_initial"])
        case "rows-refused":
            original = archive.open_into

            def with_a_row_twice(path: Path, words: str, folder: Path) -> archive.Opened:
                opened = original(path, words, folder)
                lines = opened.rows.read_text().splitlines(keepends=True)
                opened.rows.write_text("".join(lines + lines[-1:]))
                return opened

            monkeypatch.setattr(archive, "open_into", with_a_row_twice)
        case "running":
            held = lock(state)
    with pytest.raises(CommandError) as refused:
        restore(tmp_path / "b", replace=replace)
    if held >= 0:
        os.close(held)
    assert refused.value.returncode == 2
    assert "Nothing was changed" in str(refused.value) or "left as it was" in str(refused.value)
    assert snapshot() == before
    assert [path for path in sorted(state.rglob("*")) if path.name != "up.lock"] == files


@pytest.mark.django_db(transaction=True)
def test_key_from_the_environment_that_is_another_one_is_refused(state: Path, tmp_path: Path) -> None:
    backup(tmp_path / "b")
    (state / "secret.key").unlink()
    other = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
    with override_settings(SITEMEND_CREDENTIALS_KEYS=(other,)), pytest.raises(CommandError, match="SITEMEND_CREDENTIALS_KEY is set"):
        restore(tmp_path / "b", replace=True)


@pytest.mark.django_db
def test_backup_neither_overwrites_nor_takes_a_weak_passphrase(state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "b").write_text("precious")
    with pytest.raises(CommandError, match="exists already"):
        backup(tmp_path / "b")
    assert (tmp_path / "b").read_text() == "precious"
    monkeypatch.setenv("SITEMEND_SECRET_BACKUP", "short")
    with pytest.raises(CommandError, match="too short"):
        backup(tmp_path / "c")
    with pytest.raises(CommandError, match="must begin with SITEMEND_SECRET_"):
        call_command("backup", str(tmp_path / "c"), passphrase_env="HOME")
    assert not (tmp_path / "c").exists()


def test_restore_refuses_members_that_leave_their_folder(tmp_path: Path) -> None:
    import tarfile

    for name, kind in (("../escaped", tarfile.REGTYPE), ("/escaped", tarfile.REGTYPE), ("link", tarfile.SYMTYPE)):
        target = io.BytesIO()
        writer = SealedWriter(target, PASSPHRASE, CHEAP)
        with tarfile.open(fileobj=writer, mode="w|") as tar:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            tar.addfile(info, io.BytesIO())
        writer.finish()
        (tmp_path / "b").write_bytes(target.getvalue())
        (tmp_path / "out").mkdir(exist_ok=True)
        with pytest.raises(SealBroken, match="does not belong"):
            archive.open_into(tmp_path / "b", PASSPHRASE, tmp_path / "out")
        assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.database
def test_backup_moves_between_installations_and_engines(tmp_path: Path) -> None:
    """Installations in processes of their own, as after the loss of a machine; the second one on the engine of this run."""

    def manage(folder: str, *arguments: str) -> str:
        engine = os.environ["DATABASE_URL"] if folder == "second" else ""
        environment = {**os.environ, "SITEMEND_VAR_DIR": str(tmp_path / folder), "DATABASE_URL": engine}
        ended = subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    secret = ("--passphrase-env", "SITEMEND_SECRET_BACKUP")
    prepared.installation(tmp_path / "first")
    manage("first", "shell", "-c", "from django.contrib.auth.models import User; User.objects.create_user('anna')")
    manage("first", "backup", str(tmp_path / "a"), *secret)
    manage("second", "restore", str(tmp_path / "a"), *secret, "--replace")
    manage("second", "backup", str(tmp_path / "b"), *secret)
    manage("third", "restore", str(tmp_path / "b"), *secret)
    assert manage("third", "shell", "-v0", "-c", "from django.contrib.auth.models import User; print(User.objects.get())").strip() == "anna"
    for key in ("secret.key", "django.key"):
        kept = {(tmp_path / folder / key).read_text().strip() for folder in ("first", "second", "third")}
        assert len(kept) == 1
        assert stat.S_IMODE((tmp_path / "third" / key).stat().st_mode) == 0o600


def test_kept_models_leave_out_sessions_only() -> None:
    labels = {model._meta.label_lower for model in rows.kept_models()}
    assert {"auth.user", "sites.site", "contenttypes.contenttype"} <= labels
    assert "sessions.session" not in labels
    assert restoring.archive.FOLDERS
