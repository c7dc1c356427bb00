# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Scripts, modes, owners and links again, as they come from other machines and careless uploads."""

from __future__ import annotations

import os

from tests.lab import words
from tests.lab.cases.base import APACHE, LOGGED, PHP, Truth, case
from tests.lab.cases.htaccess import plant
from tests.lab.cases.permissions import script
from tests.lab.scene import Scene
from tests.lab.sites.php_site import describe

_FAILS = ("cgi-script-error", "cgi-no-output")


def _rewritten(s: Scene, path: str, content: str | bytes, mode: int | None = None) -> None:
    s.write(path, content, s.place.setup.folder_mode if mode is None else mode)


def _rest(s: Scene, path: str) -> str:
    return s.read(path).decode().partition("\n")[2]


@case(APACHE, "static", "php")
def script_for_a_program_of_another_machine(s: Scene) -> Truth:
    path = script(s)
    first = s.rng.choice(
        (
            r"#!C:\Strawberry\perl\bin\perl.exe",
            "#!/usr/bin/perl-w",
            "#!perl",
            "#!/usr/bin/pyhton3",
            r"#!\usr\bin\perl",
            "#!/bin/env/perl",
            "#!usr/bin/perl",
        )
    )
    _rewritten(s, path, f"{first}\n{_rest(s, path)}")
    return Truth("cgi-interpreter-missing", path, (1,), ("cgi-script-error",), s.pages[-1])


@case(APACHE, "static", "php")
def script_whose_program_is_none(s: Scene) -> Truth:
    """What the first line names is there, and cannot be run."""
    path, where = script(s), s.rng.choice(("/usr/share", "/etc/hostname", "/etc"))
    _rewritten(s, path, f"#!{where}\n{_rest(s, path)}")
    return Truth("cgi-interpreter-missing", path, (1,), ("cgi-script-error",), s.pages[-1])


@case(APACHE, "static", "php")
def script_saved_as_utf_16(s: Scene) -> Truth:
    path = script(s)
    _rewritten(s, path, s.read(path).decode().encode("utf-16"))
    return Truth("cgi-interpreter-missing", path, (1,), ("cgi-script-error",), s.pages[-1])


@case(LOGGED, "static", "php")
def script_without_its_settings(s: Scene) -> Truth:
    """What it reads at its beginning was not uploaded."""
    path, name = script(s), s.rng.choice(("config", "settings", "local"))
    source = s.rng.choice(
        (
            f"#!/bin/sh\n# form\n. ./{name}.sh\n",
            f"#!/usr/bin/perl\nuse strict;\nrequire './{name}.pl';\n",
            f"#!/bin/sh\nset -e\ncat ./{name}.txt > /dev/null\n",
        )
    )
    _rewritten(
        s,
        path,
        source
        + ("echo 'Content-Type: text/html'\necho\necho hello\n" if "/sh" in source else 'print "Content-Type: text/html\\n\\nhello";\n'),
    )
    folder = path.rpartition("/")[0]
    return Truth(
        "cgi-script-error",
        path,
        (3,),
        ("cgi-no-output",),
        s.pages[-1],
        paths=tuple(f"{folder}/{name}.{ending}" for ending in ("sh", "pl", "txt")),
    )


@case(APACHE, "static", "php")
def script_that_answers_so_itself(s: Scene) -> Truth:
    path = script(s)
    _rewritten(
        s,
        path,
        "#!/bin/sh\necho 'Status: 500 Internal Server Error'\necho 'Content-Type: text/html'\necho\necho '<h1>Software error</h1><p>Cannot open the guest book.</p>'\necho 'cannot open book.dat' >&2\n",
    )
    return Truth("cgi-script-error", path, (), ("application-answers-500", "cgi-no-output"), s.pages[-1])


@case(APACHE, "static", "php")
def script_in_a_closed_folder(s: Scene) -> Truth:
    path = script(s)
    folder = path.rpartition("/")[0]
    s.chmod(folder, s.rng.choice((0o600, 0o644, 0o000, 0o700)))
    return Truth("folder-not-traversable", folder, page=s.pages[-1], statuses=(403, 404))


@case(APACHE, "static")
def script_behind_a_link(s: Scene) -> Truth:
    """It lies outside, where only its owner runs it, or not even he."""
    path = script(s)
    name = path.rpartition("/")[2]
    s.write(f"private/{name}", s.read(path), s.rng.choice((0o644, 0o604, 0o600)))
    s.remove(path)
    os.symlink(f"../../private/{name}", s.path(path))
    os.lchown(s.path(path), s.place.account.uid, s.place.account.gid)
    return Truth("cgi-not-executable", path, (), (*_FAILS, "file-unreadable"), s.pages[-1], (500, 403), paths=(f"private/{name}",))


@case(("shared", "ovh"), "static")
def script_in_an_open_docroot(s: Scene) -> Truth:
    path = script(s)
    name = path.rpartition("/")[2]
    s.write(s.at(name), s.read(path), s.place.setup.folder_mode)
    s.pages = ["/", f"/{name}"]
    s.chmod(s.www, s.rng.choice((0o777, 0o775, 0o757)))
    return Truth("cgi-writable-by-others", s.www, (), (), f"/{name}", paths=(s.at(name),))


@case(("shared", "ovh"), "static")
def script_that_would_change_its_user(s: Scene) -> Truth:
    path = script(s)
    s.chmod(path, s.rng.choice((0o4755, 0o2755, 0o6755)))
    return Truth("cgi-not-executable", path, (), (*_FAILS, "cgi-writable-by-others"), s.pages[-1])


