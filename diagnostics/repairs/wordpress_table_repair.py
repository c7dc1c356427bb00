"""Has WordPress itself repair its damaged tables, by its own page for that, where nothing can be run on the host.

WordPress repairs them at wp-admin/maint/repair.php once wp-config.php says WP_ALLOW_REPAIR; whoever asks then needs no login. So the
line that says it answers to one request alone, whose word nobody else can know, and is taken out right after that.
Rule: https://developer.wordpress.org/advanced-administration/wordpress/wp-config/#automatic-database-optimizing
"""

from __future__ import annotations

import hashlib
import posixpath
import re

from diagnostics.checks.common import failing_pages
from diagnostics.checks.php_parsing import MOST, first_error, parsed
from diagnostics.evidence import Evidence, TextFile
from diagnostics.findings import Finding
from diagnostics.installed import Application
from diagnostics.repairs.below_wordpress import LOADS
from diagnostics.repairs.plan import Plan, WriteFile
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "wordpress-table-repair"
WORD = "sitemend-tables"  # the name of the parameter
_PAGE = "wp-admin/maint/repair.php"
_OFFERS_IT = re.compile(rb"/maint/repair\.php\?referrer=is_blog_installed")  # wp-includes/functions.php: tables, and no settings in them
_MOVES_FILES = frozenset({"sftp", "ftp", "ftps"})
# The server's own words, in any language of WordPress: "Table './db/wp_posts' is marked as crashed", "Incorrect key file for table 'x'".
_TABLE = re.compile(r"(?:[Tt]able|file for table|for table) '(?:[^'\n]{0,200}[./])?([A-Za-z0-9_]{1,64})(?:\.MY[ID])?'")
# Tables of a kind that its server cannot repair (MySQL's manual, REPAIR TABLE): those of InnoDB, whose file is lost.
_NOT_REPAIRED = re.compile(r"Tablespace (?:has been discarded|is missing)|doesn't exist in engine|\bInnoDB\b|\b(?:1812|1814|1815|1877)\b ")
_NAME = re.compile(r"['\"]DB_NAME['\"]\s*,\s*['\"]([^'\"\n]{1,64})['\"]")
_PERSON = _(
    "Nothing can be run on the host over this connection, so what the tables hold cannot be copied first. Rows that the server cannot save "
    "are lost. If your host has a backup of the database from before the damage, or offers “Repair table” in phpMyAdmin, look there first."
)
_LASTING = _("What WordPress mends in its tables cannot be undone. The file is put back right after it, byte for byte.")
# Plugins are left out of this one request: one of them may be what stops the page. "tables_to_repair" adds to WordPress's own tables.
_LINE = (
    "if ( isset( $_GET['{word}'] ) && is_string( $_GET['{word}'] ) && hash( 'sha256', $_GET['{word}'] ) === '{digest}' ) {{ "
    "defined( 'WP_ALLOW_REPAIR' ) || define( 'WP_ALLOW_REPAIR', true ); defined( 'WP_INSTALLING' ) || define( 'WP_INSTALLING', true );"
    "{more} }}"
)
_MORE = (
    " $GLOBALS['wp_filter']['tables_to_repair'][10]['{word}'] = array( 'function' => function ( $all ) "
    "{{ return array_merge( $all, array( {names} ) ); }}, 'accepted_args' => 1 );"
)


@repair(
    id=ID, title=_("Have WordPress repair its damaged tables"), causes=("database-table-crashed", "database-table-missing"),
)  # fmt: skip
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    if evidence.connection not in _MOVES_FILES or (finding.cause != "database-table-crashed" and not _is_offered(evidence)):
        return None  # with commands on the host, a dump is made first
    if any(_NOT_REPAIRED.search(text) for text in _told(finding)):
        return None
    application = _wordpress(evidence)
    file = evidence.file(application.settings_path) if application else None
    address = _address(evidence, application) if application else ""
    if application is None or file is None or not address:
        return None
    secret = _secret(file)
    after = _with_line(file.content, _line(secret, _tables(finding)))
    if after is None:
        return CannotPlan(_("The line that loads WordPress is not found in {path} as it usually stands.").format(path=file.path))
    named = _NAME.search(file.content.decode("utf-8", "replace"))
    change = WriteFile(file.absolute, file.path, file.content, after, file.mode)
    title = _("Have WordPress repair its damaged tables")
    why = _(
        "WordPress has a page that does this. It is allowed in {path} for one request of ours and for nobody else, asked for, and the line "
        "is taken out again."
    )
    return Plan(
        ID, finding.cause, title, why.format(path=file.path), (change,), affects=_("Every page of this WordPress"), needs_person=_PERSON,
        asks=f"{address}?repair=1&{WORD}={secret}", lasting=_LASTING, confirm=named[1] if named else evidence.site.name,
    )  # fmt: skip


def settings_paths(evidence: Evidence) -> tuple[str, ...]:
    """The file in which the line would stand, as people see it."""
    application = _wordpress(evidence)
    return (application.settings_path,) if application and application.settings_path else ()


def _is_offered(evidence: Evidence) -> bool:
    return any(_OFFERS_IT.search(page.body) for page in failing_pages(evidence.site))


def _wordpress(evidence: Evidence) -> Application | None:
    failing = {page.path for page in failing_pages(evidence.site)}
    return next((each for each in evidence.applications if each.name == "wordpress" and failing & set(each.serves)), None)


def _address(evidence: Evidence, application: Application) -> str:
    """Of WordPress's page, as its folder lies in the docroot; empty where it does not."""
    inside = posixpath.relpath(f"{application.core}/{_PAGE}", evidence.docroot.rstrip("/") or "/") if application.core else ".."
    return "" if inside.startswith("..") else f"/{inside}"


def _secret(file: TextFile) -> str:
    """Always the same for the same file, so that what a person agreed to is what is done; its keys and password make it unguessable."""
    return hashlib.sha256(ID.encode() + b"\n" + file.content).hexdigest()[:40]


def _tables(finding: Finding) -> tuple[str, ...]:
    """Those that the database named as damaged: of plugins, WordPress's page knows none by itself."""
    found = [match[1] for text in _told(finding) for match in _TABLE.finditer(text)]
    return tuple(dict.fromkeys(found))[:5]


def _told(finding: Finding) -> tuple[str, ...]:
    return (finding.datum("message"), finding.summary, *(proof.text for proof in finding.evidence))


def _line(secret: str, tables: tuple[str, ...]) -> bytes:
    names = ", ".join(f"'{name}'" for name in tables)
    more = _MORE.format(word=WORD, names=names) if tables else ""
    return _LINE.format(word=WORD, digest=hashlib.sha256(secret.encode()).hexdigest(), more=more).encode()


def _with_line(content: bytes, line: bytes) -> bytes | None:
    """With it just above what loads WordPress; None where that is not found, or the file would not read as it should."""
    loads = LOADS.search(content) if len(content) <= MOST and first_error(content) is None else None
    if loads is None:
        return None
    ending = b"\r\n" if content[: loads.end() + 2].count(b"\r\n") else b"\n"
    after = content[: loads.start()] + line + ending + content[loads.start() :]
    is_read = any(node.type == "if_statement" and node.start_byte == loads.start() for node in parsed(after).children)
    return after if is_read and first_error(after) is None else None
