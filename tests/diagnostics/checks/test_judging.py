"""Several findings at once: the root first, what follows from it after it, and two faults of their own both named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from diagnostics.checks import run_checks
from diagnostics.checks.judging import judged
from diagnostics.evidence import Evidence, PageSeen
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.installed import DatabaseTrial
from tests.diagnostics.checks.test_wordpress import FILES, fatal
from tests.diagnostics.evidences import AT, apache_line, evidence

C = Severity.CRITICAL


def found(cause: str, confidence: float = 0.9, path: str = "", line: int | None = None, message: str = "", severity: Severity = C,
          proof: str = "") -> Finding:  # fmt: skip
    return Finding(
        "test", cause, severity, confidence, f"{cause}.", path=path, line=line, data=(("message", message),),
        evidence=(Proof("error-log", proof or f"{cause} {path} {line}"),),
    )  # fmt: skip


def order(*findings: Finding) -> list[tuple[str, str]]:
    both = judged(findings), judged(reversed(findings))
    assert [f.cause for f in both[0]] == [f.cause for f in both[1]], "the order of the checks must not decide"
    return [(finding.cause, str(finding.severity)) for finding in both[0]]


_REFUSED = "PHP Warning:  fopen(/srv/x/www/tmp/s): Failed to open stream: Permission denied in /srv/x/www/lib/keep.php on line 6"
_HANDED_FALSE = "Uncaught TypeError: flock(): Argument #1 ($stream) must be of type resource, bool given"


@pytest.mark.parametrize(
    ("root", "follows"),
    [
        (found("disk-full", 0.9), found("php-session-path-not-writable", 0.9)),
        (found("disk-full", 0.9), found("database-table-crashed", 0.93)),
        (found("folder-not-traversable", 0.9, "www/lib"), found("php-missing-file", 0.93, "www/lib/a.php", 3)),
        (found("folder-not-writable", 0.9, "www/tmp"), found("php-uncaught-exception", 0.94, "www/index.php", 3,
                                                             "file_put_contents(x): Failed to open stream: Permission denied")),
        (found("database-server-down", 0.93), found("php-uncaught-exception", 0.96, "www/index.php", 9, "PDOException: SQLSTATE[HY000]")),
        (found("database-access-denied", 0.98), found("wordpress-plugin", 0.97, "www/wp-content/plugins/a/a.php", 3, "x on null")),
        (found("php-missing-file", 0.9, "www/lib/a.php"), found("php-class-not-found", 0.93, "www/index.php", 4)),
        (found("wordpress-core-file", 0.9, "www/wp-includes/load.php"), found("php-undefined-function", 0.9, "www/wp-settings.php", 4)),
        (found("php-service-down", 0.9), found("php-uncaught-exception", 0.9, "www/index.php", 4)),
        (found("folder-not-writable", 0.93, "www/tmp", proof=_REFUSED),
         found("php-uncaught-exception", 0.96, "www/lib/keep.php", 7, _HANDED_FALSE)),
        (found("open-basedir", 0.93, "www/.user.ini", 2, proof=_REFUSED),
         found("php-uncaught-exception", 0.96, "www/lib/keep.php", 8, "Call to a member function read() on false")),
    ],
)  # fmt: skip
def test_what_follows_from_another_stands_after_it_as_a_warning(root: Finding, follows: Finding) -> None:
    assert order(root, follows) == [(root.cause, "critical"), (follows.cause, "warning")]
    told = judged([follows, root])[1]
    assert root.cause in told.hint and "follows" in told.hint


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            found("htaccess-invalid-directive", 0.97, "www/.htaccess", 3),
            found("wordpress-plugin", 0.97, "www/wp-content/plugins/a/a.php", 3),
        ),
        (found("database-access-denied", 0.9), found("php-parse-error", 0.9, "www/contact.php", 4, "syntax error")),
        (found("folder-not-traversable", 0.9, "www/lib"), found("php-missing-file", 0.9, "www/other/a.php", 3)),
        (found("php-parse-error", 0.96, "www/a.php", 3), found("php-parse-error", 0.96, "www/b.php", 3)),
    ],
)
def test_two_faults_of_their_own_are_both_named(one: Finding, other: Finding) -> None:
    assert order(one, other) == [(one.cause, "critical"), (other.cause, "critical")]


def test_value_that_another_file_was_handed_is_a_fault_of_its_own() -> None:
    other = found("php-uncaught-exception", 0.96, "www/lib/other.php", 7, _HANDED_FALSE)
    assert order(found("folder-not-writable", 0.93, "www/tmp", proof=_REFUSED), other)[0] == ("php-uncaught-exception", "critical")


def test_weak_suspicion_is_no_root() -> None:
    weak, sure = found("disk-full", 0.5), found("php-uncaught-exception", 0.96, "www/index.php", 3)
    assert order(weak, sure) == [("php-uncaught-exception", "critical"), ("disk-full", "critical")]


def test_less_sure_finding_does_not_take_away_a_proven_one() -> None:
    likely, proven = found("database-server-down", 0.65), found("php-uncaught-exception", 0.97, "www/a.php", 3, "PDO something")
    assert order(likely, proven)[0] == ("php-uncaught-exception", "critical")


def test_same_line_of_a_log_is_one_finding_under_the_code_that_says_where() -> None:
    specific = found("wordpress-plugin", 0.93, "www/wp-content/plugins/a/a.php", 42, proof="the line")
    general = found("php-uncaught-exception", 0.96, "www/wp-includes/post.php", 9, proof="the line")
    made = judged([general, specific])
    assert [(f.cause, f.line, f.confidence, f.also) for f in made] == [("wordpress-plugin", 42, 0.96, ("php-uncaught-exception",))]


def test_same_file_seen_twice_is_one_finding_with_the_line() -> None:
    by_file = found("wordpress-core-file", 0.9, "www/wp-includes/post.php")
    by_log = found("php-truncated-file", 0.96, "www/wp-includes/post.php", 88)
    made = judged([by_file, by_log])
    assert [(f.cause, f.line, f.confidence) for f in made] == [("wordpress-core-file", 88, 0.96)] and len(made[0].evidence) == 2


# --- with whole evidences -------------------------------------------------------------------------------
def seen(log: str, files: dict[str, bytes] | None = None, **more: object) -> Evidence:
    return replace(evidence({**FILES, **(files or {})}, log), **more)  # type: ignore[arg-type]


def causes(made: Evidence) -> list[tuple[str, str]]:
    return [(finding.cause, str(finding.severity)) for finding in run_checks(made).findings if finding.severity is not Severity.NOTE]


REFUSED = apache_line("/home/demo/www/.htaccess: Invalid command 'RewritEngine', perhaps misspelled or defined by a module not included")


def test_refused_htaccess_stands_before_an_error_of_a_plugin() -> None:
    """While Apache refuses the settings nothing behind them runs: the plugin's turn comes next."""
    made = seen(fatal("Uncaught Error: x in ~/wp-content/plugins/prices/prices.php:3") + REFUSED, {"www/.htaccess": b"RewritEngine On\n"})
    assert [cause for cause, _severity in causes(made)][:2] == ["htaccess-invalid-directive", "wordpress-plugin"]


