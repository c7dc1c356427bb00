"""From the link in the mail to a site that works, for the causes that are met most often: no more than four clicks each.

The faults are planted in real sites behind real web servers, noticed by the running product, and mailed to a real mail server.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.config.running import wait_for
from tests.journeys.browsing import Visitor
from tests.journeys.conftest import Product
from tests.journeys.installing import log_in, mail_to
from tests.journeys.sleeper import Sleeper
from tests.lab.cases import CASES, Case, Truth
from tests.lab.cases.base import PHP
from tests.lab.cases.htaccess import plant
from tests.lab.cases.permissions import script
from tests.lab.hosting import Shell
from tests.lab.planting import Planted, planted
from tests.lab.scene import Scene
from tests.lab.sites.wordpress_site import config
from tests.lab.stack import Stack, started, why_missing
from tests.lab.test_mails import Clocked, add, inbox, installation  # noqa: F401 - inbox is a fixture

pytestmark = pytest.mark.slow
MOST_CLICKS = 4  # the mail's own link is one of them, and each field that is typed
SEED = "from mail to green"
TELLS = "Probable cause:"
LASTED_MIN = 40  # a maintenance that nobody is told of before half an hour
EARLIER = """
from dataclasses import replace
from datetime import timedelta
from django.db import transaction
from sites import judging
from sites.models import Page
with transaction.atomic():
    for page in Page.objects.filter(site__name={name!r}):
        state = judging.state_from_json(page.state)
        began = state.maintenance_since - timedelta(minutes={minutes})
        page.state = judging.state_to_json(replace(state, maintenance_since=began))
        page.save(update_fields=["state"])
"""


def _wrong_password(scene: Scene) -> Truth:
    """Somebody changed it in the host's panel and forgot the settings of WordPress."""
    scene.write(scene.at("wp-config.php"), config(scene, password="Sommer2019"))
    return Truth("database-access-denied", scene.at("wp-config.php"))


def _script_open_to_all(scene: Scene) -> Truth:
    """With what an upload program calls "all permissions"."""
    page = scene.pages[-1]
    scene.chmod(scene.at(page.removeprefix("/")), 0o777)
    return Truth("cgi-writable-by-others", page=page)


def _not_allowed(scene: Scene) -> Truth:
    """As copied from the settings of a whole server."""
    path, line, _page = plant(scene, ("CustomLog logs/own.log combined",), where="root")
    return Truth("htaccess-directive-not-allowed", path, (line,))


def _left_in_maintenance(scene: Scene) -> Truth:
    """By a service that updates many blogs from outside, and was broken off."""
    path = scene.at(".maintenance")
    scene.write(path, "<?php $upgrading = time(); ?>", days=LASTED_MIN / 1440)
    return Truth("wordpress-stuck-maintenance", path, statuses=(503,))


OWN = {
    case.name: case
    for case in (
        Case("wordpress.password-changed", _wrong_password, PHP, ("wordpress",)),
        Case("htaccess.not-allowed", _not_allowed, ("shared",), ("static",)),
        Case("permissions.script-open-to-all", _script_open_to_all, ("shared",), ("static",)),
        Case("wordpress.left-in-maintenance", _left_in_maintenance, PHP, ("wordpress",)),
    )
}


@dataclass(frozen=True)
class Road:
    """One of the causes, and where in the lab it is planted. `has`: what the site has beside, and is watched.

    `keeps`: its program files are kept while it is well. `lasts`: it is met early, and told only after it lasted.
    """

    case: str
    place: str
    over: str = "ssh"
    has: Callable[[Scene], object] | None = None
    keeps: bool = False
    lasts: bool = False

    @property
    def planted(self) -> Case:
        known = OWN.get(self.case) or next(case for case in CASES if case.name == self.case)
        return replace(known, places=(self.place,))


# Each row is planted at once, at places of its own. The first is what CI walks.
NIGHTS = (
    (
        Road("htaccess.misspelt-1", "plain"),
        Road("wordpress.plugin-fails-1", "fcgid"),
    ),
    (
        Road("htaccess.not-allowed", "shared"),
        Road("htaccess.section-left-open-1", "plain", "ftp"),
        Road("permissions.library-unreadable", "fcgid"),
        Road("wordpress.password-changed", "engine"),
        Road("wordpress.theme-fails", "own-log"),
    ),
    (
        Road("wordpress.plugin-too-old", "plain", "sftp"),
        Road("php_settings.prepended-file-missing-1", "engine"),
        Road("php.truncated-1", "own-log", keeps=True),
        Road("permissions.script-open-to-all", "shared", "sftp", has=script),
        Road("wordpress.left-in-maintenance", "fcgid", "ftp", lasts=True),
    ),
)


