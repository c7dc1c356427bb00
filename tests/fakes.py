"""Doubles we own, with the same contract as the real thing: the contract tests run against both."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Generator, Iterator, Mapping
from dataclasses import dataclass, replace

from diagnostics.transports.base import Capability, Entry, FileKind, NotFound, Stat, TransportError, Unreadable
from diagnostics.transports.failures import (
    already_exists,
    is_link,
    no_space,
    not_a_folder,
    not_a_link,
    not_empty,
    not_found,
    not_regular,
    permission_refused,
    too_large,
)
from diagnostics.transports.paths import checked, joined
from diagnostics.transports.scanning import scan_by_listing, walk_by_scan


@dataclass
class Node:
    """One name of a `FakeHost`. `target` is where a link points."""

    kind: FileKind = FileKind.FILE
    content: bytes = b""
    mode: int = 0o644
    mtime: float = 1_700_000_000.0
    uid: int = 1000
    gid: int = 1000
    target: str = ""

    def stat(self) -> Stat:
        return Stat(self.kind, self.mode, len(self.content), self.mtime, self.uid, self.gid)


@dataclass(frozen=True)
class Write:
    """One change that was asked for, in order: the verb and its path."""

    verb: str
    path: str
    content: bytes = b""
    mode: int | None = None
    target: str = ""


class FakeHost:
    """A host in memory: `Reader` and `Writer` in one. `writes` records every change that was carried out.

    `files` maps absolute paths to bytes, (bytes, mode) or a whole `Node`; folders above them are made (705). `free` is the
    number of bytes left. A folder or file whose mode denies the owner is refused as a host would. `fail` maps
    (verb, path) to the error to raise instead, once.
    """

    def __init__(
        self,
        files: Mapping[str, bytes | tuple[bytes, int] | Node] | None = None,
        *,
        links: Mapping[str, str] | None = None,
        folders: Mapping[str, int] | None = None,
        home: str = "/home/demo",
        uid: int = 1000,
        free: int | None = None,
        protocol: str = "sftp",
        capabilities: frozenset[Capability] = frozenset(Capability) - {Capability.RUN_COMMANDS},
    ) -> None:
        self.protocol = protocol
        self.capabilities = capabilities
        self.uid = uid
        self.free = free
        self.writes: list[Write] = []
        self.fail: dict[tuple[str, str], TransportError] = {}
        self.closed = False
        self.nodes: dict[str, Node] = {}
        self._home = home
        self._make_folder(home)
        for path, mode in (folders or {}).items():
            self._make_folder(path)
            self.nodes[path].mode = mode
        for path, given in (files or {}).items():
            self.put(path, given)
        for path, target in (links or {}).items():
            self.put(path, Node(FileKind.LINK, mode=0o777, target=target, uid=uid))

    def put(self, path: str, given: bytes | tuple[bytes, int] | Node) -> None:
        """Places a file as the host's owner would, without a record in `writes`."""
        self._make_folder(posixpath.dirname(path))
        if isinstance(given, bytes):
            given = Node(content=given, uid=self.uid)
        elif isinstance(given, tuple):
            given = Node(content=given[0], mode=given[1], uid=self.uid)
        self.nodes[path] = given

    def stat(self, path: str) -> Stat:
        return self._node("stat", path).stat()

    def read(self, path: str, limit: int) -> bytes:
        node = self._readable(self._node("read", path), path)
        if len(node.content) > limit:
            raise too_large(path, limit)
        return node.content

    def read_tail(self, path: str, limit: int) -> bytes:
        node = self._readable(self._node("read_tail", self.real_path(path)), path)
        return node.content[max(0, len(node.content) - limit) :]

    def read_part(self, path: str, offset: int, limit: int) -> bytes:
        node = self._readable(self._node("read_part", self.real_path(path)), path)
        return node.content[offset : offset + limit]

    def list(self, path: str) -> list[Entry]:
        path = checked(path)
        node = self._node("list", path)
        if node.kind is not FileKind.FOLDER:
            raise not_found(path)
        if node.uid == self.uid and not node.mode & 0o400:
            raise permission_refused(path)
        return [Entry(name, found.stat()) for name, found in self.nodes.items() if name != "/" and posixpath.dirname(name) == path]

    def walk(self, path: str, max_entries: int) -> Iterator[Entry]:
        return walk_by_scan(self, path, max_entries)

    def scan(
        self, path: str, *, max_entries: int, skip: Collection[str] = (), unreadable: Unreadable | None = None
    ) -> Generator[list[Entry], None, None]:
        return scan_by_listing(self, path, max_entries, skip, unreadable)

    def real_path(self, path: str) -> str:
        resolved = "/"
        parts, hops = checked(path).split("/"), 0
        while parts:
            part = parts.pop(0)
            if part in ("", "."):
                continue
            if part == "..":
                resolved = posixpath.dirname(resolved)
                continue
            node = self.nodes.get(joined(resolved, part))
            if node is None or hops > 40:
                raise not_found(path)
            if node.kind is FileKind.LINK:
                parts, hops = node.target.split("/") + parts, hops + 1
                resolved = "/" if node.target.startswith("/") else resolved
            else:
                resolved = joined(resolved, part)
        return resolved

    def link_target(self, path: str) -> str:
        node = self._node("link_target", path)
        if node.kind is not FileKind.LINK:
            raise not_a_link(path)
        return node.target

    def home(self) -> str:
        return self._home

    def free_space(self, path: str) -> int | None:
        return self.free

    def close(self) -> None:
        self.closed = True

    def write_atomic(self, path: str, content: bytes, mode: int, mtime: float | None = None) -> None:
        old = self._existing(path)
        if old is not None and old.kind is not FileKind.FILE:
            raise is_link(path) if old.kind is FileKind.LINK else not_regular(path)
        if old is not None and old.uid != self.uid:
            raise permission_refused(path)
        self._store("write_atomic", path, content, mode, mtime, old)

    def create_exclusive(self, path: str, content: bytes, mode: int, mtime: float | None = None) -> None:
        if self._existing(path) is not None:
            raise already_exists(path)
        self._store("create_exclusive", path, content, mode, mtime, None)

    def rename(self, path: str, target: str) -> None:
        path, target = checked(path), checked(target)
        self._node("rename", path)
        if self._existing(target) is not None:
            raise already_exists(target)
        self._may_change(posixpath.dirname(path))
        self._may_change(posixpath.dirname(target))
        for name in [name for name in self.nodes if name == path or name.startswith(path + "/")]:
            self.nodes[target + name[len(path) :]] = self.nodes.pop(name)
        self.writes.append(Write("rename", path, target=target))

    def chmod(self, path: str, mode: int) -> None:
        self._own(self._node("chmod", path), path).mode = mode
        self.writes.append(Write("chmod", path, mode=mode))

    def set_mtime(self, path: str, mtime: float) -> None:
        self._own(self._node("set_mtime", path), path).mtime = float(int(mtime))
        self.writes.append(Write("set_mtime", path))

    def remove(self, path: str) -> None:
        if self._node("remove", path).kind is not FileKind.FILE:
            raise not_regular(path)
        self._may_change(posixpath.dirname(checked(path)))
        del self.nodes[checked(path)]
        self.writes.append(Write("remove", path))

    def empty(self, path: str) -> None:
        if self._node("empty", path).kind is not FileKind.FILE:
            raise not_regular(path)
        self._own(self._node("empty", path), path).content = b""
        self.writes.append(Write("empty", path))

    def make_folder(self, path: str, mode: int) -> None:
        path = checked(path)
        if path in self.nodes:
            raise already_exists(path)
        self._may_change(posixpath.dirname(path))
        if (error := self.fail.pop(("make_folder", path), None)) is not None:
            raise error
        self.nodes[path] = Node(FileKind.FOLDER, mode=mode, mtime=1_800_000_000.0, uid=self.uid)
        self.writes.append(Write("make_folder", path))

    def remove_folder(self, path: str) -> None:
        path = checked(path)
        if self._node("remove_folder", path).kind is not FileKind.FOLDER:
            raise not_a_folder(path)
        if any(name.startswith(f"{path}/") for name in self.nodes):
            raise not_empty(path)
        self._may_change(posixpath.dirname(path))
        del self.nodes[path]
        self.writes.append(Write("remove_folder", path))

    def lead_link(self, path: str, target: str, mtime: float | None = None) -> None:
        node = self._node("lead_link", path)
        if node.kind is not FileKind.LINK:
            raise not_a_link(path)
        self._may_change(posixpath.dirname(checked(path)))
        node.target, node.mtime = target, 1_800_000_000.0 if mtime is None else float(int(mtime))
        self.writes.append(Write("lead_link", path, target=target))

    def remove_link(self, path: str) -> None:
        if self._node("remove_link", path).kind is not FileKind.LINK:
            raise not_a_link(path)
        self._may_change(posixpath.dirname(checked(path)))
        del self.nodes[checked(path)]
        self.writes.append(Write("remove_link", path))

    def _store(self, verb: str, path: str, content: bytes, mode: int, mtime: float | None, old: Node | None) -> None:
        path = checked(path)
        self._may_change(posixpath.dirname(path))
        if (error := self.fail.pop((verb, path), None)) is not None:
            raise error
        if self.free is not None and len(content) > self.free:
            raise no_space(path)
        time = float(int(mtime)) if mtime is not None else 1_800_000_000.0
        new = Node(content=content, mode=mode, mtime=time, uid=self.uid)
        self.nodes[path] = new if old is None else replace(new, uid=old.uid, gid=old.gid)
        self.writes.append(Write(verb, path, content, mode))

    def _make_folder(self, path: str) -> None:
        while path not in self.nodes:
            self.nodes[path] = Node(FileKind.FOLDER, mode=0o705, uid=self.uid)
            path = posixpath.dirname(path)

    def _existing(self, path: str) -> Node | None:
        try:
            return self._node("stat", path)
        except NotFound:
            return None

    def _node(self, verb: str, path: str) -> Node:
        path = checked(path)
        if (error := self.fail.pop((verb, path), None)) is not None:
            raise error
        if path == "/":
            return self.nodes[path]
        folder = self.real_path(posixpath.dirname(path))
        if self.nodes[folder].uid == self.uid and not self.nodes[folder].mode & 0o100:
            raise permission_refused(path)
        found = self.nodes.get(joined(folder, posixpath.basename(path)))
        if found is None:
            raise not_found(path)
        return found

    def _readable(self, node: Node, path: str) -> Node:
        if node.kind is not FileKind.FILE:
            raise not_regular(path)
        if not node.mode & (0o400 if node.uid == self.uid else 0o004):
            raise permission_refused(path)
        return node

    def _may_change(self, folder: str) -> None:
        node = self._node("stat", folder)
        if not node.mode & (0o200 if node.uid == self.uid else 0o002):
            raise permission_refused(folder)

    def _own(self, node: Node, path: str) -> Node:
        if node.kind is FileKind.LINK:
            raise is_link(path)
        if node.uid != self.uid:
            raise permission_refused(path)
        return node
