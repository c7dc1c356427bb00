"""Sections written as they were meant, lines that are too long, and the last way short of the whole file: nothing else is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnostics.htaccess.lint import lint
from diagnostics.repairs import CannotPlan, all_repairs, plan_repair, try_plan
from diagnostics.repairs.plan import Plan
from tests.diagnostics.htaccess.corpus import FAULTY, SOUND
from tests.diagnostics.htaccess.differing import SERVER
from tests.diagnostics.repairs.real_folder import fill, finding, planned, read, steady
from tests.diagnostics.repairs.test_repairs import after, seen
from tests.diagnostics.repairs.test_repairs import finding as found

SECTIONS = [
    (b"<IfModul mod_headers.c>\nHeader unset ETag\n</IfModule>\n", b"<IfModule mod_headers.c>\nHeader unset ETag\n</IfModule>\n"),
    (b'<FileMatch "\\.bak$">\nRequire all denied\n</FileMatch>\n', b'<FilesMatch "\\.bak$">\nRequire all denied\n</FilesMatch>\n'),
    (b"<If module mod_headers.c>\n  A\n</If>\n", b"<IfModule mod_headers.c>\n  A\n</IfModule>\n"),
    (b"<IfModule mod_headers.c>\nA\n<IfModule>\nB\n", b"<IfModule mod_headers.c>\nA\n</IfModule>\nB\n"),
    (b"<IfModule mod_headers.c>\r\nA\r\n<\\IfModule>\r\nB", b"<IfModule mod_headers.c>\r\nA\r\n</IfModule>\r\nB"),
    (b"(IfModule mod_headers.c)\nA\n(/IfModule)\n", b"<IfModule mod_headers.c>\nA\n</IfModule>\n"),
    (b"<Ifmodule>mod_headers.c\nA\n</Ifmodule>\n", b"<Ifmodule mod_headers.c>\nA\n</Ifmodule>\n"),
    (b"<IfDefined X>\nA\n</IfDefined>\n", b"<IfDefine X>\nA\n</IfDefine>\n"),
    (b"<FilesMach a>\n<IfModule x>\nA\n</IfModule>\n</FilesMach>\n", b"<FilesMatch a>\n<IfModule x>\nA\n</IfModule>\n</FilesMatch>\n"),
]
REMARKS = [
    (b"# from C:\\web\\\n<IfModule mod_headers.c>\nHeader unset ETag\n</IfModule>\n", 4),
    (b'# kept \\\r\n<FilesMatch "\\.sql$">\r\nRequire all denied\r\n</FilesMatch>\r\n', 4),
]
MANY = [f"192\\.0\\.{n // 250}\\.{n % 250}" for n in range(900)]
ADDRESSES = [f"192.0.{n // 250}.{n % 250}" for n in range(900)]


@pytest.mark.parametrize(("old", "new"), SECTIONS)
def test_tags_are_written_as_they_were_meant(old: bytes, new: bytes) -> None:
    old, new = old.replace(b"A", b"Options -Indexes"), new.replace(b"A", b"Options -Indexes")
    old, new = old.replace(b"\nB", b"\nFileETag None"), new.replace(b"\nB", b"\nFileETag None")
    assert lint(old, SERVER) and not lint(new, SERVER)
    plan = plan_repair("correct-htaccess-section", seen(old), found("htaccess-invalid-directive", 1))
    assert after(plan) == new and plan is not None and not plan.needs_person


ENDS = ["/IfModule>", "<IfModule>", "</IfModule", "[/IfModule]", "/IfModule", "IfModule>", "{/IfModle}"]


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("module", ["mod_headers.c", "mod_nobody.c"])
def test_end_that_lost_a_sign_is_told_where_it_stands_and_written_anew(end: str, module: str) -> None:
    old = f"FileETag None\n<IfModule {module}>\n  <Files x>\n  Require all denied\n  </Files>\n  {end}\nServerSignature Off\n".encode()
    faults = [fault for fault in lint(old, SERVER) if fault.line == 6]
    assert faults
    if faults[0].cause == "htaccess-unclosed-section":
        plan = plan_repair("close-htaccess-section", seen(old), found("htaccess-unclosed-section", 6))
        assert not lint(after(plan), SERVER) and b"\n  </IfModule>\nServerSignature" in after(plan)


BEGINNINGS = ["IfModule mod_x.c>", "[IfModule mod_x.c]", "(IfModule mod_x.c>", "/IfModule mod_x.c>", "{IfModul mod_x.c}"]


@pytest.mark.parametrize("beginning", BEGINNINGS)
@pytest.mark.parametrize("around", [b"", b"<IfModule mod_headers.c>\nHeader unset A\n</IfModule>\n"])
def test_beginning_that_lost_a_sign_is_told_where_it_stands(beginning: str, around: bytes) -> None:
    old = around + f"FileETag None\n{beginning}\n  Header unset ETag\n</IfModule>\n".encode()
    assert lint(old, SERVER)[0].line == old.count(b"\n") - 2


def test_beginning_of_a_box_that_lost_its_sign_is_written_anew() -> None:
    old = b"<IfModule mod_headers.c>\nHeader unset A\n</IfModule>\nRequireAll>\nRequire all granted\n</RequireAll>\n"
    assert (lint(old, SERVER)[0].cause, lint(old, SERVER)[0].line) == ("htaccess-unclosed-section", 4)
    plan = plan_repair("close-htaccess-section", seen(old), found("htaccess-unclosed-section", 4))
    assert after(plan) == old.replace(b"\nRequireAll>", b"\n<RequireAll>")


def test_end_that_nothing_opens_is_told_itself() -> None:
    old = b"<RequireAll>\nRequire all granted\n</RequireAll>\nFileETag None\n</RequireAll>\n"
    assert lint(old, SERVER)[0].line == 5


def test_section_without_anything_like_an_end_is_told_where_it_is_opened() -> None:
    old = b"<IfModule mod_nobody.c>\nIfModule x\nFileETag None\n"
    assert lint(old, SERVER)[0].line == 1


@pytest.mark.parametrize("name", SOUND)
def test_sound_sections_are_left_alone(name: str) -> None:
    for repair in ("correct-htaccess-section", "split-htaccess-line", "comment-out-htaccess-faults"):
        for line in (None, 1, 2):
            if repair != "comment-out-htaccess-faults" or line is None:
                assert not isinstance(try_plan(repair, seen(SOUND[name]), found("htaccess-bad-argument", line)), Plan)


@pytest.mark.parametrize(("old", "line"), REMARKS)
def test_remark_gives_back_the_line_that_it_swallowed(old: bytes, line: int) -> None:
    plan = plan_repair("close-htaccess-section", seen(old), found("htaccess-unclosed-section", line))
    assert after(plan) == old.replace(b"\\\r\n", b"\r\n", 1).replace(b"\\\n", b"\n", 1)


@pytest.mark.parametrize("name", FAULTY)
def test_every_faulty_line_becomes_a_comment_and_no_other_byte_changes(name: str) -> None:
    content, cause, line = FAULTY[name]
    causes = next(repair.causes for repair in all_repairs() if repair.id == "comment-out-htaccess-faults")
    fault = next(fault for fault in lint(content, SERVER) if fault.line == line and fault.cause == cause)
    plan = try_plan("comment-out-htaccess-faults", seen(content), found(cause, line, module=fault.module))
    if cause not in causes or not isinstance(plan, Plan):
        return
    made = after(plan)
    kept = [each.removeprefix(b"# ") for each in made.splitlines(keepends=True)]
    assert kept == [each.removeprefix(b"# ") for each in content.splitlines(keepends=True)]
    assert sum(fault.sure for fault in lint(made, SERVER)) < sum(fault.sure for fault in lint(content, SERVER))


def test_old_access_rules_that_nobody_can_translate_go_together_by_a_person_only() -> None:
    content = b"Options -Indexes\nOrder allow,deny\nAllow from all\nDeny from .example extra.*\nRequire all granted\n"
    server = found("htaccess-apache22-syntax", 2, module="mod_access_compat")
    assert isinstance(try_plan("modern-access-syntax", seen(content), server), CannotPlan)
    plan = plan_repair("comment-out-htaccess-faults", seen(content), server)
    assert plan is not None and plan.takes_away_protection and plan.needs_person
    assert after(plan) == b"Options -Indexes\n# Order allow,deny\n# Allow from all\n# Deny from .example extra.*\nRequire all granted\n"


@pytest.mark.parametrize("line", [None, 1, 2, 3, 9])
@pytest.mark.parametrize(
    "content",
    [
        b"# a\n# " + b"=" * 9000 + b"\nFileETag None\n",
        f"# a\nSetEnvIf Remote_Addr ^({'|'.join(MANY)})$ unwanted\nNonsense on\n".encode(),
        f"<Files x>\nSetEnvIf Remote_Addr ^({'|'.join(MANY)})$ unwanted\n</Files>\n".encode(),
    ],
)
def test_what_is_refused_as_a_comment_too_ends_the_search(content: bytes, line: int | None) -> None:
    assert not isinstance(try_plan("comment-out-htaccess-faults", seen(content), found("htaccess-bad-argument", line)), Plan)


def test_fault_elsewhere_than_the_finding_says_is_found() -> None:
    content = b"# a\nFileETag None\nNonsense on\n"
    for line in (None, 1):
        plan = plan_repair("comment-out-htaccess-faults", seen(content), found("htaccess-invalid-directive", line))
        assert after(plan) == b"# a\nFileETag None\n# Nonsense on\n"


@pytest.mark.parametrize(
    ("old", "line", "new"),
    [
        (b"RewriteEngine On\nRewriteRule ^products/([0-9]+)/?$\n/index.php?id=$1 [L,QSA]\n", 3,
         b"RewriteEngine On\nRewriteRule ^products/([0-9]+)/?$ /index.php?id=$1 [L,QSA]\n"),
        (b"RewriteCond %{HTTP_USER_AGENT} (bot|crawler|\r\n  spider|slurp) [NC]\r\nRewriteRule ^ - [F]\r\n", 2,
         b"RewriteCond %{HTTP_USER_AGENT} (bot|crawler|spider|slurp) [NC]\r\nRewriteRule ^ - [F]\r\n"),
        (b"Redirect 301 /summer-offers-2019\n/offers\n", 2, b"Redirect 301 /summer-offers-2019 /offers\n"),
    ],
)  # fmt: skip
def test_wrapped_line_is_joined_with_the_one_before_it(old: bytes, line: int, new: bytes) -> None:
    plan = plan_repair("join-htaccess-line", seen(old), found("htaccess-invalid-directive", line))
    assert after(plan) == new and plan is not None and not plan.needs_person


@pytest.mark.parametrize(
    "content", [b"Options -Indexes\nRewritEngine On\n", b"FileETag None\n\nNonsense on\n", b"Nonsense on\n", b"# a\n/b\n"]
)
def test_line_that_is_no_end_of_another_is_not_joined(content: bytes) -> None:
    line = content.count(b"\n")
    assert not isinstance(try_plan("join-htaccess-line", seen(content), found("htaccess-invalid-directive", line)), Plan)


def test_file_of_nothing_but_faults_is_left_with_words() -> None:
    content = b"".join(b"Nonsense%d on\n" % n for n in range(60))
    assert isinstance(try_plan("comment-out-htaccess-faults", seen(content), found("htaccess-invalid-directive", 1)), CannotPlan)


@pytest.mark.parametrize(
    ("line", "count"),
    [
        (b"# " + b"=" * 9000, 3),
        (f"SetEnvIf Remote_Addr ^({'|'.join(MANY)})$ unwanted".encode(), 4),
        (f"RewriteCond %{{REMOTE_ADDR}} ^(?:{'|'.join(MANY)})$ [NC]".encode(), 4),
        (f"RewriteCond %{{REMOTE_ADDR}} !^({'|'.join(MANY)})$".encode(), 4),
        (f"Require ip {' '.join(ADDRESSES)}".encode(), 3),
        (f"Deny from {' '.join(ADDRESSES)}".encode(), 3),
    ],
)
def test_long_line_is_parted_and_says_the_same(line: bytes, count: int) -> None:
    content = b"RewriteEngine On\n" + line + b"\nRewriteRule ^ - [F]\n"
    plan = plan_repair("split-htaccess-line", seen(content), found("htaccess-bad-argument", 2))
    new = after(plan).split(b"\n")[1:-2]
    assert len(new) == count and all(len(each) < 8000 for each in new) and not plan.needs_person  # type: ignore[union-attr]
    words = {
        word for each in new for word in each.replace(b"(?:", b"(").replace(b"(", b"|").replace(b")", b"|").replace(b" ", b"|").split(b"|")
    }
    assert all(address.encode() in words for address in (MANY if b"|" in line else ADDRESSES)) or line.startswith(b"#")
    joined = [b"OR]" in each for each in new]
    assert joined == ([True] * (count - 1) + [False] if line.startswith(b"RewriteCond") and b"!" not in line else [False] * count)
    assert not any(fault.sure for fault in lint(after(plan), SERVER)) or line.startswith(b"Deny")


@pytest.mark.parametrize(
    "line",
    [
        f"<RequireAll>\nRequire ip {' '.join(ADDRESSES)}\n</RequireAll>".encode(),
        f"RewriteCond %{{REMOTE_ADDR}} !^({'|'.join(MANY)})$ [OR]".encode(),
        b"RewriteRule ^" + b"a" * 9000 + b"$ - [F]",
        f"SetEnvIf Remote_Addr ^([{'|'.join(MANY)}])$ unwanted".encode(),
    ],
)
def test_long_line_that_cannot_be_parted_is_left_with_words(line: bytes) -> None:
    number = 2 if b"<" in line else 1
    assert isinstance(try_plan("split-htaccess-line", seen(line + b"\n"), found("htaccess-bad-argument", number)), CannotPlan)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("repair", "cause", "line", "content"),
    [
        ("correct-htaccess-section", "htaccess-invalid-directive", 1, SECTIONS[0][0]),
        ("close-htaccess-section", "htaccess-unclosed-section", 4, REMARKS[0][0]),
        ("comment-out-htaccess-faults", "htaccess-invalid-directive", 1, b"Nonsense a\nFileETag None\nMore b\n"),
        ("join-htaccess-line", "htaccess-invalid-directive", 2, b"Redirect 301 /a\n/b\n"),
        ("split-htaccess-line", "htaccess-bad-argument", 1, b"# " + b"=" * 9000 + b"\n"),
    ],
)
def test_file_is_as_before_after_an_undo(
    docroot: Path,
    settings: object,
    repair: str,
    cause: str,
    line: int,
    content: bytes,
) -> None:
    fill(docroot, {".htaccess": content})
    steady(docroot, settings, planned(docroot, finding(cause, "www/.htaccess", repair, line)))
    assert read(docroot).htaccess
