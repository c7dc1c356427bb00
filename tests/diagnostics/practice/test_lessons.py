"""The lessons of the practice site: each breaks a whole site in its own way, and is remembered until it is begun anew."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from diagnostics.practice.lessons import LESSONS, LESSONS_FILE, LessonState
from diagnostics.practice.site import PracticeError, PracticeSite

from .conftest import Seen, error_lines

LOGGED = {
    "typing-mistake": "Invalid command 'RewritEngine'",
    "wrong-permissions": "End of script output before headers: index.php",
    "missing-file": "Failed opening required",
    "two-at-once": "Invalid command 'Order'",
    "half-upload": "PHP Parse error:  Unclosed '['",
}


def states(site: PracticeSite) -> list[LessonState]:
    progress, is_mended = site.lessons(), site.is_whole()
    return [progress.state(kind, is_mended=is_mended) for kind in LESSONS]


@pytest.mark.parametrize("kind", LESSONS)
def test_each_lesson_answers_500_with_its_line_until_the_site_is_whole(site: PracticeSite, fetch: Callable[..., Seen], kind: str) -> None:
    assert site.is_whole()
    site.begin_lesson(kind)
    assert not site.is_whole() and [fetch(path).status for path in ("/", "/products")] == [500, 500]
    assert LOGGED[kind] in "\n".join(error_lines(site))
    assert site.lessons().current == kind
    site.reset()
    assert site.is_whole() and fetch("/").status == 200 and b"Monday to Friday" in fetch("/").body


def test_second_fault_shows_only_when_the_first_is_mended(site: PracticeSite, fetch: Callable[..., Seen]) -> None:
    site.begin_lesson("two-at-once")
    htaccess = site.home / "www/.htaccess"
    htaccess.write_text(htaccess.read_text().replace("Order allow,deny\nAllow from all\n", ""))
    assert fetch("/").status == 500 and fetch("/about").status == 200
    assert "writable by others" in (site.home / "logs/suexec.log").read_text()
    (site.home / "www/index.php").chmod(0o604)
    assert fetch("/").status == 200 and site.is_whole()


def test_progress_tells_what_is_not_begun_broken_and_mended(site: PracticeSite) -> None:
    new, broken, mended = LessonState.NOT_BEGUN, LessonState.BROKEN, LessonState.MENDED
    assert states(site) == [new] * 5
    site.begin_lesson("typing-mistake")
    assert states(site) == [broken, new, new, new, new]
    htaccess = site.home / "www/.htaccess"
    htaccess.write_text(htaccess.read_text().replace("RewritEngine", "RewriteEngine"))
    assert states(site) == [mended, new, new, new, new]
    site.begin_lesson("missing-file")
    assert states(PracticeSite.load(site.folder)) == [mended, new, broken, new, new]
    site.reset()
    assert states(site) == [mended, new, new, new, new], "made whole without a repair: it is not mended"
    site.begin_lesson("typing-mistake")
    assert states(site) == [broken, new, new, new, new], "begun again"
    site.forget_lessons()
    assert states(site) == [new] * 5


def test_unknown_lesson_changes_nothing_and_what_cannot_be_read_counts_as_nothing(site: PracticeSite) -> None:
    with pytest.raises(PracticeError, match="no lesson"):
        site.begin_lesson("arson")
    assert site.is_whole() and not (site.folder / LESSONS_FILE).exists()
    for text in ("", "[]", '{"current": 7, "mended": ["arson", null]}', '{"current": "x"}'):
        (site.folder / LESSONS_FILE).write_text(text)
        assert states(site) == [LessonState.NOT_BEGUN] * 5


def test_every_lesson_says_what_is_to_be_learnt() -> None:
    assert set(LOGGED) == set(LESSONS)
    assert [one.kind for one in LESSONS.values() if not one.title or "Learn: " not in one.learns or not one.learns.endswith(".")] == []
