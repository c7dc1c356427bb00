from __future__ import annotations

import json
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from diagnostics.practice import content
from diagnostics.practice.breaks import BREAK_KINDS
from diagnostics.practice.site import PracticeError, PracticeSite

from .conftest import Seen, error_lines

EXPECTED = {
    "misspelled-directive": "Invalid command 'RewritEngine'",
    "unclosed-section": "<FilesMatch> was not closed.",
    "apache22-syntax": "Invalid command 'Order'",
    "php-directive": "Invalid command 'php_value'",
    "bad-rewrite-rule": "RewriteRule: unknown flag 'Lst'",
    "wrong-permissions": "End of script output before headers: index.php",
}


def _tree(site: PracticeSite) -> dict[str, tuple[int, bytes]]:
    root = site.home / "www"
    return {
        str(path.relative_to(site.home)): (stat.S_IMODE(path.lstat().st_mode), path.read_bytes() if path.is_file() else b"")
        for path in (root, *root.rglob("*"))
    }


def test_created_site_is_loaded_again_the_same(tmp_path: Path) -> None:
    made = PracticeSite.create(tmp_path / "p")
    assert PracticeSite.load(tmp_path / "p") == made


def test_secrets_are_for_this_account_only_and_outside_the_home(tmp_path: Path) -> None:
    site = PracticeSite.create(tmp_path / "p")
    state = tmp_path / "p/practice.json"
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    assert stat.S_IMODE(site.folder.stat().st_mode) == 0o700
    assert site.password in state.read_text()
    assert site.password not in repr(site)
    assert "PRIVATE KEY" not in repr(site)


def test_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    with pytest.raises(PracticeError, match="not empty"):
        PracticeSite.create(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_load_refuses_what_is_no_practice_site(tmp_path: Path) -> None:
    with pytest.raises(PracticeError, match="no practice site"):
        PracticeSite.load(tmp_path)
    (tmp_path / "practice.json").write_text("{")
    with pytest.raises(PracticeError, match="cannot be used"):
        PracticeSite.load(tmp_path)


def test_load_refuses_another_address(tmp_path: Path) -> None:
    PracticeSite.create(tmp_path / "p")
    state = tmp_path / "p/practice.json"
    state.write_text(json.dumps({**json.loads(state.read_text()), "address": "0.0.0.0"}))  # noqa: S104 it is refused
    with pytest.raises(PracticeError, match=r"127\.0\.0\.1 only"):
        PracticeSite.load(tmp_path / "p")


@pytest.mark.parametrize("kind", BREAK_KINDS)
def test_each_kind_answers_500_with_its_line_and_reset_heals(site: PracticeSite, fetch: Callable[..., Seen], kind: str) -> None:
    healthy = _tree(site)
    site.break_it(kind)
    assert [fetch(path).status for path in ("/", "/about", "/products")] == [500, 500, 500]
    assert EXPECTED[kind] in "\n".join(error_lines(site))
    site.reset()
    assert [fetch(path).status for path in ("/", "/about", "/products")] == [200, 200, 200]
    assert _tree(site) == healthy


def test_only_what_was_broken_looks_new(site: PracticeSite) -> None:
    site.break_it("misspelled-directive")
    recent = [path.name for path in (site.home / "www").rglob("*") if time.time() - path.stat().st_mtime < 3600]
    assert recent == [".htaccess"]


def test_unknown_kind_changes_nothing(site: PracticeSite) -> None:
    before = _tree(site)
    with pytest.raises(PracticeError, match="choose one of"):
        site.break_it("fire")
    assert _tree(site) == before


def test_every_kind_is_described() -> None:
    assert set(EXPECTED) == set(BREAK_KINDS)
    assert [one.kind for one in BREAK_KINDS.values() if not one.title or not one.description.endswith(".")] == []


def test_reset_removes_what_a_repair_left_and_unlocks_folders(site: PracticeSite, fetch: Callable[..., Seen]) -> None:
    (site.home / "www/.htaccess").rename(site.home / "www/.htaccess.old")
    (site.home / "www/css").chmod(0)
    site.home.chmod(0o700)
    site.reset()
    assert not (site.home / "www/.htaccess.old").exists()
    assert fetch("/css/shop.css").status == 200


def test_remove_takes_the_folder_and_nothing_a_link_points_at(tmp_path: Path) -> None:
    site = PracticeSite.create(tmp_path / "p")
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/file").write_text("x")
    (site.home / "www/out").symlink_to(tmp_path / "kept")
    site.remove()
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == ["kept", "kept/file"]
    with pytest.raises(PracticeError, match="no practice site"):
        site.remove()


def test_files_that_are_put_back_are_not_newer_than_before(tmp_path: Path) -> None:
    def times() -> dict[str, int]:
        return {str(path.relative_to(tmp_path)): path.stat().st_mtime_ns for path in sorted((tmp_path / "www").rglob("*"))}

    content.write_docroot(tmp_path)
    before = times()
    (tmp_path / "www/.htaccess").write_text("RewritEngine On\n")
    content.write_docroot(tmp_path)
    assert times() == before and len(before) > 4
