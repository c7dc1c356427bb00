"""The practice shop: a few plain pages, written once with the modes of shared hosting at OVHcloud (folders 705, files 604)."""

from __future__ import annotations

import os
import shutil
import stat
import time
from pathlib import Path

FOLDER_MODE = 0o705
FILE_MODE = 0o604
AGE_S = 90 * 86_400  # the healthy files look three months old, so that what was broken is what changed last

HTACCESS = """\
# Practice shop
DirectoryIndex index.php index.html
ErrorDocument 404 /not-found.html

<IfModule mod_rewrite.c>
RewriteEngine On
RewriteBase /
RewriteCond %{REQUEST_FILENAME} !-f
RewriteCond %{REQUEST_FILENAME} !-d
RewriteRule ^(about|products)/?$ $1.php [L]
</IfModule>

<IfModule mod_headers.c>
Header set X-Content-Type-Options "nosniff"
</IfModule>
"""

PAGES = ("/", "/about", "/products")
SHARED = "inc/shop.php"  # what every page loads
_SHARED = """\
<?php
// What stands on every page of the shop.
$shop = [
    'name' => 'Practice shop',
    'opens' => 'Monday to Friday, 9 to 17 h',
    'mail' => 'hello@practice-shop.example',
    'delivery' => 'Within three days',
    'thanks' => 'Thank you for looking in',
];
"""

_PAGE = """\
<?php require __DIR__ . '/inc/shop.php'; ?>
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} - Practice shop</title>
<link rel="stylesheet" href="/css/shop.css">
</head>
<body>
<header><strong>Practice shop</strong> <nav><a href="/">Home</a> <a href="/products">Products</a> <a href="/about">About</a></nav></header>
<main>
<h1>{title}</h1>
{body}
</main>
<footer>Open <?php echo $shop['opens']; ?>. This is a practice site on your own machine. Nothing is sold here.</footer>
</body>
</html>
"""
_PLAIN = """\
<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Not found - Practice shop</title><link rel="stylesheet" href="/css/shop.css"></head>
<body><h1>Not found</h1><p>There is no such page. <a href='/'>Back to the start</a></p></body>
</html>
"""

_STYLE = """\
body { margin: 0 auto; max-width: 44rem; padding: 1rem; font: 1rem/1.6 system-ui, sans-serif; color: #222; background: #fafaf7; }
header { display: flex; gap: 1.5rem; border-bottom: 1px solid #ccc; padding-bottom: .75rem; }
a { color: #0b5a8a; }
li { margin: .4rem 0; }
footer { margin-top: 3rem; color: #595959; font-size: .9rem; }
"""

_PAGES = {
    "index.php": (
        "Welcome",
        "<p>Mugs, notebooks and tea towels, made in small numbers.</p>\n<p><a href='/products'>See what we make</a></p>",
    ),
    "about.php": ("About us", "<p>We are two people, one kiln and a printing press.</p>"),
    "products.php": ("Products", "<ul>\n<li>Blue mug</li>\n<li>Dotted notebook</li>\n<li>Linen tea towel</li>\n</ul>"),
}


def files() -> dict[str, bytes]:
    """The healthy docroot: path relative to it, and content."""
    pages = {name: _PAGE.format(title=title, body=body).encode() for name, (title, body) in _PAGES.items()}
    others = {".htaccess": HTACCESS, "css/shop.css": _STYLE, SHARED: _SHARED, "not-found.html": _PLAIN}
    return {name: text.encode() for name, text in others.items()} | pages


def write_docroot(home: Path) -> None:
    """Puts a healthy `www` in the place of what is there; what was there is gone."""
    fresh, old, root = home / ".www-new", home / ".www-old", home / "www"
    remove_tree(fresh)
    remove_tree(old)
    then = _age(root)
    for name, content in files().items():
        path = fresh / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(FILE_MODE)
        os.utime(path, (then, then))
    for folder in (fresh / "css", fresh / "inc", fresh):
        folder.chmod(FOLDER_MODE)
        os.utime(folder, (then, then))
    if os.path.lexists(root):
        root.rename(old)
    fresh.rename(root)
    remove_tree(old)


def _age(root: Path) -> int:
    """When the healthy files are from, to the second. Once written they keep their time: what was not broken has not changed."""
    try:
        return int((root / "not-found.html").stat().st_mtime)
    except OSError:
        return int(time.time() - AGE_S)


def remove_tree(path: Path) -> None:
    """Removes a folder with all in it, whatever the modes; a link itself, never what it points at."""
    if not os.path.lexists(path):
        return
    if path.is_symlink() or not path.is_dir():
        path.unlink()
        return
    path.chmod(stat.S_IRWXU)
    for folder, names, _ in os.walk(path):
        for name in names:
            below = Path(folder, name)
            if not below.is_symlink():
                below.chmod(stat.S_IRWXU)
    shutil.rmtree(path)
