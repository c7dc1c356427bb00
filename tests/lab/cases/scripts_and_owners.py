# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Scripts that cannot be run, owners, links, and folders in which nothing can be made."""

from __future__ import annotations

import contextlib
import os

from tests.lab import words
from tests.lab.cases.base import APACHE, PHP, Truth, case
from tests.lab.cases.permissions import script
from tests.lab.scene import Scene
from tests.lab.sites.php_site import describe, filler, page_source, php


@case(APACHE, "static", "php")
def script_whose_first_line_is_not_the_first(s: Scene) -> Truth:
    """A mark of an editor or an empty line before `#!`, or no such line at all."""
    path = script(s)
    old = s.read(path)
    new = s.rng.choice((b"\xef\xbb\xbf" + old, b"\n" + old, b" " + old, old.partition(b"\n")[2]))
    s.write(path, new, s.place.setup.folder_mode)
    return Truth("cgi-interpreter-missing", path, (1, 2), ("cgi-script-error", "cgi-no-output"), s.pages[-1])


@case(APACHE, "static", "php")
def script_for_a_program_that_env_does_not_find(s: Scene) -> Truth:
    path = script(s)
    program = s.rng.choice((b"python2.7", b"ruby1.9", b"perl5.8", b"php5-cgi", b"python2"))
    s.write(path, b"#!/usr/bin/env " + program + b"\n" + s.read(path).partition(b"\n")[2], s.place.setup.folder_mode)
    return Truth("cgi-interpreter-missing", path, (1,), page=s.pages[-1])


@case(("shared", "ovh", "plain"), "static")
def script_of_another_owner(s: Scene) -> Truth:
    """Restored by an administrator: it may be read and run, but not as the account."""
    path = script(s)
    os.chown(s.path(path), 0, 0)
    return Truth("cgi-not-executable", path, (), ("cgi-no-output", "cgi-script-error"), s.pages[-1])


@case(PHP, "php")
def library_behind_a_link_closed(s: Scene) -> Truth:
    site, folder = describe(s), f"shared-{s.rng.choice(words.FOLDERS)}"
    link = s.path(s.at(site.library))
    link.rename(s.path(folder))
    link.symlink_to(f"../{folder}")
    os.lchown(link, s.place.account.uid, s.place.account.gid)
    s.chmod(folder, s.rng.choice((0o000, 0o600, 0o444)))
    return Truth("folder-not-traversable", folder, paths=(s.at(site.library), s.at(site.start)))


@case(PHP, "php")
def cache_that_cannot_be_made(s: Scene) -> Truth:
    """The folder to be made lies in one that is shut."""
    site, kind = describe(s), s.rng.choice(("cache", "logs"))
    s.folder(s.at("var"))
    s.chmod(s.at("var"), 0o555)
    kernel = s.at("src/Kernel.php")
    s.keep(kernel, php(
        filler(s.rng, 4), f"$dir = dirname(__DIR__) . '/var/{kind}/prod';", "if (!is_dir($dir) && false === @mkdir($dir, 0777, true) && !is_dir($dir)) {",
        f"    throw new RuntimeException(sprintf('Unable to create the \"%s\" directory (%s).', '{kind}', $dir));", "}",
    ))  # fmt: skip
    s.keep(s.at("index.php"), page_source(s, site, site.title, more=["require __DIR__ . '/src/Kernel.php';"]))
    return Truth("folder-not-writable", s.at("var"), paths=(s.at(f"var/{kind}"), s.at(f"var/{kind}/prod"), kernel))


@case(PHP, "php")
def compiled_on_a_full_disk(s: Scene) -> Truth:
    """The half of a compiled page that still found room."""
    site = describe(s)
    s.small_disk(s.at("cache"), 64)
    compiled = s.at(f"cache/{s.rng.randrange(16**8):08x}.tpl.php")
    body = php(
        filler(s.rng, 30),
        "function compiled_page(array $rows): string {",
        "    foreach ($rows as $row) {",
        "        if ($row) {",
        "            echo '<p>' . $row",
    )
    s.write(compiled, body.rstrip("\n"))
    old = s.path(s.at("cache/old.bin"))
    old.touch()
    s.place.account.own(old)
    with contextlib.suppress(OSError):  # full, as it should be
        old.write_bytes(b"\0" * 65_536)
    s.keep(s.at("index.php"), page_source(s, site, site.title, more=[f"require __DIR__ . '/{compiled.partition('/')[2]}';"]))
    also = ("disk-full", "php-parse-error")
    return Truth("php-truncated-file", compiled, tuple(range(1, body.count("\n") + 2)), also, paths=(s.at("cache"), s.at("cache/old.bin")))
