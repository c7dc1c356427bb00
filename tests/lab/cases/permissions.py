# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Modes and owners, and scripts run as programs of their own."""

from __future__ import annotations

import os

from tests.lab import words
from tests.lab.cases.base import APACHE, LOGGED, PHP, Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.php_site import describe, page_source

_SHELL = (
    "#!/bin/sh\n# {0}\nprintf 'Content-Type: text/html\\r\\n\\r\\n'\necho '<html><body><h1>{0}</h1><p>{1}</p><p>{1}</p></body></html>'\n"
)
_PERL = '#!/usr/bin/perl\nuse strict;\n# {0}\nmy $title = \'{0}\';\nprint "Content-Type: text/html\\r\\n\\r\\n";\nprint "<h1>$title</h1><p>{1}</p><p>{1}</p><p>{1}</p>";\n'


def script(s: Scene) -> str:
    """A CGI script that works, and its page among those of the site: its path."""
    rng = s.rng
    shell = rng.random() < 0.5
    name = f"{rng.choice(('cgi-bin', 'cgi', 'scripts'))}/{rng.choice(('form', 'counter', 'mail', 'guestbook', 'search'))}.{rng.choice(('cgi', 'pl'))}"
    s.keep(
        s.at(name), (_SHELL if shell else _PERL).format(rng.choice(words.NOUNS), rng.choice(words.SENTENCES[:4])), s.place.setup.folder_mode
    )
    s.pages = [*s.pages[:2], f"/{name}"]
    return s.at(name)


@case(APACHE, "static", "php")
def file_unreadable(s: Scene) -> Truth:
    name = f"{s.rng.choice(words.PAGES)}-{s.rng.randint(1, 99)}.html"
    s.keep(s.at(name), words.html(s.rng, "Page"), s.rng.choice((0o600, 0o000, 0o640, 0o400)))
    s.pages = ["/", f"/{name}"]
    return Truth("file-unreadable", s.at(name), page=f"/{name}", statuses=(403,))


@case(PHP, "php")
def library_unreadable(s: Scene) -> Truth:
    site = describe(s)
    path = s.at(s.rng.choice((site.start, site.settings, site.helpers, site.class_file)))
    s.chmod(path, 0o000)
    return Truth("file-unreadable", path)


@case(PHP, "php")
def library_of_another_owner(s: Scene) -> Truth:
    """As restored by the host's administrator: nobody but root reads it."""
    site = describe(s)
    path = s.at(s.rng.choice((site.settings, site.helpers, site.class_file)))
    os.chown(s.path(path), 0, 0)
    s.chmod(path, 0o600)
    return Truth("file-unreadable", path)


@case((*PHP, "ovh"), "php")
def start_script_unreadable(s: Scene) -> Truth:
    s.chmod(s.at("index.php"), 0o000)
    return Truth("file-unreadable", s.at("index.php"), statuses=(403, 404, 500))


@case(LOGGED, "wordpress")
def wordpress_settings_unreadable(s: Scene) -> Truth:
    s.chmod(s.at("wp-config.php"), 0o000)
    return Truth("file-unreadable", s.at("wp-config.php"))


@case(APACHE, "static")
def folder_closed(s: Scene) -> Truth:
    folder = s.rng.choice(words.FOLDERS) + "-2"
    s.keep(s.at(f"{folder}/index.html"), words.html(s.rng, folder))
    s.chmod(s.at(folder), s.rng.choice((0o700, 0o600, 0o000, 0o644)))
    s.pages = ["/", f"/{folder}/index.html"]
    return Truth("folder-not-traversable", s.at(folder), page=f"/{folder}/index.html", statuses=(403,))


@case(APACHE, "static", "php")
def docroot_closed(s: Scene) -> Truth:
    s.chmod(s.www, s.rng.choice((0o700, 0o600, 0o644, 0o750)))
    return Truth("folder-not-traversable", s.www, statuses=(403,))


@case(PHP, "php")
def library_folder_closed(s: Scene) -> Truth:
    site = describe(s)
    s.chmod(s.at(site.library), s.rng.choice((0o000, 0o600, 0o444)))
    return Truth("folder-not-traversable", s.at(site.library))


