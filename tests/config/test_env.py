"""What a setting may be, and what is said about one that makes no sense."""

from __future__ import annotations

import ipaddress
import multiprocessing
import os
import stat
from pathlib import Path

import certifi
import pytest

from config.env import Env, SettingRefused, kept_secret, make_state_folder, read_dotenv


def refusal(method: str, value: str, *args: object, **kwargs: object) -> str:
    with pytest.raises(SettingRefused) as caught:
        getattr(Env({"NAME": value}), method)("NAME", *args, **kwargs)
    assert caught.value.code == 2
    assert "\n" not in caught.value.message
    return caught.value.message


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1", True),
        ("true", True),
        ("YES", True),
        ("on", True),
        ("0", False),
        ("False", False),
        ("no", False),
        ("off", False),
        ("", False),
        (" ", False),
    ],
)
def test_flag_understands_yes_and_no(value: str, expected: bool) -> None:
    assert Env({"NAME": value}).flag("NAME") is expected


def test_flag_refuses_anything_else() -> None:
    assert refusal("flag", "maybe") == "NAME: 'maybe' is neither yes nor no (use 1 or 0)"


@pytest.mark.parametrize(
    ("value", "words"), [("four", "not a whole number"), ("0", "outside of 1 to 9"), ("10", "outside"), ("1.5", "whole")]
)
def test_integer_refuses_words_and_numbers_out_of_range(value: str, words: str) -> None:
    assert words in refusal("integer", value, 4, least=1, most=9)


def test_integer_takes_its_default_when_unset() -> None:
    assert Env({}).integer("NAME", 4, least=1, most=9) == 4
    assert Env({"NAME": " 7 "}).integer("NAME", 4, least=1, most=9) == 7


def test_networks_are_parsed() -> None:
    found = Env({"NAME": "10.0.0.0/8, fd00::/8 ,192.0.2.7,"}).networks("NAME")
    assert found == tuple(ipaddress.ip_network(text) for text in ("10.0.0.0/8", "fd00::/8", "192.0.2.7/32"))


@pytest.mark.parametrize("value", ["10.0.0.1/8", "10.0.0.0/33", "example.org", "10.0.0.0/8;10.1.0.0/16"])
def test_networks_refuse_what_is_none(value: str) -> None:
    assert value in refusal("networks", value)


