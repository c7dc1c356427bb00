# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Where the files lie: restored trees, disks and their limits, folders that were moved, lost or closed."""

from __future__ import annotations

import os
import struct
from pathlib import Path

from tests.lab import words
from tests.lab.cases.base import APACHE, LOGGED, PHP, Truth, case
from tests.lab.cases.moving import ERRORS_END_IT
from tests.lab.scene import Scene
from tests.lab.sites.php_site import describe, page_source


def _each(folder: Path) -> list[Path]:
    return [Path(base) / name for base, folders, files in os.walk(folder) for name in (*folders, *files)]


def _restored(s: Scene, top: str, folder_mode: int, file_mode: int, *, by_root: bool) -> None:
    for entry in [*_each(s.path(top)), s.path(top)]:
        if by_root:
            os.chown(entry, 0, 0, follow_symlinks=False)
        entry.chmod(folder_mode if entry.is_dir() else file_mode)


def _program(s: Scene, *lines: str) -> None:
    site = describe(s)
    s.write(s.at("index.php"), page_source(s, site, site.title, more=list(lines)))


@case(LOGGED, "static", "php")
def restored_by_root(s: Scene) -> Truth:
    """The whole site came out of the backup as its administrator's own."""
    _restored(s, s.www, 0o700, 0o600, by_root=True)
    return Truth("folder-not-traversable", s.www, statuses=(403,))


@case(LOGGED, "static")
def all_files_without_rights(s: Scene) -> Truth:
    """Folders came back as they were, the files with no permission at all."""
    for entry in _each(s.path(s.www)):
        if entry.is_file():
            entry.chmod(0)
    pages = (s.at(".htaccess"), s.at("index.html"))
    return Truth("file-unreadable", s.at("index.html"), also=("htaccess-unreadable",), statuses=(403,), paths=pages)


@case(("plain", "engine", "own-log"), "php")
def program_restored_by_root(s: Scene) -> Truth:
    """PHP, as the account, may not even look into the folder of its own libraries."""
    site = describe(s)
    _restored(s, s.at(site.library), 0o700, 0o600, by_root=True)
    return Truth("folder-not-traversable", s.at(site.library))


@case(APACHE, "static")
def uploaded_with_a_narrow_umask(s: Scene) -> Truth:
    """An FTP program that gives new files and folders to nobody but their owner."""
    folder = s.rng.choice(words.FOLDERS) + "-new"
    for name in ("index.html", "all/index.html", "all/list.html"):
        s.write(s.at(f"{folder}/{name}"), words.html(s.rng, folder))
    _restored(s, s.at(folder), s.place.setup.folder_mode, 0o600, by_root=False)
    s.pages = ["/", f"/{folder}/index.html"]
    return Truth("file-unreadable", s.at(f"{folder}/index.html"), page=f"/{folder}/index.html", statuses=(403,))


@case(LOGGED, "static")
def access_list_shuts_out_the_server(s: Scene) -> Truth:
    """Finer permissions than the nine letters show: they say "rw-r--r--", and the web server is named as an exception."""
    name = f"{s.rng.choice(words.PAGES)}-2.html"
    s.keep(s.at(name), words.html(s.rng, "Page"))
    undefined, server = 0xFFFFFFFF, 33  # www-data
    entries = ((1, 6, undefined), (2, 0, server), (4, 4, undefined), (0x10, 4, undefined), (0x20, 4, undefined))
    listed = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
    os.setxattr(s.path(s.at(name)), "system.posix_acl_access", listed)
    s.pages = ["/", f"/{name}"]
    return Truth("file-unreadable", s.at(name), page=f"/{name}", statuses=(403,))


@case(PHP, "php")
def no_more_files(s: Scene) -> Truth:
    """There is room on the disk, and no number left for one more file: PHP keeps no session any more."""
    site = describe(s)
    start = s.read(s.at(site.start)).decode()
    s.keep(s.at(site.start), start.replace("session_start();", f"{ERRORS_END_IT}\nsession_start();"))
    if s.small_disk("tmp", 4000, files=6):
        for number in range(9):
            try:
                (s.path("tmp") / f"sess_{number}").touch()
            except OSError:
                break
            s.place.account.own(s.path(f"tmp/sess_{number}"))
    return Truth("disk-full", also=("php-session-path-not-writable",))


@case(PHP, "php")
def temporary_folder_cleaned_away(s: Scene) -> Truth:
    """With what lay in it, by a job that was to make room."""
    site = describe(s)
    s.remove("tmp")
    start = s.read(s.at(site.start)).decode()
    s.keep(s.at(site.start), start.replace("session_start();", f"{ERRORS_END_IT}\nsession_start();"))
    return Truth("php-session-path-not-writable", "tmp", also=("folder-not-writable",), paths=(s.at(site.start),))


@case(PHP, "php")
def uploads_of_another_owner(s: Scene) -> Truth:
    """Folders of usual modes that the administrator's restore made its own."""
    s.keep(s.at("uploads/2024/photo.txt"), "a\n")
    _restored(s, s.at("uploads"), 0o755, 0o644, by_root=True)
    _program(
        s,
        "$folder = __DIR__ . '/uploads/' . date('Y-m');",
        "if (!is_dir($folder) && !@mkdir($folder, 0755, true)) {",
        "    throw new RuntimeException(sprintf('Unable to create directory %s. Is its parent directory writable by the server?', $folder));",
        "}",
    )
    return Truth("folder-not-writable", s.at("uploads"), paths=(s.at("index.php"),))


