from __future__ import annotations

import os
import socket
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import paramiko
import pytest

from diagnostics.practice.sftp import PracticeSftpServer
from diagnostics.practice.site import PracticeSite
from tests.config.running import wait_for

from .conftest import Seen, connect


def _put(sftp: paramiko.SFTPClient, path: str, content: bytes, mode: str = "wb") -> None:
    with sftp.open(path, mode) as file:
        file.write(content)


def _get(sftp: paramiko.SFTPClient, path: str) -> bytes:
    with sftp.open(path, "rb") as file:
        return file.read()


def test_listing_shows_names_modes_and_owner(sftp: paramiko.SFTPClient) -> None:
    seen = {entry.filename: stat.S_IMODE(entry.st_mode or 0) for entry in sftp.listdir_attr("/www")}
    assert seen == {
        ".htaccess": 0o604,
        "about.php": 0o604,
        "css": 0o705,
        "inc": 0o705,
        "index.php": 0o604,
        "not-found.html": 0o604,
        "products.php": 0o604,
    }
    assert (sftp.stat("/www").st_uid, sftp.lstat("/").st_gid) == (os.getuid(), os.getgid())
    assert stat.S_IMODE(sftp.stat("/").st_mode or 0) == 0o705


def test_written_bytes_come_back(sftp: paramiko.SFTPClient, site: PracticeSite) -> None:
    content = os.urandom(300_000)
    _put(sftp, "/www/big.bin", content)
    assert _get(sftp, "/www/big.bin") == content
    assert stat.S_IMODE((site.home / "www/big.bin").stat().st_mode) == 0o604
    _put(sftp, "/www/big.bin", b"end", "ab")
    assert _get(sftp, "/www/big.bin") == content + b"end"


def test_exclusive_create_refuses_an_existing_name(sftp: paramiko.SFTPClient) -> None:
    _put(sftp, "/www/new.txt", b"1", "wx")
    with pytest.raises(OSError):
        _put(sftp, "/www/new.txt", b"2", "wx")
    assert _get(sftp, "/www/new.txt") == b"1"


def test_rename_never_overwrites_and_posix_rename_does(sftp: paramiko.SFTPClient) -> None:
    _put(sftp, "/www/a", b"a")
    _put(sftp, "/www/b", b"b")
    with pytest.raises(OSError):
        sftp.rename("/www/a", "/www/b")
    assert (_get(sftp, "/www/a"), _get(sftp, "/www/b")) == (b"a", b"b")
    sftp.posix_rename("/www/a", "/www/b")
    assert _get(sftp, "/www/b") == b"a"
    sftp.rename("/www/b", "/www/c")
    assert "b" not in sftp.listdir("/www")


def test_modes_and_times_are_set(sftp: paramiko.SFTPClient, site: PracticeSite) -> None:
    sftp.chmod("/www/index.php", 0o640)
    sftp.truncate("/www/index.php", 5)
    sftp.utime("/www/index.php", (1_000_000_000, 1_100_000_000))
    now = (site.home / "www/index.php").stat()
    assert (stat.S_IMODE(now.st_mode), now.st_mtime, now.st_size) == (0o640, 1_100_000_000, 5)
    with sftp.open("/www/index.php", "r+") as file:
        file.chmod(0o604)
    assert stat.S_IMODE((site.home / "www/index.php").stat().st_mode) == 0o604


def test_folders_are_made_and_removed(sftp: paramiko.SFTPClient) -> None:
    sftp.mkdir("/www/new", 0o705)
    assert stat.S_IMODE(sftp.stat("/www/new").st_mode or 0) == 0o705
    sftp.rmdir("/www/new")
    with pytest.raises(FileNotFoundError):
        sftp.stat("/www/new")


def test_file_is_removed(sftp: paramiko.SFTPClient, site: PracticeSite) -> None:
    sftp.remove("/www/about.php")
    assert not (site.home / "www/about.php").exists()


def test_paths_stay_inside_the_home(sftp: paramiko.SFTPClient) -> None:
    assert sftp.listdir("/../../..") == sftp.listdir("/")
    assert sftp.normalize("/www/../../..") == "/"
    assert sftp.normalize("www/.") == "/www"
    assert sftp.normalize(".") == "/"
    with pytest.raises(FileNotFoundError):
        sftp.open("/../practice.json")