@case(APACHE, "static")
def start_page_is_a_script_that_is_not_run(s: Scene) -> Truth:
    path = script(s)
    _rewritten(s, s.at("index.cgi"), s.read(path), s.place.setup.file_mode)
    s.remove(s.at("index.html"))
    s.keep(s.at(".htaccess"), "Options -Indexes\nDirectoryIndex index.cgi index.html\n")
    s.pages = ["/"]
    return Truth("cgi-not-executable", s.at("index.cgi"), statuses=(500, 403))


@case(LOGGED, "static")
def script_with_a_header_that_is_none(s: Scene) -> Truth:
    path = script(s)
    first = s.rng.choice(
        ("Content-type text/html", "<!-- form -->", "\\357\\273\\277Content-Type: text/html", "content: text/html;\\nError: none at line 3")
    )
    _rewritten(
        s,
        path,
        f"#!/bin/sh\nprintf '{first}\\n'\necho '<h1>Form</h1>'\necho\n"
        if "content:" not in first
        else f"#!/bin/sh\nprintf 'Use of a bad value\\n{first}\\n\\n'\n",
    )
    return Truth("cgi-malformed-header", path, (), ("cgi-script-error",), s.pages[-1])


@case(LOGGED, "static", "php")
def script_with_an_error_of_its_language(s: Scene) -> Truth:
    path = script(s)
    source, _line = s.rng.choice((
        ("#!/bin/sh\n# form\nif [ -f x ]; then\necho a\n", 5), ("#!/usr/bin/env python3\nimport cgi_forms_of_ours\nprint('a')\n", 2), ("#!/usr/bin/python3\n\ndef page(:\n    pass\n", 3),
        ("#!/usr/bin/perl\nuse strict;\nmy $a = {;\nprint 'a';\n", 3), ("#!/bin/sh\n\nunknown_command_of_ours | exit 1\nexit 2\n", 3),
    ))  # fmt: skip
    _rewritten(s, path, source)
    return Truth("cgi-script-error", path, (), ("cgi-no-output",), s.pages[-1])


@case(LOGGED, "static")
def all_addresses_go_to_a_script_that_fails(s: Scene) -> Truth:
    path = script(s)
    _rewritten(s, path, "#!/usr/bin/perl\nuse strict;\ndie 'no templates';\n")
    lines = ("RewriteCond %{REQUEST_FILENAME} !-f", f"RewriteRule ^(.*)$ /{path.partition('/')[2]} [L]")
    s.remove(s.at("index.html"))
    plant(s, lines, where="root", rewriting=True)
    s.pages = ["/"]
    return Truth("cgi-script-error", path, (), ("cgi-no-output",))


@case(APACHE, "static", "php")
def htaccess_is_a_link_to_itself(s: Scene) -> Truth:
    if s.path(s.at(".htaccess")).exists():
        s.remove(s.at(".htaccess"))
    os.symlink(".htaccess", s.path(s.at(".htaccess")))
    os.lchown(s.path(s.at(".htaccess")), s.place.account.uid, s.place.account.gid)
    return Truth("htaccess-unreadable", s.at(".htaccess"), statuses=(403, 500))


@case(PHP, "php")
def all_folders_as_if_they_were_files(s: Scene) -> Truth:
    """`chmod -R 644`, as advice on the web has it."""
    site = describe(s)
    for folder in [entry for entry in s.path(s.www).rglob("*") if entry.is_dir()]:
        folder.chmod(0o644)
    return Truth("folder-not-traversable", s.at(site.library.partition("/")[0]), paths=(s.at(site.library),))


@case(APACHE, "static")
def uploaded_for_the_owner_alone(s: Scene) -> Truth:
    for entry in s.path(s.www).rglob("*"):
        if entry.is_file() and entry.name != ".htaccess":
            entry.chmod(0o600)
    return Truth("file-unreadable", s.at("index.html"), statuses=(403,))


@case(PHP, "php")
def library_link_that_leads_round(s: Scene) -> Truth:
    site = describe(s)
    link = s.path(s.at(site.library))
    link.rename(s.path("kept-elsewhere"))
    os.symlink(link.name, link)
    os.lchown(link, s.place.account.uid, s.place.account.gid)
    also = ("php-class-not-found", "file-unreadable", "folder-not-traversable")
    pages = tuple(s.at(page.name) for page in s.path(s.www).glob("*.php"))
    return Truth("php-missing-file", s.at(site.library), (), also, paths=(s.at(site.start), *pages))


@case(APACHE, "php")
def handler_of_another_host_in_a_folder(s: Scene) -> Truth:
    folder = s.rng.choice(words.FOLDERS)
    s.keep(s.at(f"{folder}/index.php"), f"<?php\n// {folder}\necho '<h1>{folder}</h1><p>{words.SENTENCES[0]}</p>';\n")
    lines = s.rng.choice(
        (
            ('<FilesMatch "\\.php$">', "SetHandler application/x-httpd-php56", "</FilesMatch>"),
            ("AddHandler x-httpd-php74 .php", "<Files *.php>", "ForceType x-httpd-php74", "SetHandler x-httpd-php74", "</Files>"),
        )
    )
    s.write(s.at(f"{folder}/.htaccess"), "\n".join(lines) + "\n")
    s.pages = ["/", f"/{folder}/"]
    return Truth(
        "htaccess-php-handler-override",
        s.at(f"{folder}/.htaccess"),
        tuple(range(1, len(lines) + 1)),
        page=f"/{folder}/",
        statuses=(200,),
        body=b"<?php",
    )