def test_folders_are_resolved(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert Env({"NAME": f"{tmp_path}/link"}).folders("NAME") == ((tmp_path / "real").resolve(),)


def test_authorities_are_a_file_that_can_be_read(tmp_path: Path) -> None:
    assert Env({"NAME": certifi.where()}).authorities("NAME") == certifi.where()
    (tmp_path / "none.pem").write_text("no certificate")
    assert "certificates" in refusal("authorities", str(tmp_path / "none.pem"))
    assert "certificates" in refusal("authorities", "/no/such.pem")


@pytest.mark.parametrize(("value", "words"), [("var/www", "must begin with /"), ("/there/is/none", "no such folder"), ("/", "too much")])
def test_folders_refuse_relative_missing_and_root(value: str, words: str) -> None:
    assert words in refusal("folders", value)


@pytest.mark.parametrize("value", ["https://watch.example", "http://127.0.0.1:8000/", "http://[::1]:8000"])
def test_base_url_accepts_scheme_host_and_port(value: str) -> None:
    assert Env({"NAME": value}).base_url("NAME", "") == value.rstrip("/")


@pytest.mark.parametrize(
    "value", ["watch.example", "ftp://watch.example", "https://", "https://a.example/path", "https://u@a.example", "http://a:99999"]
)
def test_base_url_refuses_the_rest(value: str) -> None:
    assert refusal("base_url", value, "").startswith("NAME: ")


@pytest.mark.parametrize("value", ["Mars/Olympus", "../../etc/passwd", "Europe", "Europe/", "", "/etc/localtime"])
def test_time_zone_refuses_what_is_none(value: str) -> None:
    if not value:
        assert Env({}).time_zone("NAME", "UTC") == "UTC"
        return
    assert "no time zone" in refusal("time_zone", value, "UTC")


@pytest.mark.parametrize("value", ["redis://127.0.0.1:6379/1", "rediss://:secret@cache.example:6380/0", "unix:///run/valkey.sock"])
def test_redis_url_accepts(value: str) -> None:
    assert Env({"NAME": value}).redis_url("NAME") == value


@pytest.mark.parametrize("value", ["localhost:6379", "http://127.0.0.1", "redis://?x", "unix://relative.sock", "redis://h:port"])
def test_redis_url_refuses_without_repeating_it(value: str) -> None:
    assert value not in refusal("redis_url", value)


@pytest.mark.parametrize(
    ("value", "host", "port", "tls", "ssl", "user", "password"),
    [
        ("smtp://mail.example", "mail.example", 25, False, False, "", ""),
        ("smtp+starttls://me%40a.example:p%2Fw@mail.example", "mail.example", 587, True, False, "me@a.example", "p/w"),
        ("smtps://me:pw@mail.example:4465", "mail.example", 4465, False, True, "me", "pw"),
    ],
)
def test_email_url_becomes_settings(value: str, host: str, port: int, tls: bool, ssl: bool, user: str, password: str) -> None:
    found = Env({"NAME": value}).email("NAME")
    assert (found["EMAIL_HOST"], found["EMAIL_PORT"], found["EMAIL_USE_TLS"], found["EMAIL_USE_SSL"]) == (host, port, tls, ssl)
    assert (found["EMAIL_HOST_USER"], found["EMAIL_HOST_PASSWORD"]) == (user, password)


@pytest.mark.parametrize("value", ["mail.example", "http://mail.example", "smtp://?x", "smtp://me:pa/ss@mail.example", "smtp://m:x"])
def test_email_url_refuses_without_repeating_the_password(value: str) -> None:
    message = refusal("email", value)
    assert value not in message
    assert "pa/ss" not in message


def test_secret_comes_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from the file\n")
    assert Env({"NAME_FILE": str(tmp_path / "secret")}).secret("NAME") == "from the file"
    assert Env({}).secret("NAME") == ""


def test_secret_given_twice_missing_or_empty_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    for values, words in (
        ({"NAME": "a", "NAME_FILE": "/b"}, "set twice"),
        ({"NAME_FILE": "/there/is/none"}, "cannot be read"),
        ({"NAME_FILE": str(tmp_path / "empty")}, "is empty"),
    ):
        with pytest.raises(SettingRefused) as caught:
            Env(values).secret("NAME")
        assert words in caught.value.message


def test_dotenv_is_read_and_the_environment_wins(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# a comment\n\nexport A=1\nB='two words'\nC=\"#3\" \nD=4 # four\nE=a=b\nF=\n")
    assert read_dotenv(tmp_path / ".env") == {"A": "1", "B": "two words", "C": "#3", "D": "4", "E": "a=b", "F": ""}
    env = Env.of(tmp_path, {"A": "from outside"})
    assert (env.text("A"), env.text("B"), env.text("F", "default")) == ("from outside", "two words", "default")


def test_dotenv_names_the_line_that_is_wrong(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1\nnonsense\n")
    with pytest.raises(SettingRefused) as caught:
        read_dotenv(tmp_path / ".env")
    assert caught.value.message == ".env: line 2 is not of the form NAME=value"


def test_missing_dotenv_is_no_error(tmp_path: Path) -> None:
    assert read_dotenv(tmp_path / ".env") == {}


def test_secret_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    made = kept_secret("NAME", path)
    assert len(made) >= 50
    assert kept_secret("NAME", path) == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["secret.key"]


def _make(path: Path, barrier: object, answers: object) -> None:
    barrier.wait()  # type: ignore[attr-defined]
    answers.put(kept_secret("NAME", path))  # type: ignore[attr-defined]


def test_processes_that_start_at_once_agree_on_a_secret(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    barrier, answers = context.Barrier(6), context.Queue()
    processes = [context.Process(target=_make, args=(tmp_path / "key", barrier, answers)) for _ in range(6)]
    for process in processes:
        process.start()
    found = {answers.get(timeout=20) for _ in processes}
    for process in processes:
        process.join()
    assert len(found) == 1


def test_empty_secret_file_is_refused_and_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("")
    with pytest.raises(SettingRefused) as caught:
        kept_secret("NAME", tmp_path / "key")
    assert "is empty" in caught.value.message
    assert (tmp_path / "key").read_text() == ""


def test_state_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingRefused) as caught:
        make_state_folder("SITEMEND_VAR_DIR", tmp_path / "file" / "below")
    assert caught.value.message.startswith("SITEMEND_VAR_DIR: ")


def test_mirror_has_a_default_and_can_be_switched_off() -> None:
    usual = "https://downloads.example"
    assert Env({}).mirror("NAME", usual) == usual
    assert Env({"NAME": ""}).mirror("NAME", usual) == ""
    assert Env({"NAME": "http://10.0.0.7:8080/wordpress/"}).mirror("NAME", usual) == "http://10.0.0.7:8080/wordpress"


@pytest.mark.parametrize(
    "value", ["mirror.example", "ftp://mirror.example/", "https://me:secret@mirror.example/", "https://m.example/?a=1"]
)
def test_mirror_refuses_what_is_no_address(value: str) -> None:
    with pytest.raises(SettingRefused):
        Env({"NAME": value}).mirror("NAME", "")


@pytest.mark.parametrize("value", ["https://hc-ping.example/0a1b?x=1", "http://monitor.example:8080/"])
def test_http_url_accepts_an_address_with_a_path(value: str) -> None:
    assert Env({"NAME": value}).http_url("NAME") == value
    assert Env({}).http_url("NAME") == ""


@pytest.mark.parametrize(
    "value",
    [
        "hc-ping.example/abc",
        "ftp://a.example/",
        "https:///x",
        "https://user:secret@a.example/",
        "https://a.example/#x",
        "https://é.example",
    ],
)
def test_http_url_refuses_the_rest_without_repeating_it(value: str) -> None:
    assert value not in refusal("http_url", value)