def _name(road: Road) -> str:
    return road.case.replace(".", "-").replace("_", "-")


@dataclass
class Night:
    """The running product, the sites, and who is woken."""

    lab: Stack
    shell: Shell
    inbox: Clocked
    key: Path
    visit: Callable[..., Visitor]
    product: Product
    shoots: bool  # pictures of every page

    def plant(self, road: Road, stack: ExitStack) -> Planted:
        """The site is registered while it is well, then it breaks."""
        site = stack.enter_context(planted(self.lab, road.planted, SEED, while_well=lambda scene: self._register(road, scene)))
        if road.lasts:
            self._let_it_last(road)
        return site

    def _let_it_last(self, road: Road) -> None:
        """It is met as what it may well be, and told to nobody; then time passes."""
        met = "select min(sites_page.kind = 'maintenance') from sites_page join sites_site on sites_site.id = site_id where name = ?"
        wait_for(lambda: self._ask(met, road), 60, f"{road.case} is met")
        assert self._verdict(road) == "up"
        done = self.shell.run("shell", "--verbosity", "0", "-c", EARLIER.format(name=_name(road), minutes=LASTED_MIN))
        assert done.status == 0, done.err

    def _register(self, road: Road, scene: Scene) -> None:
        if road.has:
            road.has(scene)
        add(self.shell, self.lab, Planted(road.planted, scene, Truth(""), ""), _name(road), road.over, self.key)
        wait_for(lambda: self._verdict(road) == "up", 60, f"{road.case} is up")
        if road.keeps:
            visitor = self.visit(self.product)
            log_in(visitor, _name(road))
            visitor.go(f"/sites/{self._ask('select id from sites_site where name = ?', road)}/files/")
            visitor.press("Take a baseline now")
            wait_for(lambda: self._is_kept(road), 120, f"files of {road.case} are kept")

    def _is_kept(self, road: Road) -> bool:
        return bool(self._ask("select 1 from diagnostics_keptfile join sites_site on sites_site.id = site_id where name = ?", road))

    def _verdict(self, road: Road) -> str:
        return str(self._ask("select verdict from sites_site where name = ?", road))

    def _ask(self, query: str, road: Road) -> object:
        with closing(sqlite3.connect(f"file:{self.product.state_folder}/db.sqlite3?mode=ro", uri=True, timeout=20)) as database:
            return (database.execute(query, (_name(road),)).fetchone() or (None,))[0]


def _walk(night: Night, site: Planted, road: Road) -> tuple[int, str]:
    visitor = night.visit(night.product)
    visitor.shots = visitor.shots / _name(road)
    log_in(visitor, _name(road))
    database = site.scene.database
    sleeper = Sleeper(visitor, types=database.password if database else "", shoots=night.shoots)
    began = time.monotonic()
    sleeper.mend(mail_to(night.inbox, _name(road), TELLS))
    assert site.truth.why_not_shown(site.scene.place), "the page says that the site works, and it does not"
    line = f"{road.case}: {sleeper.clicks} clicks, {time.monotonic() - began:.0f} s: {' > '.join(sleeper.pressed)}"
    return sleeper.clicks, line


def _all(night: Night, roads: tuple[Road, ...]) -> list[str]:
    """What took too long, in clicks."""
    too_many = []
    with ExitStack() as stack:
        sites = [night.plant(road, stack) for road in roads]
        for road, site in zip(roads, sites, strict=True):
            clicks, line = _walk(night, site, road)
            print(line)
            if clicks > MOST_CLICKS:
                too_many.append(line)
    return too_many


@pytest.mark.timeout(600)
@pytest.mark.parametrize("roads", [NIGHTS[0], *(pytest.param(roads, marks=pytest.mark.full) for roads in NIGHTS[1:])], ids=range(1, 4))
def test_link_of_the_mail_leads_to_a_site_that_works(start, visit, inbox, tmp_path: Path, roads: tuple[Road, ...]) -> None:  # noqa: F811
    if why := why_missing():
        pytest.skip(why)
    with started() as lab:
        key = tmp_path / "key"
        key.touch(0o600)
        key.write_text(lab.doors.shell.private_key_text)
        product, shell = installation(start, inbox, [_name(road) for road in roads])
        if lab.doors.ftp:
            shell.settings["SITEMEND_SECRET_FTP"] = lab.doors.ftp.password
        assert not _all(Night(lab, shell, inbox, key, visit, product, shoots=roads is not NIGHTS[0]), roads)