@case(PHP, "php")
def own_log_of_another_owner(s: Scene) -> Truth:
    """A timed job that ran as root began today's log."""
    s.write(s.at("storage/logs/app.log"), "[2024-05-01 03:00:00] production.INFO: nightly run\n")
    os.chown(s.path(s.at("storage/logs/app.log")), 0, 0)
    _program(
        s,
        "$log = __DIR__ . '/storage/logs/app.log';",
        "if (!$stream = @fopen($log, 'a')) {",
        "    throw new UnexpectedValueException(sprintf('The stream or file \"%s\" could not be opened in append mode: Failed to open stream: Permission denied', $log));",
        "}",
    )
    return Truth(
        "folder-not-writable",
        s.at("storage/logs/app.log"),
        also=("file-unreadable",),
        paths=(s.at("storage/logs"), s.at("index.php")),
    )


@case(LOGGED, "static", "php")
def docroot_is_a_broken_link(s: Scene) -> Truth:
    """A deployment's link to a release that was cleaned away."""
    s.path(s.www).rename(s.path("release-1"))
    s.path(s.www).symlink_to(f"releases/{s.rng.randint(20240101, 20261231)}")
    s.place.account.own(s.path(s.www))
    s.afterwards(s.path(s.www).unlink)
    s.pages = ["/"]
    return Truth("index-file-missing", s.www, statuses=(403, 404))


@case((*LOGGED, "engine"), "static", "php")
def docroot_in_another_letter_case(s: Scene) -> Truth:
    """Named anew by somebody whose own computer makes no difference."""
    other = s.www.upper() if s.rng.random() < 0.5 else s.www.capitalize()
    s.path(s.www).rename(s.path(other))
    s.pages = ["/"]
    return Truth("index-file-missing", s.www, statuses=(403, 404), paths=(other,))


@case((*LOGGED, "engine"), "static", "php")
def everything_one_folder_too_deep(s: Scene) -> Truth:
    """An archive brought a folder of its own along."""
    inner = s.rng.choice(("website", "htdocs_backup", "site-2024", "httpdocs"))
    s.path(s.www).rename(s.path("moved"))
    s.folder(s.www)
    s.path("moved").rename(s.path(s.at(inner)))
    s.pages = ["/"]
    return Truth(
        "index-file-missing", s.www, statuses=(403, 404), paths=(s.at(inner), s.at(f"{inner}/index.php"), s.at(f"{inner}/index.html"))
    )


@case(PHP, "php")
def saved_on_a_full_disk(s: Scene) -> Truth:
    """The file is there, and nothing is in it."""
    name = s.rng.choice(("index.php", describe(s).start))
    s.write(s.at(name), "")
    if name == "index.php":
        return Truth("php-truncated-file", s.at(name), also=("php-fatal-hidden",), statuses=(200,), is_empty=True)
    return Truth("php-truncated-file", s.at(name), also=("php-class-not-found", "php-undefined-function"), paths=(s.at("index.php"),))


@case((*PHP, "ovh"), "php", times=2)
def folder_that_nobody_keeps(s: Scene) -> Truth:
    """Version control keeps no empty folders: the copy on the host lacks the one that the program fills."""
    names = ("cache", "uploads", "data/export", "var/cache/pages", "tmp/thumbs", "storage/logs")
    folder = s.rng.choice([name for name in names if not s.path(s.at(name)).exists()])
    if "/" in folder and s.rng.random() < 0.5:
        s.folder(s.at(folder.rpartition("/")[0]))
    lines = (
        f"file_put_contents(__DIR__ . '/{folder}/' . md5(__FILE__) . '.html', 'x');",
        f"$list = fopen(__DIR__ . '/{folder}/visits.csv', 'a');\nfwrite($list, date('c'));",
        f"foreach (new DirectoryIterator(__DIR__ . '/{folder}') as $each) {{ $names[] = $each->getFilename(); }}",
        f"if (@file_put_contents(__DIR__ . '/{folder}/last.txt', date('c')) === false) {{ throw new RuntimeException(error_get_last()['message']); }}",
    )
    line = s.rng.choice(lines)
    _program(s, ERRORS_END_IT, line)
    also = ("php-missing-file", "php-uncaught-exception")
    return Truth("folder-not-writable", s.at(folder), (), also, paths=(s.at("index.php"), s.at(folder.partition("/")[0])))


@case(("plain", "engine"), "static", "php")
def home_closed(s: Scene) -> Truth:
    """Made private as a whole, and the docroot with it."""
    s.place.home.chmod(s.rng.choice((0o700, 0o750)))
    return Truth("folder-not-traversable", also=("root-disabled-by-host",), statuses=(403, 404))


@case(LOGGED, "php")
def refused_settings_before_a_lost_library(s: Scene) -> Truth:
    """Two at once: the web server never comes to the file that is not there."""
    s.remove(s.at(describe(s).helpers))
    s.write(s.at(".htaccess"), "Options -Indexes\nDirectoryIndexes index.php\n")
    return Truth("htaccess-invalid-directive", s.at(".htaccess"), (2,))


@case(PHP, "php")
def memory_below_a_full_disk(s: Scene) -> Truth:
    """Two at once: a disk of something else is full, and has nothing to do with what fails."""
    s.folder(s.at("cache"))
    if s.small_disk(s.at("cache"), 64):
        (s.path(s.at("cache")) / "old.bin").write_bytes(b"\0" * 65_536)
    site = describe(s)
    s.write(s.at(site.helpers), s.read(s.at(site.helpers)).decode() + "$list = [1, 2;\n")
    line = s.line_of(s.at(site.helpers), "$list = [1, 2;")
    return Truth("php-parse-error", s.at(site.helpers), (line,))
