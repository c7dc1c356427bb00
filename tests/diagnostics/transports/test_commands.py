"""Commands that are run on a host: over a real OpenSSH, with what they are told on their standard input alone."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import contextmanager

import pytest

from diagnostics.transports import open_reader, open_writer
from diagnostics.transports.base import ConnectionTimedOut, Unsupported
from diagnostics.transports.commands import Command, Ending, Ran, modules_of_perl, modules_of_python, pour, pull, run
from tests.diagnostics.transports.conftest import GUARD, details_for
from tests.fakes import FakeHost
from tests.servers import SshServer


def ran(server: SshServer, command: Command, given: bytes = b"") -> Ran:
    with open_reader(details_for(server), guard=GUARD) as reader:
        return run(reader, command, given)


def test_command_is_given_its_input_and_answers(ssh_server: SshServer) -> None:
    assert ran(ssh_server, Command(("cat",)), b"secret \xff\n") == Ran(0, b"secret \xff\n")


def test_command_without_input_does_not_wait_for_any(ssh_server: SshServer) -> None:
    assert ran(ssh_server, Command(("cat",))) == Ran(0, b"")


def test_words_are_quoted(ssh_server: SshServer) -> None:
    assert ran(ssh_server, Command(("printf", "%s|", "$(id)", "a b", "'; ls"))).output == b"$(id)|a b|'; ls|"


def test_failure_of_a_command_is_its_status_and_its_errors_come_where_wanted(ssh_server: SshServer) -> None:
    words = ("sh", "-c", "echo told; echo wrong >&2; exit 3")
    assert ran(ssh_server, Command(words)) == Ran(3, b"told\n")
    assert ran(ssh_server, Command(words, with_errors=True)) == Ran(3, b"told\nwrong\n")


def test_command_that_is_not_there_answers_127(ssh_server: SshServer) -> None:
    assert ran(ssh_server, Command(("no-such-program-here",))).status == 127


def test_command_that_ends_before_it_has_read_its_input_answers(ssh_server: SshServer) -> None:
    assert ran(ssh_server, Command(("sh", "-c", "echo enough; exit 3")), b"x" * 8_000_000) == Ran(3, b"enough\n")


def test_output_of_any_length_comes_block_by_block(ssh_server: SshServer) -> None:
    ending = Ending()
    with open_reader(details_for(ssh_server), guard=GUARD) as reader:
        words = ("sh", "-c", "cat; head -c 9000000 /dev/zero; echo told >&2; exit 3")
        blocks = list(pull(reader, Command(words, seconds=30.0), b"given", ending))
    assert b"".join(blocks) == b"given" + bytes(9_000_000) and len(blocks) > 10
    assert (ending.status, ending.errors) == (3, b"told\n")


def test_input_of_any_length_is_poured_and_what_ends_early_says_so(ssh_server: SshServer) -> None:
    with open_writer(details_for(ssh_server), guard=GUARD) as writer:
        blocks = (b"x" * 65_536 for _block in range(100))
        assert pour(writer, Command(("wc", "-c"), seconds=30.0), blocks, "a thing").output.strip() == b"6553600"
        endless = (b"x" * 65_536 for _block in range(1000))
        assert pour(writer, Command(("sh", "-c", "echo enough; exit 4"), seconds=30.0), endless, "a thing") == Ran(4, b"enough\n")


def test_connection_that_only_reads_takes_nothing(ssh_server: SshServer) -> None:
    with open_reader(details_for(ssh_server), guard=GUARD) as reader, pytest.raises(Unsupported):
        pour(reader, Command(("cat",)), iter([b"x"]), "a thing")


def test_answer_without_an_end_is_cut(ssh_server: SshServer) -> None:
    found = ran(ssh_server, Command(("yes",), limit=1000))
    assert (found.is_cut, found.status, len(found.output)) == (True, None, 1000)


def test_command_that_hangs_is_given_up(ssh_server: SshServer) -> None:
    started = time.monotonic()
    with pytest.raises(ConnectionTimedOut):
        ran(ssh_server, Command(("sleep", "30"), seconds=1.0))
    assert time.monotonic() - started < 5


def test_what_is_told_about_a_command_holds_its_words_and_not_its_input(ssh_server: SshServer) -> None:
    told: list[Sequence[str]] = []

    @contextmanager
    def noted(words: Sequence[str]):  # type: ignore[no-untyped-def]
        told.append(words)
        yield

    with open_reader(details_for(ssh_server), guard=GUARD) as reader:
        reader.on_command = noted  # type: ignore[attr-defined]
        assert run(reader, Command(("wc", "-c")), b"hunter2").output.strip() == b"7"
    assert [tuple(words) for words in told if words[0] == "wc"] == [("wc", "-c")]
    assert "hunter2" not in repr(told)


def test_connection_without_a_shell_runs_nothing(sftp_server: SshServer) -> None:
    with open_reader(details_for(sftp_server), guard=GUARD) as reader, pytest.raises(Unsupported):
        run(reader, Command(("cat",)), b"x")
    with pytest.raises(Unsupported):
        run(FakeHost(), Command(("cat",)))


def test_perl_and_python_of_the_host_tell_which_modules_they_have(ssh_server: SshServer) -> None:
    perl = ran(ssh_server, modules_of_perl(["POSIX", "No::Such::Module", "File::Basename"]))
    assert (perl.status, perl.output) == (0, b"+ POSIX\n- No::Such::Module\n+ File::Basename\n")
    python = ran(ssh_server, modules_of_python(["os", "sys", "urllib2", "no_such", "email", "__main__"]))
    assert (python.status, python.output) == (0, b"+ os\n+ sys\n- urllib2\n- no_such\n+ email\n+ __main__\n")
