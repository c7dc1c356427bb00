"""Installed upstream software that is run to make cases: what each needs, and whether the automatic tests run it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.corpus.case import Case
from tests.corpus.software import apache, applications, fronts, php, wikis, wordpress
from tests.corpus.software.running import binary


@dataclass(frozen=True)
class Source:
    """One software. `needs`: programs or paths that must be there. `quick`: started by the automatic tests too."""

    name: str
    make: Callable[[Path], Iterator[Case]]
    needs: tuple[str, ...]
    quick: bool = False

    def why_missing(self) -> str:
        """Why it cannot be run here, "" when it can."""
        lacking = [need for need in self.needs if not (Path(need).exists() if need.startswith("/") else binary(need))]
        return f"{', '.join(lacking)} not installed" if lacking else ""


SOURCES = (
    Source("apache", apache.cases, ("apache2",), quick=True),
    Source("nginx", fronts.nginx, ("nginx",), quick=True),
    Source("lighttpd", fronts.lighttpd, ("lighttpd",), quick=True),
    Source("haproxy", fronts.haproxy, ("haproxy",), quick=True),
    Source("varnish", fronts.varnish, ("varnishd",), quick=True),
    Source("squid", fronts.squid, ("squid", "/usr/share/squid/errors")),
    Source("php", php.built_in, ("php",), quick=True),
    Source("php-cgi", php.cgi, ("apache2", "php-cgi"), quick=True),
    Source("php-fpm", php.fpm, ("php-fpm8.2", "nginx")),
    Source("symfony", php.symfony, ("php", "/usr/share/php/Symfony/Component/ErrorHandler/autoload.php")),
    Source("wordpress", wordpress.cases, ("php", "mariadbd", "mariadb-install-db", "/usr/share/wordpress/wp-load.php"), quick=True),
    Source("mediawiki", wikis.mediawiki, ("php", "/usr/share/mediawiki/index.php")),
    Source("dokuwiki", wikis.dokuwiki, ("php", "/usr/share/dokuwiki/doku.php")),
    Source("django", applications.django, (), quick=True),
    Source("gunicorn", applications.gunicorn, (), quick=True),
    Source("python", applications.python_server, (), quick=True),
    Source("flask", applications.flask, ("/usr/lib/python3/dist-packages/flask",)),
    Source("uwsgi", applications.uwsgi, ("uwsgi", "/usr/lib/uwsgi/plugins/python3_plugin.so")),
    Source("puma", applications.puma, ("puma",)),
)
