"""The line of a `.htaccess` that keeps WordPress's addresses from being sent to it, whatever happened to its block."""

from __future__ import annotations

from dataclasses import replace

import pytest

from diagnostics.checks.registry import run_checks
from diagnostics.findings import Finding
from tests.diagnostics.checks.test_wordpress import FILES as CORE_FILES
from tests.diagnostics.evidences import evidence

WP = {"www/wp-load.php": b"<?php\n", "www/wp-blog-header.php": b"<?php\n", "www/wp-config.php": b"<?php\n"}
BLOCK = [
    "# BEGIN WordPress", "<IfModule mod_rewrite.c>", "RewriteEngine On",
    "RewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]", "RewriteBase /", "RewriteRule ^index\\.php$ - [L]",
    "RewriteCond %{REQUEST_FILENAME} !-f", "RewriteCond %{REQUEST_FILENAME} !-d", "RewriteRule . /index.php [L]", "</IfModule>",
    "# END WordPress",
]  # fmt: skip
BEFORE = ["# of the owner", "Options -Indexes", ""]


def lines(changes: dict[int, str | None], block: list[str] = BLOCK, before: list[str] = BEFORE, after: tuple[str, ...] = ()) -> bytes:
    """The file with lines of the block (from 0) written otherwise, or left out where that is None."""
    kept = [text for number, line in enumerate(block) if (text := changes.get(number, line)) is not None]
    return "\n".join([*before, *kept, *after, ""]).encode()


def lost(content: bytes) -> Finding | None:
    found = run_checks(evidence({**WP, "www/.htaccess": content}, "", status=404, path="/opening-hours/")).findings
    return next((each for each in found if each.check == "wordpress-permalinks"), None)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1, "<IfModule mod_rewrit.c>"),
        (1, "<IfModule mod-rewrite.c>"),
        (1, "<IfModule mod_rewrite>"),
        (1, "<IfModule mod_Rewrite.c>"),
        (1, "<IfModule !mod_rewrite.c>"),
        (1, "<IfModule modrewrite.c>"),
        (2, "RewriteEngine Off"),
        (2, "RewriteEngine of"),
        (2, "# RewriteEngine On"),
        (5, "RewriteRule .* - [L]"),
        (5, "RewriteRule ^ - [END]"),
        (6, "RewriteCond %{REQUEST_FILENAME} -f"),
        (7, "RewriteCond %{REQUEST_FILENAME} -d"),
        (8, "RewriteRule ^index\\.php$ /index.php [L]"),
        (8, "RewriteRule . - [R=404,L]"),
        (8, "#RewriteRule . /index.php [L]"),
        (8, "RewriteRule ^$ /index.php [L]"),
    ],
)
@pytest.mark.parametrize("before", [[], BEFORE])
def test_line_of_the_block_that_is_not_as_wordpress_writes_it(number: int, text: str, before: list[str]) -> None:
    found = lost(lines({number: text}, before=before))
    assert found is not None and found.cause == "htaccess-wordpress-block"
    assert found.line == len(before) + number + 1 and BLOCK[number] in found.summary


@pytest.mark.parametrize("number", [2, 8])
def test_line_that_is_gone_is_told_at_its_place(number: int) -> None:
    found = lost(lines({number: None}))
    assert found is not None and found.line == len(BEFORE) + number + 1
    assert "lacks" in found.summary and BLOCK[number] in found.summary


@pytest.mark.parametrize(
    ("target", "cause"),
    [
        ("/blog/index.php", "htaccess-rewrite-loop"),  # as WordPress writes it where it answers under /blog/
        ("/indx.php", "htaccess-wordpress-block"),
        ("/index.html", "htaccess-wordpress-block"),
    ],
)
def test_target_that_is_not_there_goes_round_and_is_told_by_its_rule(target: str, cause: str) -> None:
    content = lines({4: "RewriteBase /old/", 8: f"RewriteRule . {target} [L]"})
    found = run_checks(evidence({**WP, "www/.htaccess": content}, None, status=500, path="/opening-hours/")).findings[0]
    assert (found.check, found.cause, found.line) == ("htaccess-loop", cause, len(BEFORE) + 9)


@pytest.mark.parametrize(
    ("extra", "at"), [("RewriteEngine Off", 3), ("RewriteRule ^ - [L]", 3), ("RewriteRule . - [L]", 6), ("RewriteEngine Off", 9)]
)
def test_line_that_does_not_belong_into_the_block_is_named(extra: str, at: int) -> None:
    found = lost(lines({}, [*BLOCK[:at], extra, *BLOCK[at:]]))
    assert found is not None and found.line == len(BEFORE) + at + 1