@case(PHP, "php", times=2)
def folder_not_writable(s: Scene) -> Truth:
    """The program gives up where it cannot store what it must."""
    site, folder = describe(s), s.rng.choice(("cache", "var/cache", "data", "storage/logs", "tmp/compiled"))
    s.folder(s.at(folder), 0o555)
    s.chmod(s.at(folder), 0o555)
    file = f"__DIR__ . '/{folder}/{s.rng.choice(words.NOUNS).lower()}.txt'"
    lines = s.rng.choice((
        [f"if (file_put_contents({file}, date('c')) === false) {{", "    throw new RuntimeException('Cache cannot be written');", "}"],
        [f"$stream = fopen({file}, 'a');", "if (!is_resource($stream)) {",
         f"    throw new UnexpectedValueException('The stream or file \"' . {file} . '\" could not be opened in append mode: Failed to open "
         "stream: Permission denied');", "}"],
    ))  # fmt: skip
    s.write(s.at("index.php"), page_source(s, site, site.title, more=lines))
    return Truth("folder-not-writable", s.at(folder), paths=(s.at("index.php"),))


@case(("ovh",), "static", "php")
def shut_by_the_host(s: Scene) -> Truth:
    s.place.home.chmod(s.rng.choice((0o700, 0o000)) if s.rng.random() < 0 else 0o700)
    return Truth("root-disabled-by-host", statuses=(403,))


@case(APACHE, "static", "php")
def cgi_not_executable(s: Scene) -> Truth:
    path = script(s)
    s.chmod(path, s.place.setup.file_mode)
    return Truth("cgi-not-executable", path, page=s.pages[-1], statuses=(500, 403))


@case(("shared", "ovh"), "static", "php")
def cgi_open_to_all(s: Scene) -> Truth:
    path = script(s)
    s.chmod(path, s.rng.choice((0o777, 0o775, 0o757)))
    return Truth("cgi-writable-by-others", path, page=s.pages[-1])


@case(("shared", "ovh"), "static")
def cgi_folder_open_to_all(s: Scene) -> Truth:
    path = script(s)
    folder = path.rpartition("/")[0]
    s.chmod(folder, s.rng.choice((0o777, 0o775)))
    return Truth("cgi-writable-by-others", folder, page=s.pages[-1], paths=(path,))


@case(APACHE, "static", "php")
def cgi_with_windows_line_ends(s: Scene) -> Truth:
    path = script(s)
    s.write(path, s.read(path).replace(b"\n", b"\r\n"), s.place.setup.folder_mode)
    return Truth("cgi-windows-line-endings", path, (1,), page=s.pages[-1])


@case(APACHE, "static", "php")
def cgi_for_a_missing_program(s: Scene) -> Truth:
    path = script(s)
    first, _newline, rest = s.read(path).partition(b"\n")
    missing = s.rng.choice((b"#!/usr/local/bin/perl5", b"#!/usr/bin/python2.4", b"#!/opt/ruby/bin/ruby", b"#!/usr/local/bin/php4"))
    s.write(path, missing + b"\n" + rest, s.place.setup.folder_mode)
    return Truth("cgi-interpreter-missing", path, (1,), page=s.pages[-1])


@case(LOGGED, "static", "php")
def cgi_without_a_header(s: Scene) -> Truth:
    path = script(s)
    s.write(path, "#!/bin/sh\necho 'Hello, this is our form'\necho '<p>and more</p>'\n", s.place.setup.folder_mode)
    return Truth("cgi-malformed-header", path, page=s.pages[-1])


@case(LOGGED, "static")
def cgi_that_says_nothing(s: Scene) -> Truth:
    path = script(s)
    s.write(path, f"#!/bin/sh\n# {s.rng.choice(words.SENTENCES[:5])}\nexit {s.rng.randint(0, 3)}\n", s.place.setup.folder_mode)
    return Truth("cgi-no-output", path, (), ("cgi-script-error",), s.pages[-1])


@case(LOGGED, "static")
def cgi_that_fails(s: Scene) -> Truth:
    path = script(s)
    bad = s.rng.choice(("my $x = ;", "use No::Such::Module;", "print undefined_thing(;", "die 'no';"))
    s.write(path, f'#!/usr/bin/perl\nuse strict;\n{bad}\nprint "Content-Type: text/plain\\n\\n";\n', s.place.setup.folder_mode)
    return Truth("cgi-script-error", path, (), ("cgi-no-output",), s.pages[-1])
