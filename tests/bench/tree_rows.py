"""The ways of listing a tree that `bench_tree` sets side by side. Each runs as a program of its own and prints what it took:

python -m tests.bench.tree_rows WAY < details.json
"""

from __future__ import annotations

import json
import shlex
import stat
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import paramiko
from paramiko.message import Message
from paramiko.sftp import CMD_CLOSE, CMD_HANDLE, CMD_NAME, CMD_OPENDIR, CMD_READDIR
from paramiko.sftp_attr import SFTPAttributes

from diagnostics.transports import open_reader
from diagnostics.transports.base import ConnectionDetails
from sites.probing.guard import Guard

Details = dict[str, Any]
AT_ONCE = 64


@contextmanager
def _measured(result: dict[str, float], name: str) -> Iterator[None]:
    began, cpu = time.monotonic(), time.process_time()
    yield
    result[name] = time.monotonic() - began
    result[f"{name}_cpu"] = time.process_time() - cpu


def ours(details: Details, protocol: str) -> dict[str, float]:
    """Through the product's own transport."""
    found, pin = {"entries": 0.0}, (details["address"], details["port"])
    key = {"private_key": details["key"], "host_key": details["host_key"]} if details.get("key") else {"password": details["password"]}
    connection = ConnectionDetails(protocol, *pin, details["user"], exempt=pin, **key)
    with _measured(found, "whole"), open_reader(connection, guard=Guard()) as reader, _measured(found, "scan"):
        for number, batch in enumerate(reader.scan(details["path"], max_entries=1_000_000)):
            found["entries"] += len(batch)
            if number == 0:
                found["first"] = len(batch)
    return found


def _over_paramiko(details: Details, use: Callable[[paramiko.Transport, str], int]) -> dict[str, float]:
    found: dict[str, float] = {}
    with _measured(found, "whole"):
        transport = paramiko.Transport((details["address"], details["port"]))
        transport.sock.setsockopt(6, 1, 1)  # TCP_NODELAY
        transport.connect(username=details["user"], pkey=paramiko.Ed25519Key.from_private_key_file(details["key_file"]))
        with _measured(found, "scan"):
            found["entries"] = use(transport, details["path"])
        transport.close()
    return found


def find_over_exec(transport: paramiko.Transport, path: str) -> int:
    """One `find -printf`, its output split into names, modes and times."""
    channel = transport.open_session()
    channel.exec_command(f"find {shlex.quote(path)} -mindepth 1 -printf '%y %m %s %T@ %U %G %P\\0'")
    parts = []
    while block := channel.recv(65_536):
        parts.append(block)
    entries = []
    for record in b"".join(parts).decode("utf-8", "surrogateescape").split("\0")[:-1]:
        kind, mode, size, mtime, uid, gid, name = record.split(" ", 6)
        entries.append((kind, int(mode, 8), int(size), float(mtime), int(uid), int(gid), name))
    return len(entries)


def one_after_the_other(transport: paramiko.Transport, path: str) -> int:
    """paramiko's `listdir_attr`, folder by folder."""
    client = paramiko.SFTPClient.from_transport(transport)
    assert client is not None
    waiting, count = [path], 0
    while waiting:
        folder = waiting.pop()
        for entry in client.listdir_attr(folder):
            count += 1
            if stat.S_ISDIR(entry.st_mode or 0):
                waiting.append(f"{folder}/{entry.filename}")
    return count


def many_at_once(transport: paramiko.Transport, path: str) -> int:
    """64 folders in flight on paramiko's own packets: the plain way of pipelining that its parts allow."""
    client = paramiko.SFTPClient.from_transport(transport)
    assert client is not None
    waiting, asked, number, count = [path], {}, 0, 0

    def ask(kind: int, subject: bytes, folder: str, handle: bytes) -> None:
        nonlocal number
        number += 1
        asked[number] = (kind, folder, handle)
        client._send_packet(kind, Message(struct.pack(">II", number, len(subject)) + subject))

    while waiting or asked:
        while waiting and len(asked) < AT_ONCE:
            folder = waiting.pop()
            ask(int(CMD_OPENDIR), folder.encode(), folder, b"")
        kind, data = client._read_packet()
        message = Message(data)
        asked_kind, folder, handle = asked.pop(message.get_int())
        if kind == CMD_HANDLE:
            handle = message.get_binary()
            ask(int(CMD_READDIR), handle, folder, handle)
        elif kind == CMD_NAME:
            for _entry in range(message.get_int()):
                name = message.get_text()
                message.get_binary()
                attrs = SFTPAttributes._from_msg(message, name)
                if name in (".", ".."):
                    continue
                count += 1
                if stat.S_ISDIR(attrs.st_mode or 0):
                    waiting.append(f"{folder}/{name}")
            ask(int(CMD_READDIR), handle, folder, handle)
        elif asked_kind == CMD_READDIR:
            ask(int(CMD_CLOSE), handle, folder, handle)
    return count


WAYS: dict[str, Callable[[Details], dict[str, float]]] = {
    "ours-ssh": lambda details: ours(details, "ssh"),
    "ours-sftp": lambda details: ours(details, "sftp"),
    "ours-ftp": lambda details: ours(details, "ftp"),
    "find": lambda details: _over_paramiko(details, find_over_exec),
    "pipelined": lambda details: _over_paramiko(details, many_at_once),
    "sequential": lambda details: _over_paramiko(details, one_after_the_other),
}

if __name__ == "__main__":
    print(json.dumps(WAYS[sys.argv[1]](json.load(sys.stdin))))
