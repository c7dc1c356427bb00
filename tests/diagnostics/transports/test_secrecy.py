"""Hosts that repeat what they were told: the secrets of a connection are neither shown nor stored."""

from __future__ import annotations

import socket
from base64 import b64encode
from ipaddress import ip_network

import paramiko
import pytest

from diagnostics.connections import connecting
from diagnostics.transports import open_reader
from diagnostics.transports.base import ConnectionDetails, TransportError
from diagnostics.transports.secrecy import Secrets
from sites.models import Host
from tests.diagnostics.transports.conftest import GUARD
from tests.diagnostics.transports.test_logins import Asking, asking
from tests.factories import make_host
from tests.servers import listening

SECRET = "s3cr3t pass/wörd"
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAAB3NzaC1lZDI1NTE5AAAAIHUSH\n-----END OPENSSH PRIVATE KEY-----\n"


def of(**secrets: str) -> Secrets:
    return Secrets(ConnectionDetails("ftp", "h", 21, "me", **secrets))


@pytest.mark.parametrize(
    "said",
    [
        f"you said {SECRET}.",
        f"You said {SECRET.upper()}.",
        "you said s3cr3t   pass/wörd",
        f"you said {b64encode(SECRET.encode()).decode()}",
        "you said s3cr3t%20pass%2Fw%C3%B6rd",
        "x" * 795 + SECRET,
        f"{' ' * 790}{SECRET}",
        "your phrase is open-sesame",
        "the key AAAAB3NzaC1lZDI1NTE5AAAAIHUSH is not known",
        "behind: gate-secret",
    ],
)
def test_secret_is_taken_out_in_every_form_and_before_words_are_cut(said: str) -> None:
    gate = ConnectionDetails("ssh", "gate", 22, "me", password="gate-secret")
    shown = of(password=SECRET, passphrase="open-sesame", private_key=KEY, via=gate).shown(said)  # type: ignore[arg-type]
    for part in ("s3cr3t", "S3CR3T", "czNjcjN0", "sesame", "HUSH", "gate-secret"):
        assert part not in shown


def test_short_secret_is_taken_out_where_it_stands_alone_and_words_stay_whole() -> None:
    assert of(password="a").shown("a bad password: a, said at a gate") == ("[removed] bad password: [removed], said at [removed] gate")
    assert of().shown("no secret, no change") == "no secret, no change"
    assert "s3cr3t" not in repr(of(password="s3cr3t"))


class Echoing:
    """An FTP host that lets in and repeats the password at `step`."""

    def __init__(self, step: str) -> None:
        self.step = step

    def __call__(self, sock: socket.socket) -> None:
        answers = {
            "USER": "331 go",
            "PASS": "230 in",
            "PWD": '257 "/"',
            "TYPE": "200 ok",
            "CWD": "250 ok",
            "EPSV": "500 no",
            "QUIT": "221 bye",
        }
        said = ""
        sock.sendall(b"220 hi\r\n")
        with sock.makefile("rb") as lines:
            for line in lines:
                command, _space, argument = line.decode().strip().partition(" ")
                said = argument if command == "PASS" else said
                answer = f"553 {command} refused, but thank you for {said}" if command == self.step else answers.get(command, "502 no")
                sock.sendall(answer.encode() + b"\r\n")


@pytest.mark.django_db
@pytest.mark.parametrize("step", ["TYPE", "PWD", "CWD", "PASV"])
def test_ftp_host_that_repeats_the_password_does_not_have_it_stored(step: str, settings) -> None:
    settings.SITEMEND_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)
    with listening(Echoing(step)) as peer:
        host = make_host(protocol="ftp", address=peer.address, port=peer.port, password="hunter2-hush")
        result = connecting.test_host(host)
        stored = Host.objects.get(pk=host.pk)
        problem = connecting.check_places(stored, docroot="/www") if result.ok else result
        details = connecting.details_for(stored)
        with pytest.raises(TransportError) as caught, open_reader(details, guard=connecting.guard_from_settings()) as reader:
            reader.list("/www")
    assert "thank you for" in caught.value.message or step in ("CWD", "PASV")
    told = f"{result}{problem}{stored.state_detail}{caught.value.message}{caught.value.params}{caught.value.__cause__}"
    assert "hunter2" not in told


def test_question_and_farewell_over_ssh_do_not_show_the_password() -> None:
    def refused(details: ConnectionDetails) -> str:
        with pytest.raises(TransportError) as caught, open_reader(details, guard=GUARD):
            pass
        return caught.value.message

    with asking(Asking([("the-password is not enough. Code: ", True)])) as details:
        said = refused(details)
    assert "[removed] is not enough" in said

    class Leaving(paramiko.Transport):
        """Ends the conversation with what it was told."""

        def auth_interactive_farewell(self) -> None:
            message = paramiko.Message()
            message.add_byte(paramiko.common.cMSG_DISCONNECT)
            message.add_int(2)
            message.add_string("no more of the-password here")
            message.add_string("en")
            self._send_message(message)

    class Refusing(Asking):
        def check_auth_interactive_response(self, responses: list[str]) -> int:
            place[0].auth_interactive_farewell()
            return paramiko.AUTH_FAILED

    place: list[Leaving] = []

    class Kept(Leaving):
        def __init__(self, sock: socket.socket) -> None:
            super().__init__(sock)
            place.append(self)

    with asking(Refusing([("Password: ", False)]), Kept) as details:
        said = refused(details)
    assert "no more of [removed] here" in said
