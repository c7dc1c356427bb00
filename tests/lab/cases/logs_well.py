# ruff: noqa: E501 (a line of a log stays on one line)
"""Sites that are well beside databases, logs and clocks that are not."""

from __future__ import annotations

import time

from tests.lab.cases.base import LOGGED, PHP, Truth, well
from tests.lab.cases.healthy import WELL
from tests.lab.cases.php_settings import setting
from tests.lab.scene import Scene
from tests.lab.sites import noise
from tests.lab.sites.php_site import describe, page_source


@well(("plain", "shared"), "php")
def timed_job_lost_its_database(s: Scene) -> Truth:
    stamp = time.strftime("%d-%b-%Y %H:%M:%S UTC", time.gmtime(time.time() - 20))
    s.write(
        s.at("error_log"),
        f"[{stamp}] PHP Warning:  mysqli::query(): MySQL server has gone away in {s.path('jobs')}/nightly.php on line 12\n"
        f"[{stamp}] PHP Fatal error:  Uncaught mysqli_sql_exception: Too many connections in {s.path('jobs')}/nightly.php:13\nStack trace:\n#0 {{main}}\n  thrown in {s.path('jobs')}/nightly.php on line 13\n",
    )
    return WELL


@well(PHP, "php")
def silent_and_well(s: Scene) -> Truth:
    setting(s, "log_errors = Off", "display_errors = Off")
    return WELL


@well(LOGGED, "static", "php")
def rotated_a_moment_ago(s: Scene) -> Truth:
    name = s.place.setup.error_log
    s.write(f"{name}.1", "\n".join(noise.old(s, 40) + noise.harmless(s, 20)) + "\n", days=0.001)
    return WELL


@well(("plain", "shared"), "php")
def clock_that_runs_ahead(s: Scene) -> Truth:
    """What it wrote yesterday seems to be of this minute."""
    site = describe(s)
    stamp = time.strftime("%d-%b-%Y %H:%M:%S", time.gmtime(time.time() + 9 * 3600 - 30))
    s.write(
        s.at("error_log"),
        f"[{stamp} Asia/Tokyo] PHP Fatal error:  Uncaught Error: Call to undefined function gone() in {s.path(s.at(site.page))}:3\nStack trace:\n#0 {{main}}\n  thrown in {s.path(s.at(site.page))} on line 3\n",
    )
    return WELL


@well(("plain", "shared", "engine"), "php")
def program_that_does_without_its_database(s: Scene) -> Truth:
    """It tries, writes down that it could not, and shows the page."""
    site = describe(s)
    lines = [
        "try {",
        "    $db = new PDO('mysql:host=127.0.0.1;port=1;dbname=stats', 'stats', 'x');",
        "} catch (PDOException $e) {",
        "    error_log('stats: ' . $e->getMessage());",
        "}",
    ]
    s.write(s.at("index.php"), page_source(s, site, site.title, more=lines))
    return WELL