@pytest.mark.parametrize(
    ("before", "after", "number"),
    [
        (["RewriteEngine On", "RewriteRule ^opening - [L]"], (), 2),
        ([], ("RewriteEngine Off",), 12),
        (["# old", "RewriteEngine On", "RewriteRule ^(.*)/$ /old/$1.html [END]"], (), 3),
    ],
)
def test_line_beside_a_sound_block_is_named_and_the_block_left_as_it_is(before: list[str], after: tuple[str, ...], number: int) -> None:
    found = lost(lines({}, before=before, after=after))
    assert found is not None and found.line == number and "restore-wordpress-block" not in found.repairs


@pytest.mark.parametrize("marks", [(0,), (10,), (0, 10)])
def test_block_without_its_marks_is_laid_beside_wordpresss_all_the_same(marks: tuple[int, ...]) -> None:
    content = lines({**dict.fromkeys(marks, None), 2: "RewriteEngine Off"})
    found = lost(content)
    assert found is not None and found.line == content.split(b"\n").index(b"RewriteEngine Off") + 1


def test_block_that_is_gone_as_a_whole_has_no_line() -> None:
    found = lost("\n".join([*BEFORE, "Header set X-A b", ""]).encode())
    assert found is not None and found.line is None and "gone" in found.summary


def test_commented_out_block_is_told_at_its_first_rule() -> None:
    block = [BLOCK[0], *(f"#{line}" for line in BLOCK[1:-1]), BLOCK[-1]]
    found = lost(lines({}, block))
    assert found is not None and found.line == len(BEFORE) + 2


@pytest.mark.parametrize("content", [lines({}), lines({3: None}), lines({4: None}), lines({2: "rewriteengine  on"})])
def test_block_that_leads_to_wordpress_is_not_blamed(content: bytes) -> None:
    assert lost(content) is None


def in_folder(content: bytes | None, folder: str, more: dict[str, bytes] | None = None) -> Finding | None:
    files = {name.replace("www/", f"www/{folder}/"): text for name, text in CORE_FILES.items()} | (more or {})
    files |= {f"www/{folder}/.htaccess": content} if content else {}
    found = run_checks(evidence(files, "", status=404, path=f"/{folder}/opening-hours/")).findings
    return next((each for each in found if each.check == "wordpress-permalinks"), None)


def test_wordpress_in_a_folder_of_the_site_has_a_block_of_its_own() -> None:
    below = [line.replace("RewriteBase /", "RewriteBase /blog/").replace("/index.php [L]", "/blog/index.php [L]") for line in BLOCK]
    found = in_folder(lines({2: "RewriteEngine Off"}, below), "blog")
    assert found is not None and (found.path, found.line) == ("www/blog/.htaccess", len(BEFORE) + 3)
    gone = in_folder(None, "blog")
    assert gone is not None and (gone.path, gone.line) == ("www/blog/.htaccess", None)
    assert in_folder(lines({}, below), "blog") is None


def test_wordpress_that_lies_below_and_answers_above_has_its_block_in_the_docroot() -> None:
    start = b"<?php\ndefine('WP_USE_THEMES', true);\nrequire __DIR__ . '/wp/wp-blog-header.php';\n"
    files = {name.replace("www/", "www/wp/"): text for name, text in CORE_FILES.items()}
    files |= {"www/index.php": start, "www/.htaccess": lines({2: "RewriteEngine Off"})}
    found = run_checks(evidence(files, "", status=404, path="/opening-hours/")).findings
    assert [(each.path, each.line) for each in found if each.check == "wordpress-permalinks"] == [("www/.htaccess", len(BEFORE) + 3)]


def test_page_asked_for_by_its_number_says_nothing_of_the_start_page() -> None:
    """WordPress sends `/?p=4` on to the address that is lost: it fails as that one does."""
    content = lines({8: None})
    seen = evidence({**WP, "www/.htaccess": content}, "", status=404, path="/opening-hours/")
    by_number = replace(seen.site.pages[0], path="/?p=4")
    seen = replace(seen, site=replace(seen.site, pages=(*seen.site.pages, by_number)))
    assert any(each.check == "wordpress-permalinks" for each in run_checks(seen).findings)
