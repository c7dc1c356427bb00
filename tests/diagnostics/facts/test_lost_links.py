"""Where what a broken link led to is looked for, and where never: not above the account, not at other sites, not at other users."""

from __future__ import annotations

import posixpath

import pytest

from diagnostics.facts.lost_links import CONTENT, COUNTED, MOVED, NAME, RELEASE, Search, Wanted
from diagnostics.facts.small_files import SmallFiles
from diagnostics.transports.base import FileKind
from tests.fakes import FakeHost, Node

HOME = "/home/demo"
WWW = f"{HOME}/www"


def host(*files: str, held: str, link: str = "www/lib", home: str = HOME, protocol: str = "sftp") -> FakeHost:
    return FakeHost(
        {f"{HOME}/{name}": name.encode() for name in files},
        folders={WWW: 0o755},
        links={f"{HOME}/{link}": held},
        home=home,
        protocol=protocol,
    )


def places(
    host: FakeHost, link: str = "www/lib", others: tuple[str, ...] = (), docroot: str = WWW, **wanted: object
) -> list[tuple[str, str, str]]:
    """How each was found, its path, and what the link would hold."""
    path = f"{HOME}/{link}"
    values = {"uid": 1000, "asked": ("start.php",), **wanted}
    found = Search(SmallFiles(host), docroot, others).places(Wanted(path, host.link_target(path), **values))  # type: ignore[arg-type]
    for place in found:  # what it would hold leads there
        assert posixpath.normpath(posixpath.join(posixpath.dirname(path), place.target)) == place.entry.absolute
    return [(place.how, place.entry.absolute.removeprefix(f"{HOME}/"), place.target) for place in found]


@pytest.mark.parametrize(
    ("held", "files", "found"),
    [
        ("/homez.12/old/shared/lib", ["shared/lib/start.php"], [(MOVED, "shared/lib", "../shared/lib")]),
        ("../../shared/lib", ["shared/lib/start.php"], [(COUNTED, "shared/lib", "../shared/lib")]),
        ("shared/lib", ["shared/lib/start.php"], [(COUNTED, "shared/lib", "../shared/lib")]),
        ("../releases/20240101/lib", ["releases/20240301/lib/start.php", "releases/20240201/lib/start.php", "releases/20240401/README"],
         [(RELEASE, "releases/20240301/lib", "../releases/20240301/lib"), (RELEASE, "releases/20240201/lib", "../releases/20240201/lib")]),
        ("../releases/v9", ["releases/v10/start.php", "releases/v8/start.php", "releases/shared/start.php"],
         [(RELEASE, "releases/v10", "../releases/v10"), (RELEASE, "releases/v8", "../releases/v8")]),
        ("/srv/code/toolbox", ["private/toolbox/start.php", "private/other/start.php"], [(NAME, "private/toolbox", "../private/toolbox")]),
        ("lib", ["kept-elsewhere/start.php", "kept-elsewhere/more.php", "backup/else.php"],
         [(CONTENT, "kept-elsewhere", "../kept-elsewhere")]),
    ],
)  # fmt: skip
def test_place_is_found_in_the_surest_way(held: str, files: list[str], found: list[tuple[str, str, str]]) -> None:
    assert places(host(*files, held=held)) == found


@pytest.mark.parametrize(
    ("held", "files"),
    [
        ("../releases/20240101/lib", ["releases/20240301/lib/else.php"]),  # lacks what is asked for
        ("../shared/lib", ["shared/lib"]),  # a file where a folder was
        ("../gone/lib", []),
        ("lib", ["start.php"]),  # the link itself, and the folders above it
    ],
)
def test_nothing_is_found_where_nothing_fits(held: str, files: list[str]) -> None:
    assert places(host(*files, held=held)) == []


def test_what_belongs_to_other_users_or_sites_is_no_place() -> None:
    there = host("shared/lib/start.php", "blog/lib/start.php", held="../old/lib")
    assert [path for _how, path, _target in places(there)] == ["blog/lib", "shared/lib"]
    assert [path for _how, path, _target in places(there, others=(f"{HOME}/blog",))] == ["shared/lib"]
    there.nodes[f"{HOME}/shared/lib"].uid = 1001
    assert places(there, others=(f"{HOME}/blog",)) == []


def test_nothing_above_the_account_is_looked_at_nor_what_leads_out_of_it() -> None:
    there = host(held="/home/other/shared/lib")
    there.put("/home/other/shared/lib/start.php", b"theirs")
    there.put("/etc/lib/start.php", b"the host's")
    assert places(there) == []
    there.put(f"{HOME}/shared/lib", Node(FileKind.LINK, target="/home/other/shared/lib"))
    there.put(f"{HOME}/way", Node(FileKind.LINK, target="/home/other/shared"))
    assert places(there) == []


@pytest.mark.parametrize(("protocol", "seen"), [("ssh", ["private/toolbox"]), ("sftp", ["private/toolbox", "/srv/toolbox"])])
def test_whole_machine_is_not_taken_for_the_account(protocol: str, seen: list[str]) -> None:
    """A login that lands in the root of a machine sees more than its account; one that is shut in sees nothing else."""
    there = host("private/toolbox/start.php", held="/x/toolbox", home="/", protocol=protocol)
    there.put("/srv/toolbox/start.php", b"perhaps not the account's")
    assert [path for _how, path, _target in places(there)] == seen


@pytest.mark.parametrize("held", ["../releases/20240101", "/releases/20240101/lib", "lib", "../../../..", "/", ""])
def test_search_from_the_root_ends(held: str) -> None:
    there = host(held=held, home="/")
    assert places(there, docroot="/www") == []


def test_file_is_looked_for_by_its_name_unless_every_folder_has_one() -> None:
    files = ("private/rates.php", "private/index.html", "private/empty/rates.php")
    there = host(*files, held="/srv/rates.php", link="www/rates.php")
    there.put(f"{HOME}/empty/rates.php", b"")
    wanted = {"asked": (), "is_folder": False}
    assert places(there, "www/rates.php", **wanted) == [(NAME, "private/rates.php", "../private/rates.php")]
    assert places(host(*files, held="/srv/index.html", link="www/index.html"), "www/index.html", **wanted) == []


def test_docroot_is_known_by_its_start_page_and_by_what_it_held_while_it_was_well() -> None:
    there = host("release-1/index.php", "release-1/app.php", "blog/index.php", "photos/a.jpg", held="releases/1", link="site")
    search = {"link": "site", "docroot": f"{HOME}/site", "asked": (), "any_of": ("index.php", "index.html")}
    assert [path for _how, path, _target in places(there, **search)] == ["blog", "release-1"]  # type: ignore[arg-type]
    known = {"index.php": len("release-1/index.php"), "app.php": len("release-1/app.php")}
    assert [path for _how, path, _target in places(there, **search, known=known)] == ["release-1"]  # type: ignore[arg-type]
