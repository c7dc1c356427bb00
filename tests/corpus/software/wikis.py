# ruff: noqa: E501 (a page or a setting stays on one line, to be compared with the next)
"""MediaWiki and DokuWiki: a database that is away in five languages, a fatal, a set-up that is not finished, a page about errors."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from sites.probing.outcome import Kind
from tests.corpus.case import Case
from tests.corpus.software.running import Shown, ask, binary, free_port, running

_MEDIAWIKI = Path("/usr/share/mediawiki")
_DOKUWIKI = Path("/usr/share/dokuwiki")
_LANGUAGES = ("en", "fr", "de", "es", "it")


def mediawiki(folder: Path) -> Iterator[Case]:
    """Its page for a database that is away, and for what it cannot handle."""
    for language in _LANGUAGES:
        settings = folder / f"{language}.php"
        settings.write_text(
            f"<?php\n$wgSitename = 'Mugs'; $wgLanguageCode = '{language}'; $wgServer = 'http://127.0.0.1'; $wgScriptPath = '';\n"
            f"$wgDBtype = 'mysql'; $wgDBserver = '127.0.0.1:{free_port()}'; $wgDBname = 'w'; $wgDBuser = 'w'; $wgDBpassword = 'w';\n"
            f"$wgSecretKey = '{'0' * 64}'; $wgCacheDirectory = '{folder}'; $wgMainCacheType = CACHE_NONE;\n"
            "if (isset($_GET['fatal'])) { nothing_of_that_name(); }\nif (isset($_GET['show'])) { $wgShowExceptionDetails = true; }\n"
            "if (isset($_GET['odd'])) { $wgSessionCacheType = 'none-such'; $wgObjectCaches = []; }\n"
        )
        port = free_port()
        with running([binary("php"), "-d", "display_errors=0", "-S", f"127.0.0.1:{port}", "-t", _MEDIAWIKI], port=port,
                     env={"MW_CONFIG_FILE": str(settings)}, seconds=20):  # fmt: skip
            pages = [Shown("database-down", "/index.php?title=Main", Kind.DATABASE_ERROR, language),
                     Shown("database-down-details", "/index.php?title=Main&show=1", Kind.DATABASE_ERROR, language)]  # fmt: skip
            if language == "en":
                pages += [Shown("fatal", "/index.php?fatal=1", Kind.SERVER_ERROR)]
            yield from ask(f"mediawiki-{language}", port, pages)


def dokuwiki(folder: Path) -> Iterator[Case]:
    """A wiki whose page is about error 500, one whose data folder is gone, one with a fatal in a plugin."""
    root = folder / "root"
    shutil.copytree(_DOKUWIKI, root, symlinks=False, ignore_dangling_symlinks=True, ignore=shutil.ignore_patterns(".htaccess"))
    shutil.rmtree(root / "conf", ignore_errors=True)
    shutil.copytree(_conf(), root / "conf", ignore_dangling_symlinks=True)
    (root / "inc/preload.php").unlink(missing_ok=True)
    (root / "conf/local.php").write_text(
        "<?php\n$conf['title'] = 'Mugs'; $conf['useacl'] = 0; $conf['savedir'] = './data';\nif (isset($_GET['fatal'])) { nothing_of_that_name(); }\n"
    )
    for name in ("attic", "cache", "index", "locks", "media", "media_attic", "media_meta", "meta", "pages", "tmp", "log"):
        (root / "data" / name).mkdir(parents=True, exist_ok=True)
    words = "The database is down, 500 Internal Server Error, fatal error: what now?"
    (root / "data/pages/start.txt").write_text(
        f"====== Error 500 ======\n\n{words}\n\n  Fatal error: Uncaught Error: x in /a.php on line 3\n"
    )
    port = free_port()
    with running([binary("php"), "-d", "display_errors=0", "-S", f"127.0.0.1:{port}", "-t", root], port=port):
        yield from ask("dokuwiki", port, [Shown("page-about-errors", "/doku.php", Kind.OK, lookalike=True),
                                          Shown("fatal", "/doku.php?fatal=1", Kind.SERVER_ERROR)])  # fmt: skip
        shutil.rmtree(root / "data")
        yield from ask("dokuwiki", port, [Shown("data-gone", "/doku.php", Kind.FATAL_IN_BODY)])


def _conf() -> Path:
    """Debian keeps the settings that came with it beside its own."""
    return next(
        (path for path in (Path("/usr/share/dokuwiki/conf"), Path("/etc/dokuwiki")) if path.is_dir() and os.listdir(path)),
        Path("/etc/dokuwiki"),
    )
