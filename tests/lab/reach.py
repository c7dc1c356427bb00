"""What of the faults the account can repair at all: the bars of the second half count these, and the scoreboard shows the others too."""

from __future__ import annotations

from diagnostics.causes import CAUSES
from diagnostics.causes.base import RepairableBy
from tests.lab.planting import Planted, contents_of, digests_of_code

# What the developer of the site mends unless an earlier state of its code is known: the account then has nothing to put in its place.
_OF_CODE = frozenset({
    "php-parse-error", "php-uncaught-exception", "php-undefined-function", "php-removed-function", "php-version-incompatible-code",
    "php-memory-limit", "php-max-execution-time", "php-fatal-hidden", "application-answers-500", "php-process-crash",
})  # fmt: skip
# Files of another owner: only the host can change them.
_OF_HOST = frozenset({"permissions.library-of-another-owner", "scripts_and_owners.script-of-another-owner"})
# Tables that were dropped, or whose files are gone.
_OF_LOST_DATA = frozenset({
    "catalogue_tour_php.import-that-ended-early", "support_desk_clubs.answer-of-a-query-that-nobody-looks-at",
    "databases_away.files-of-a-table-are-lost", "wordpress_moved_on.table-without-its-file", "wordpress_conflicts.table-without-its-space",
})  # fmt: skip
# Where the page at fault answered nothing good before either: what it leads to is not there, and stays so without the fault.
_NEVER_WELL = frozenset({
    "htaccess_at_work.error-page-that-is-missing-itself", "rewriting.proxy-without-a-target",
    "access_and_scripts.proxy-for-a-protocol-that-is-not-there", "access_and_scripts.addresses-without-their-ending",
    "access_and_scripts.pages-that-were-programs", "support_desk_wordpress.block-written-for-addresses-with-index",
    "acceptance_roads.slash-behind-a-page-without-its-ending",
})  # fmt: skip


# The same where the code that was lost lies nowhere else: a copy beside it, another name, a release that is published would do.
_OF_LOST_CODE = frozenset({
    "php-class-not-found", "php-missing-file", "php-truncated-file", "wordpress-config-syntax", "redirect-loop", "index-file-missing",
    "database-table-missing",
})  # fmt: skip


_OF_MODES = frozenset({"file-unreadable", "folder-not-traversable", "htaccess-unreadable"})


def may_be_cured(cause: str, case: str = "", *, was_known: bool = True, is_of_others: bool = False, is_lost: bool = False) -> bool:
    """Whether the account can repair it: by the catalogue, and `was_known` while it was well where only an earlier state helps."""
    if cause not in CAUSES or CAUSES[cause].repairable_by is not RepairableBy.ACCOUNT:
        return False
    needs_earlier = cause in _OF_CODE or (is_lost and cause in _OF_LOST_CODE)
    return not is_of_others and case not in _OF_HOST | _NEVER_WELL and (was_known or not needs_earlier)


def is_new(planted: Planted) -> bool:
    """Whether the page at fault came with the file at fault: then no earlier state of it was well."""
    truth, earlier = planted.truth, planted.earlier
    return bool(truth.path) and truth.page not in earlier.pages and truth.path not in earlier.names


def is_lost(planted: Planted) -> bool:
    """Whether code that the site had while it was well lies nowhere on the account any more, under whatever name.

    Of a WordPress only its settings are its own: with them goes the login of its database.
    """
    if is_lost_behind_a_link(planted):
        return True
    path = planted.scene.path(planted.truth.path)
    if planted.site == "wordpress":
        is_config = path.name == "wp-config.php" and planted.truth.path in planted.earlier.names
        return is_config and not (path.is_file() and b"DB_NAME" in path.read_bytes())
    return bool(planted.earlier.digests - digests_of_code(planted.scene))


def is_lost_behind_a_link(planted: Planted) -> bool:
    """Whether a link to nothing has taken the place of a file, or of a folder of files, some of which lie nowhere on the account now."""
    home, earlier = planted.scene.place.home, planted.earlier.contents
    links = [path for path in home.rglob("*") if path.is_symlink() and not path.exists()]
    behind = {str(path.relative_to(home)) for path in links}
    lost = {digest for name, digest in earlier.items() if any(f"{name}/".startswith(f"{link}/") for link in behind)}
    return bool(lost - set(contents_of(planted.scene).values()))


def is_of_others(planted: Planted, over: str = "") -> bool:
    """Only the host changes what belongs to another owner, and only a copy brings back what a database no longer has: there is none.

    A front before the host is its own owner's.

    `over` FTP the lab's server, Pure-FTPd, sets no mode of what its owner may not read, whoever asks (src/ftpd.c, dochmod).
    """
    truth, account, front = planted.truth, planted.scene.place.account, planted.scene.place.front
    if front is not None and front.rule is not None and not truth.path:
        return True  # what answers before the host: a front of another company
    if truth.cause in ("database-missing", "database-access-denied") and _has_lost_its_database(planted):
        return True
    path = planted.scene.path(truth.path)
    is_there = bool(truth.path) and path.exists() and not path.is_symlink()
    if over == "ftp" and is_there and not path.stat().st_mode & 0o400 and truth.cause in _OF_MODES:
        return True
    is_foreign = bool(truth.path) and path.exists() and not path.is_symlink() and path.stat().st_uid != account.uid
    is_lost = planted.case.name in _OF_LOST_DATA or not truth.path
    return is_foreign or (truth.cause in ("database-table-missing", "database-table-crashed") and is_lost and not _can_be_repaired(planted))


def _can_be_repaired(planted: Planted) -> bool:
    """A table whose rows are there and whose index is damaged."""
    return planted.truth.cause == "database-table-crashed" and planted.case.name not in _OF_LOST_DATA


def _has_lost_its_database(planted: Planted) -> bool:
    """Whether the site's database lies nowhere any more, rights on it were taken from the site's user, or its server takes no writes: no
    file of the account brings these back."""
    made, databases = planted.scene.database, planted.scene.databases
    return made is not None and not (databases.is_there(made) and databases.has_all_rights(made) and databases.takes_writes())