def test_database_that_is_down_stands_before_the_fatal_that_it_makes() -> None:
    trial = DatabaseTrial("php", "localhost", "wp", "wp_", "www/wp-config.php", "connect", 2002, "Connection refused")
    made = seen(fatal("Uncaught mysqli_sql_exception: No connection in ~/wp-content/plugins/prices/prices.php:3"), database=trial)
    page = PageSeen("/", "https://shop.example/", "database-error", 500, AT)
    made = replace(made, site=replace(made.site, pages=(page,)))
    assert causes(made)[0] == ("database-server-down", "critical")
    assert ("wordpress-plugin", "critical") not in causes(made)


def test_two_parts_that_fail_on_two_pages_are_both_named() -> None:
    log = fatal("Uncaught Error: x in ~/wp-content/plugins/prices/prices.php:3") + fatal(
        "Uncaught Error: y in ~/wp-content/themes/plain/functions.php:4"
    )
    assert {cause for cause, _severity in causes(seen(log))} == {"wordpress-plugin", "wordpress-theme"}


def test_interrupted_update_names_the_missing_file_first() -> None:
    files = {name: content for name, content in FILES.items() if name != "www/wp-includes/load.php"}
    made = evidence(files, fatal("Uncaught Error: Call to undefined function wp_check_php() in ~/wp-settings.php:34"))
    assert causes(made)[0] == ("wordpress-core-file", "critical")
    assert run_checks(made).findings[0].path == "www/wp-includes/load.php"


def test_that_the_program_itself_answers_is_said_only_where_nothing_says_why() -> None:
    own = replace(found("application-answers-500", 0.61, "www/index.php"), check="own-answer")
    sure = found("php-version-incompatible-code", 0.96)
    assert [finding.cause for finding in judged([own, sure])] == ["php-version-incompatible-code"]
    assert [finding.cause for finding in judged([own, found("recent-change", 0.5, "www/a.php")])][0] == "application-answers-500"


def test_file_that_was_changed_says_less_than_what_the_page_says_of_php() -> None:
    version = "www/wp-includes/version.php"
    changed = replace(found("wordpress-core-file", 0.6, version), check="recent-changes")
    sure = replace(found("php-version-incompatible-code", 0.96, version), check="wordpress-says")
    assert order(changed, sure)[0] == ("php-version-incompatible-code", "critical")


def test_one_cause_of_a_file_told_twice_keeps_the_line_and_the_surer_word() -> None:
    bare = found("database-table-crashed", 0.98, "www/index.php")
    lined = found("database-table-crashed", 0.9, "www/index.php", 7)
    assert [(each.line, each.confidence) for each in judged([bare, lined])] == [(7, 0.98)]
    other = replace(lined, line=9)
    assert len(judged([bare, lined, other])) == 3  # whose line it would be cannot be told
