"""The commands that may be run on a host, all of them: each reads, one fills a database, and no secret stands in their words.

Whoever wants one more adds it here. What a command needs to know in secret is given to it on its standard input.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from diagnostics.transports.base import Reader, Unsupported
from sites.texts import mark as _


@dataclass(frozen=True, slots=True)
class Command:
    """Words that are quoted one by one for the host's shell, how many bytes of answer are taken and how long it may run."""

    words: tuple[str, ...]
    limit: int = 65_536
    seconds: float = 10.0
    with_errors: bool = False  # what it prints as errors comes with the answer


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command answered. `is_cut`: there was more than was asked for, and how it ended is not known (`status` None)."""

    status: int | None
    output: bytes
    is_cut: bool = False


def run(reader: Reader, command: Command, given: bytes = b"") -> Ran:
    """Runs one of the commands of this module. Raises Unsupported where the connection runs none, and TransportError."""
    runner = getattr(reader, "run", None)
    if runner is None:
        raise Unsupported(_("This connection runs no commands."))
    found: Ran = runner(command, given)
    return found


@dataclass(slots=True)
class Ending:
    """How a command ended whose output was taken block by block: None as long as it has not. `errors`: what it said, bounded."""

    status: int | None = None
    errors: bytes = b""


def pull(reader: Reader, command: Command, given: bytes, ending: Ending) -> Iterator[bytes]:
    """As `run`, block by block and of any length. Raises as that does."""
    puller = getattr(reader, "pull", None)
    if puller is None:
        raise Unsupported(_("This connection runs no commands."))
    found: Iterator[bytes] = puller(command, given, ending)
    return found


def pour(writer: Reader, command: Command, blocks: Iterable[bytes], what: str) -> Ran:
    """Runs a command whose standard input is of any length, and which changes `what`. Raises as `run` does."""
    pourer = getattr(writer, "pour", None)
    if pourer is None:
        raise Unsupported(_("This connection runs no commands."))
    found: Ran = pourer(command, blocks, what)
    return found


# For each name: "+" and the content of a regular file of at most so many bytes, else "-"; then the mark on a line of its own.
_CONTENTS = (
    'most=$1; mark=$2; shift 2; for f; do if [ -f "$f" ] && [ ! -L "$f" ] && [ -r "$f" ] && [ "$(wc -c <"$f")" -le "$most" ]; '
    'then printf +; cat -- "$f"; else printf -; fi; printf "\\n%s\\n" "$mark"; done'
)


def contents(paths: Sequence[str], most: int, mark: str) -> Command:
    """Several small files at once, each ended by a line with `mark`. Links are not followed."""
    return Command(("sh", "-c", _CONTENTS, "sh", str(most), mark, *paths), limit=4 * 1024 * 1024)


# The first PHP that can speak to MySQL, as hosts name it: in the path, by version, or in the folders of OVHcloud and CloudLinux.
_PHP = (
    "for p in php php8.4 php8.3 php8.2 php8.1 php8.0 php7.4 /usr/local/php8.*/bin/php /opt/alt/php8*/usr/bin/php; do "
    'if command -v "$p" >/dev/null 2>&1 && "$p" -m </dev/null 2>/dev/null | grep -qi "^mysqli$"; '
    'then exec "$p" -d display_errors=0 -d error_reporting=0 -d xdebug.mode=off -r "$1"; fi; done; exit 127'
)
_CLIENT = (
    'for p in mariadb mysql; do if command -v "$p" >/dev/null 2>&1; then cat | "$p" --defaults-file=/dev/stdin --batch --skip-column-names '
    '--force --connect-timeout=4 -e "$1" 2>&1; exit 0; fi; done; exit 127'
)


def php_with_database(program: str) -> Command:
    """A program for PHP, which is told on its standard input how to log in."""
    return Command(("sh", "-c", _PHP, "sh", program), limit=262_144, seconds=14.0)


def database_client(statements: str) -> Command:
    """Statements for the `mysql` client, whose standard input is a settings file with the login."""
    return Command(("sh", "-c", _CLIENT, "sh", statements), limit=262_144, seconds=14.0)


# The PHP of the wanted version where one of the usual places has it, else the one on the path; which it is; then each file's turn.
# `-n`: without the host's php.ini, so that nothing of it is loaded or logged. `-l` compiles and runs nothing.
_LINT = (
    'want=$1; mark=$2; shift 2; bare=$(printf %s "$want" | tr -d .); php=; '
    'for try in ${want:+"/usr/local/php$want/bin/php" "php$want" "/opt/cpanel/ea-php$bare/root/usr/bin/php" "/opt/plesk/php/$want/bin/php" '
    '"/opt/alt/php$bare/usr/bin/php"} php; do if command -v "$try" >/dev/null 2>&1; then php=$try; break; fi; done; '
    '[ -n "$php" ] || exit 127; limit=; command -v timeout >/dev/null 2>&1 && limit="timeout 8"; "$php" -n -v | head -n 1; '
    'for f; do printf "\\n%s\\n" "$mark"; '
    '$limit "$php" -n -d display_errors=1 -d log_errors=0 -d html_errors=0 -d memory_limit=128M -l "$f" </dev/null 2>&1; done; exit 0'
)


def lint(paths: Sequence[str], version: str, mark: str) -> Command:
    """`php -l` of some files: first a line with the version, then for each file a line with `mark` and what PHP says of it."""
    return Command(("sh", "-c", _LINT, "sh", version, mark, *paths), limit=256 * 1024, seconds=12.0)


# How much room is left where a path lies, in kilobytes and in files, and what of the account's quota is used.
_SPACE = 'mark=$2; df -Pk -- "$1" 2>/dev/null; echo "$mark"; df -Pi -- "$1" 2>/dev/null; echo "$mark"; quota -w 2>/dev/null; exit 0'


def space(path: str, mark: str) -> Command:
    """`df -Pk`, `df -Pi` and `quota`, parted by lines with `mark`. What the host does not have prints nothing."""
    return Command(("sh", "-c", _SPACE, "sh", path, mark), limit=16_384, seconds=6.0)


# Where Perl and Python of the host look for modules, asked of themselves: no module is loaded. What this login adds by its
# surroundings does not count: the web server starts scripts without it.
_OF_PERL = (
    'for my $name (@ARGV) { (my $file = "$name.pm") =~ s{::}{/}g; my $there = grep { !ref($_) && -f "$_/$file" } @INC; '
    'print(($there ? "+" : "-") . " $name\\n") }'
)
_OF_PYTHON = (
    "import importlib.util as u, sys\nsys.path[:1] = []\nfor name in sys.argv[1:]:\n"
    "    print('+' if name in sys.modules or u.find_spec(name) else '-', name)"
)
_PLAINLY = ("env", "-u", "PERL5LIB", "-u", "PERL5OPT", "-u", "PERLLIB", "-u", "PYTHONPATH", "-u", "PYTHONSTARTUP", "-u", "PYTHONHOME")


def modules_of_perl(names: Sequence[str]) -> Command:
    """A line for each module: "+" or "-", and its name."""
    return Command((*_PLAINLY, "perl", "-e", _OF_PERL, "--", *names), limit=16_384, seconds=5.0)


def modules_of_python(names: Sequence[str]) -> Command:
    """The same of Python 3; names without a dot, of which nothing is loaded that the search does not need."""
    return Command((*_PLAINLY, "python3", "-c", _OF_PYTHON, *names), limit=16_384, seconds=5.0)


# A dump that is the same twice where nothing changed in between: no date. What only one of MySQL and MariaDB knows is "loose".
_DUMP = (
    'db=$1; shift; pack=cat; command -v gzip >/dev/null 2>&1 && pack="gzip -c -3"; '
    'for p in mariadb-dump mysqldump; do if command -v "$p" >/dev/null 2>&1; then echo "$p"; cat | "$p" --defaults-file=/dev/stdin '
    "--single-transaction --quick --hex-blob --skip-dump-date --default-character-set=utf8mb4 --max-allowed-packet=512M "
    '--loose-no-tablespaces --loose-set-gtid-purged=OFF --loose-column-statistics=0 -- "$db" "$@" | $pack; exit 0; fi; done; exit 127'
)
# Its input: the lines of a settings file, the mark, then statements. The settings reach the client by a pipe, as number 4; with the
# words of the shell itself, so that they stand in no process list and no file. It stops at the first statement that fails.
_STATEMENTS = (
    'mark=$1; db=$2; given=; while IFS= read -r line; do [ "$line" = "$mark" ] && break; given="$given$line\n"; done; '
    'for p in mariadb mysql; do if command -v "$p" >/dev/null 2>&1; then { printf %s "$given" | "$p" --defaults-file=/dev/fd/4 --batch '
    '--skip-column-names --max-allowed-packet=512M --default-character-set=utf8mb4 --connect-timeout=8 -- "$db" 4<&0 0<&3 2>&1; } 3<&0; '
    "exit $?; fi; done; exit 127"
)


def dump(database: str, tables: Sequence[str]) -> Command:
    """The name of the program on a line, then a dump of these tables, packed with gzip where the host has that."""
    return Command(("sh", "-c", _DUMP, "sh", database, *tables), limit=1 << 40, seconds=160.0)


def statements(database: str, mark: str) -> Command:
    """Statements that change a database; see `pour`. The line with `mark` ends the settings on its standard input."""
    return Command(("sh", "-c", _STATEMENTS, "sh", mark, database), limit=262_144, seconds=160.0)
