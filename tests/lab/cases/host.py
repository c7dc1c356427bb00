"""The host's own trouble, which the account cannot repair; and a start page that is not there."""

from __future__ import annotations

from tests.lab.cases.base import APACHE, LOGGED, Truth, case
from tests.lab.scene import Scene


@case(("dead",), "php", "wordpress", times=2)
def php_is_not_running(s: Scene) -> Truth:
    return Truth("php-service-down", statuses=(503,))


@case(("crash",), "php", "wordpress", times=2)
def php_crashes_for_every_page(s: Scene) -> Truth:
    return Truth("php-service-crash", statuses=(503,))


@case(("mute",), "php", "wordpress", times=2)
def php_does_not_answer(s: Scene) -> Truth:
    return Truth("upstream-timeout", statuses=(504,))


@case(("refused",), "static", "php", times=2)
def nothing_behind_the_front(s: Scene) -> Truth:
    return Truth("upstream-bad-gateway", statuses=(502,))


@case((*APACHE, "engine"), "static", "php")
def start_page_gone(s: Scene) -> Truth:
    for name in ("index.html", "index.php"):
        if s.path(s.at(name)).exists():
            s.path(s.at(name)).rename(s.path(s.at(f"{name}.old")))
    return Truth("index-file-missing", s.www, statuses=(403, 404), paths=(s.at("index.html"), s.at("index.php")))


@case(LOGGED, "static")
def docroot_emptied(s: Scene) -> Truth:
    for entry in s.path(s.www).iterdir():
        s.remove(s.at(entry.name))
    s.pages = ["/"]
    return Truth("index-file-missing", s.www, statuses=(403, 404), paths=(s.at("index.html"), s.at("index.php")))


@case(LOGGED, "static", "php")
def docroot_renamed(s: Scene) -> Truth:
    """The whole folder was set aside, by a slip or before an upload that never came."""
    s.path(s.www).rename(s.path(f"{s.www}.old"))
    s.pages = ["/"]
    return Truth("index-file-missing", s.www, statuses=(403, 404), paths=(f"{s.www}.old",))
