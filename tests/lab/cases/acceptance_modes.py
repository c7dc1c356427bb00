# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Modes and owners, and scripts that the server does not run."""

from __future__ import annotations

import os
from pathlib import Path

from tests.lab.cases.acceptance_at_hand import HTACCESS_PLACES, own_folder, script, script_name, write_grown
from tests.lab.cases.base import SHOWN, Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.php_site import describe


@case(HTACCESS_PLACES, "static", "php", "wordpress", "joomla")
def rules_for_the_eyes_of_the_owner(s: Scene) -> Truth:
    """Somebody wanted the file to be safe; the server must read it and forbids everything."""
    path, page = s.at(".htaccess"), "/"
    if s.rng.random() < 0.35:
        folder = own_folder(s, "galerie-2", "vereinsfest", "tour", "lettre", "prospekt")
        path, page = s.at(f"{folder}/.htaccess"), f"/{folder}/"
    if not s.path(path).exists() or page != "/":
        write_grown(s, path, ("Options -Indexes",))
    s.chmod(path, s.rng.choice((0o600, 0o400, 0o640, 0o700, 0o000)))
    return Truth("htaccess-unreadable", path, page=page, statuses=(403,))


@case((*HTACCESS_PLACES, "shown"), "php", "static", "wordpress")
def folder_got_the_mode_of_a_file(s: Scene) -> Truth:
    """604 or 644 was given to everything that was marked, folders as well; or one was shut for everybody else."""
    mode = s.rng.choice((0o604, 0o644, 0o600, 0o666))
    if s.path(s.at("wp-config.php")).exists():
        folder = s.at(s.rng.choice(("wp-includes", "wp-includes/rest-api", "wp-includes/blocks")))
    elif s.path(s.at("index.php")).exists():
        folder = s.at(describe(s).library)
    else:
        name = own_folder(s, "bilder", "fotos", "speisekarte", "programme")
        s.chmod(s.at(name), s.rng.choice((mode, 0o700)))
        return Truth("folder-not-traversable", s.at(name), page=f"/{name}/", statuses=(403,))
    s.chmod(folder, mode)
    return Truth("folder-not-traversable", folder)


@case((*SHOWN, "ovh"), "php", "wordpress")
def file_that_the_program_may_not_open(s: Scene) -> Truth:
    """The host's scanner took every right from it, or a person of the host put it back as the administrator."""
    if s.path(s.at("wp-config.php")).exists():
        path = s.at(
            s.rng.choice(
                ("wp-config.php", "wp-includes/formatting.php", "wp-includes/post.php", "wp-includes/class-wp-query.php", "wp-settings.php")
            )
        )
    else:
        site = describe(s)
        path = s.at(s.rng.choice((site.settings, site.helpers, site.class_file, site.start)))
    if s.rng.random() < 0.55:
        s.chmod(path, s.rng.choice((0o000, 0o000, 0o200, 0o100)))
    else:
        os.chown(s.path(path), 0, 0)
        s.chmod(path, s.rng.choice((0o600, 0o640)))
    return Truth("file-unreadable", path)


@case(("plain", "shared", "ovh", "fcgid"), "static", "php", "wordpress")
def script_of_windows_given_to_everybody(s: Scene) -> Truth:
    """It was sent with its line ends as they were; that it did not run was to be cured by 777."""
    name = s.at(script_name(s))
    s.write(name, script(s, newline="\r\n"), s.rng.choice((0o777, 0o777, 0o775, 0o757)))
    also = ("cgi-windows-line-endings",)
    return Truth("cgi-writable-by-others", name, (), also, page=f"/{name.removeprefix(s.www + '/')}")


@case(("plain", "shared", "ovh", "fcgid"), "static", "php", "club")
def script_that_came_from_another_host(s: Scene) -> Truth:
    """The mode was lost on the way, or the language lies elsewhere here."""
    name = s.at(script_name(s))
    page = f"/{name.removeprefix(s.www + '/')}"
    if s.rng.random() < 0.5:
        s.write(name, script(s), s.rng.choice((0o644, 0o604, 0o600, 0o640)))
        return Truth("cgi-not-executable", name, page=page)
    others = (
        "/usr/local/bin/perl",
        "/usr/bin/perl5.8.8",
        "/opt/perl/bin/perl",
        "C:/Perl/bin/perl.exe",
        "/home/oldlogin/perl5/bin/perl",
        "/usr/pkg/bin/perl",
        "/usr/bin/prel",
    )
    s.write(name, script(s, s.rng.choice([each for each in others if not Path(each).exists()])), s.rng.choice((0o755, 0o705, 0o700)))
    return Truth("cgi-interpreter-missing", name, (1,), page=page)
