"""Which files a site can do without, and which are never taken, however large they are."""

from __future__ import annotations

import pytest

from diagnostics.evidence import TreeEntry
from diagnostics.repairs.spare_files import Spare, spare_of
from tests.diagnostics.changes_made import OLD


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("www/data/backups/site-2026-11-03.zip", Spare.BACKUP),
        ("backup/dump_03.sql.gz", Spare.BACKUP),
        ("www/wp-content/updraft/backup_2026-01-01-shop_a1b2-db.gz", Spare.BACKUP),
        ("www/wp-content/uploads/backwpup-1a2b/shop.tar.gz", Spare.BACKUP),
        ("www/export/backup-2021.zip", Spare.BACKUP),
        ("www/logs/debug.txt", Spare.LOG),
        ("www/wp-content/debug.log", Spare.LOG),
        ("logs/php_errors.log", Spare.LOG),
        ("www/error_log", Spare.LOG),
        ("logs/access.log.3.gz", Spare.OLD_LOG),
        ("logs/error_log-20260104", Spare.OLD_LOG),
        ("www/cache/images/large.bin", Spare.CACHE),
        ("www/media/cache/1a.jpg", Spare.CACHE),
        ("www/thumbs/2.jpg", Spare.CACHE),
        ("tmp/sess_0c1f", Spare.SESSION),
        ("www/storage/framework/sessions/0000000000000000000000000000000000000001", Spare.SESSION),
        ("www/core.4711", Spare.LEFT_OVER),
        ("www/data/old.bin", Spare.LEFT_OVER),
        ("tmp/phpA1b2C3", Spare.LEFT_OVER),
        ("www/photo.jpg.filepart", Spare.LEFT_OVER),
        # What is never proposed.
        ("www/wp-content/uploads/2024/05/film.mp4", None),
        ("www/wp-content/uploads/2024/05/minutes.zip", None),
        ("www/files/prices.pdf", None),
        ("www/downloads/manual.zip", None),
        ("www/cache/uploads/photo.jpg", None),
        ("www/index.php", None),
        ("www/var/cache/prod/App_KernelProdContainer.php", None),
        ("www/index.php.old", None),
        ("www/backups/restore.php", None),
        ("www/data/shop.sqlite", None),
        ("www/cache/shop.db", None),
        ("mysql/shop/orders.ibd", None),
        ("Maildir/cur/backup-2021.zip", None),
        ("mail/shop.example/info/new/1.log", None),
        ("www/vendor/monolog/tests/error.log", None),
        ("www/.git/objects/pack/old.bak", None),
        ("www/.htaccess.old", None),
        ("www/wp-config.php.bak", None),
        ("www/cache/.htaccess", None),
        ("www/core.php", None),
        ("www/notes.txt", None),
    ],
)
def test_file_is_told_by_name_and_place(path: str, kind: Spare | None) -> None:
    assert spare_of(TreeEntry(path, f"/home/demo/{path}", "file", 0o604, 1, OLD)) is kind


def test_links_folders_and_what_cannot_be_read_are_never_taken() -> None:
    kinds = [("link", 0o777), ("folder", 0o755), ("file", 0o000)]
    assert all(spare_of(TreeEntry("tmp/sess_1", "/h/tmp/sess_1", kind, mode, 1, OLD)) is None for kind, mode in kinds)
