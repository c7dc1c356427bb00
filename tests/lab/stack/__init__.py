"""Everything a hosting company runs, on one machine and on loopback only: started once, for all sites of the lab."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.lab.apache import why_missing as why_no_apache
from tests.lab.stack.accounts import Doors, accounts, doors
from tests.lab.stack.blog import Databases, databases
from tests.lab.stack.directory import directory
from tests.lab.stack.front import fronting
from tests.lab.stack.php import hanging_up, mute, pools, wrapper
from tests.lab.stack.web import SETUPS, Place, serving
from tests.programs import binary, php_fpm
from tests.publisher import Publisher
from tests.servers import free_port

_NEEDED = ("nginx", "php-cgi", "mariadbd", "mariadb-install-db", "mariadb-dump", "php", "sshd", "useradd")
_BELOW = Path("/var/www")  # suEXEC runs nothing elsewhere


@dataclass(frozen=True)
class Stack:
    places: dict[str, Place]
    doors: Doors
    databases: Databases
    directory: Publisher  # of WordPress and its plugins; the product asks it while it is in use


def why_missing() -> str:
    """Why the lab cannot run here, "" when it can."""
    if os.geteuid() != 0:
        return "the lab makes accounts of the system, which only root can do"
    lacking = [name for name in _NEEDED if not binary(name)]
    lacking += [] if php_fpm() else ["php-fpm"]
    lacking += [] if Path("/usr/share/wordpress/wp-load.php").exists() else ["wordpress"]
    lacking += [] if Path("/usr/lib/apache2/suexec").exists() else ["apache2-suexec-custom"]
    lacking += [] if Path("/usr/lib/apache2/modules/mod_fcgid.so").exists() else ["libapache2-mod-fcgid"]
    return why_no_apache() or (f"{', '.join(lacking)} not installed" if lacking else "")


@contextlib.contextmanager
def started() -> Iterator[Stack]:
    """Runs everything until the block ends. Raises RuntimeError with the words of what does not start."""
    _BELOW.mkdir(mode=0o755, exist_ok=True)
    base = Path(tempfile.mkdtemp(prefix="sitemend-lab-", dir=_BELOW))
    in_memory = ["mount", "-t", "tmpfs", "-o", "size=1500m,mode=755", "tmpfs", str(base)]  # thousands of small files, again and again
    mounted = subprocess.run(in_memory, capture_output=True, check=False).returncode == 0
    base.chmod(0o755)
    try:
        with contextlib.ExitStack() as stack:
            yield _start(stack, base)
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(base)], check=False)
        shutil.rmtree(base, ignore_errors=True)


def _start(stack: contextlib.ExitStack, base: Path) -> Stack:
    hidden = base / "hidden"
    hidden.mkdir(mode=0o700)
    people = stack.enter_context(accounts(base, [setup.name for setup in SETUPS]))
    places = {}
    for setup in SETUPS:
        (hidden / setup.name).mkdir()
        places[setup.name] = Place(setup, people[setup.name], free_port(), hidden / setup.name)
        if setup.has_front:
            places[setup.name].front = stack.enter_context(fronting(places[setup.name].port, free_port()))
        for log in places[setup.name].logs:
            log.parent.mkdir(mode=0o755, exist_ok=True)
    members = {name: people[name] for name, place in places.items() if place.setup.backend == "fpm"}
    sockets = stack.enter_context(pools(base, members, {name: place.php_lines for name, place in places.items()}))
    for name, place in places.items():
        place.php = sockets.get(name, base / "php" / f"{name}.sock")
        if place.setup.backend == "fcgid":
            place.php = wrapper(base, place.account)
        if place.setup.backend == "hanging-up":
            stack.enter_context(hanging_up(place.php))
        elif place.setup.backend == "mute":
            stack.enter_context(mute(place.php))
    stack.enter_context(serving(base, places))
    made = stack.enter_context(databases(base))
    return Stack(places, stack.enter_context(doors(base)), made, stack.enter_context(directory(made.template)))
