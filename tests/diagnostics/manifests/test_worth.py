"""Which files are kept with their content: the site's own, the most needed first, never what its maker can give again."""

from __future__ import annotations

import pytest

from diagnostics.manifests.format import Record
from diagnostics.manifests.worth import LARGEST, chosen, rank


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        (b".htaccess", 0), (b"shop/.htaccess", 0), (b"wp-config.php", 0), (b"index.php", 0), (b"wp-load.php", 1), (b"index.html", 1),
        (b"shop/index.html", 3), (b"a/b/index.html", None), (b"wp-content/mu-plugins/a/b.php", 1), (b"wp-content/object-cache.php", 1),
        (b"wp-content/plugins/forms/forms.php", 2), (b"wp-content/themes/x/functions.php", 2), (b"wp-content/plugins/forms/inc/a.php", 3),
        (b"app/Http/Kernel.php", 3), (b"wp-includes/plugin.php", None), (b"wp-admin/index.php", None), (b"vendor/autoload.php", None),
        (b"wp-content/plugins/forms/vendor/x.php", None), (b"wp-content/uploads/a.php", None), (b"a.jpg", None), (b"style.css", None),
        (b"../.env", 0), (b"../config/app.php", 1), (b"../config/packages/doctrine.yaml", 1), (b"../shop/routes/web.php", 1),
        (b"../app/Http/Kernel.php", 3), (b"../resources/views/home.blade.php", 3), (b"../templates/base.html.twig", 3),
        (b"../vendor/autoload.php", 2), (b"../vendor/composer/autoload_real.php", 2), (b"../vendor/slim/slim/App.php", None),
        (b"../src/logo.png", None), (b"../composer.lock", None), (b"config/services.yaml", None),
    ],
)  # fmt: skip
def test_rank_says_how_much_a_repair_may_need_a_file(path: bytes, wanted: int | None) -> None:
    assert rank(path) == wanted


def test_most_needed_and_last_changed_come_first_and_too_large_ones_never() -> None:
    names = [(b"lib/old.php", 1, 9), (b"lib/new.php", 9, 9), (b"large.php", 9, LARGEST + 1), (b"empty.php", 9, 0), (b".htaccess", 1, 5)]
    records = [Record(path, "f", 0o644, size, mtime) for path, mtime, size in names] + [Record(b"x.php", "d", 0o755)]
    assert [record.path for record in chosen(records)] == [b".htaccess", b"lib/new.php", b"lib/old.php"]
    assert [record.path for record in chosen(records, most=1)] == [b".htaccess"]