def test_links_are_shown_and_never_lead_out(sftp: paramiko.SFTPClient, site: PracticeSite, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    (site.home / "www/out").symlink_to(outside)
    (site.home / "www/file").symlink_to(outside / "kept")
    assert stat.S_ISLNK(sftp.lstat("/www/out").st_mode or 0)
    attempts: list[Callable[[], object]] = [
        lambda: sftp.listdir("/www/out"),
        lambda: sftp.stat("/www/file"),
        lambda: _get(sftp, "/www/file"),
        lambda: _put(sftp, "/www/file", b"x"),
        lambda: _put(sftp, "/www/out/new", b"x"),
        lambda: sftp.chmod("/www/file", 0o777),
        lambda: sftp.remove("/www/out/kept"),
        lambda: sftp.rename("/www/index.php", "/www/out/index.php"),
        lambda: sftp.posix_rename("/www/out/kept", "/www/kept"),
        lambda: sftp.mkdir("/www/out/new"),
        lambda: sftp.symlink("/etc", "/www/etc"),
    ]
    for attempt in attempts:
        with pytest.raises(OSError):
            attempt()
    assert [(path.name, path.read_text()) for path in outside.iterdir()] == [("kept", "kept")]


def test_link_inside_the_home_is_followed(sftp: paramiko.SFTPClient, site: PracticeSite) -> None:
    (site.home / "www/home.php").symlink_to("index.php")
    assert _get(sftp, "/www/home.php") == _get(sftp, "/www/index.php")
    assert (sftp.normalize("/www/home.php"), sftp.readlink("/www/home.php")) == ("/www/index.php", "index.php")


def test_name_that_is_not_utf8_does_not_break_the_listing(sftp: paramiko.SFTPClient, site: PracticeSite) -> None:
    Path(os.fsdecode(os.fsencode(site.home) + b"/www/caf\xe9.txt")).write_text("x")
    assert "index.php" in sftp.listdir("/www")


@pytest.mark.parametrize(("user", "password"), [(None, "wrong"), ("root", None), (None, "")])
def test_wrong_login_is_refused(site: PracticeSite, user: str | None, password: str | None) -> None:
    with pytest.raises(paramiko.SSHException):
        connect(site, password, user).close()


def test_there_is_no_shell(ssh: paramiko.SSHClient) -> None:
    with pytest.raises(paramiko.SSHException):
        ssh.exec_command("id", timeout=5)
    with pytest.raises(paramiko.SSHException):
        ssh.invoke_shell()


def test_host_key_is_the_one_of_the_site(ssh: paramiko.SSHClient, site: PracticeSite) -> None:
    transport = ssh.get_transport()
    assert transport is not None
    key = transport.get_remote_server_key()
    assert f"{key.get_name()} {key.get_base64()}" == site.host_key


def test_misspelled_directive_is_corrected_over_sftp(sftp: paramiko.SFTPClient, site: PracticeSite, fetch: Callable[..., Seen]) -> None:
    site.break_it("misspelled-directive")
    assert fetch("/").status == 500
    corrected = _get(sftp, "/www/.htaccess").replace(b"RewritEngine", b"RewriteEngine")
    _put(sftp, "/www/.htaccess.new", corrected)
    sftp.posix_rename("/www/.htaccess.new", "/www/.htaccess")
    assert [fetch(path).status for path in ("/", "/about")] == [200, 200]


def test_htaccess_renamed_over_sftp_answers_200(sftp: paramiko.SFTPClient, site: PracticeSite, fetch: Callable[..., Seen]) -> None:
    site.break_it("unclosed-section")
    sftp.rename("/www/.htaccess", "/www/.htaccess.old")
    assert fetch("/").status == 200
    sftp.rename("/www/.htaccess.old", "/www/.htaccess")
    assert fetch("/").status == 500


def test_permissions_are_set_right_over_sftp(sftp: paramiko.SFTPClient, site: PracticeSite, fetch: Callable[..., Seen]) -> None:
    site.break_it("wrong-permissions")
    assert fetch("/").status == 500
    sftp.chmod("/www", 0o705)
    assert fetch("/").status == 500
    sftp.chmod("/www/index.php", 0o604)
    assert fetch("/").status == 200


@pytest.mark.parametrize("address", ["0.0.0.0", "", "::1"])  # noqa: S104 the refusal of it is what is tested
def test_other_addresses_are_refused(site: PracticeSite, address: str) -> None:
    with pytest.raises(ValueError, match=r"127\.0\.0\.1 only"):
        PracticeSftpServer(site.home, 0, user="u", password="p", private_host_key=site.private_host_key, address=address)


def test_server_says_that_it_can_replace_in_one_act(ssh: paramiko.SSHClient) -> None:
    transport = ssh.get_transport()
    assert transport is not None
    channel = transport.open_session(timeout=5)
    channel.settimeout(5)
    channel.invoke_subsystem("sftp")
    channel.sendall(b"\x00\x00\x00\x05\x01\x00\x00\x00\x03")  # SSH_FXP_INIT, version 3
    answer = b""
    while len(answer) < 4 or len(answer) < 4 + int.from_bytes(answer[:4], "big"):
        answer += channel.recv(1000)
    assert answer[4:9] == b"\x02\x00\x00\x00\x03"
    assert answer.endswith(b"\x00\x00\x00\x18posix-rename@openssh.com\x00\x00\x00\x011")


def test_visitor_who_says_nothing_is_no_traceback_in_the_terminal(site: PracticeSite, caplog: pytest.LogCaptureFixture) -> None:
    threads = set(threading.enumerate())
    socket.create_connection(("127.0.0.1", site.sftp_port), timeout=5).close()
    wait_for(lambda: not any(thread.is_alive() for thread in set(threading.enumerate()) - threads), 10)
    assert not caplog.records
