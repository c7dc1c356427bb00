# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""What the cases of this set share: a `.htaccess` as it grew over the years, folders of the site's own, small CGI scripts."""

from __future__ import annotations

import base64
import hashlib

from tests.lab import words
from tests.lab.scene import Scene
from tests.lab.sites.htaccess_lines import REWRITING, Block, blocks, text
from tests.lab.sites.wordpress_site import BLOCK

HTACCESS_PLACES = ("plain", "shared", "ovh", "fcgid", "own-log")


def is_blog(s: Scene) -> bool:
    return s.path(s.at("wp-config.php")).exists()


def grown(s: Scene, *planted: Block, most: int = 4) -> tuple[list[Block], list[int]]:
    """Sound blocks with these among them, in this order, and where each of these begins."""
    rng = s.rng
    around = [block for block in blocks(rng, 1, most) if block not in REWRITING]
    if is_blog(s):
        around.insert(rng.randint(0, len(around)), BLOCK)
    places = sorted(rng.randint(0, len(around)) for _ in planted)
    whole: list[Block] = []
    starts: list[int] = []
    for at in range(len(around) + 1):
        for place, block in zip(places, planted, strict=True):
            if place == at:
                starts.append(sum(len(each) for each in whole) + 1)
                whole.append(block)
        whole += around[at : at + 1]
    return whole, starts


def write_grown(s: Scene, path: str, *planted: Block, most: int = 4, newline: str = "\n") -> list[int]:
    """Writes them; the number of the first line of each planted block."""
    whole, starts = grown(s, *planted, most=most)
    s.write(path, text(whole, newline))
    return starts


def numbers(start: int, block: Block, *marks: str) -> tuple[int, ...]:
    """The numbers of the lines of a block that hold one of these marks."""
    return tuple(start + number for number, line in enumerate(block) if any(mark in line for mark in marks))


def own_folder(s: Scene, *names: str) -> str:
    """A folder with a page, that the site did not have; its name without the docroot."""
    free = [name for name in names if not s.path(s.at(name)).exists()]
    name = s.rng.choice(free)
    s.keep(s.at(f"{name}/index.html"), words.html(s.rng, name.capitalize()))
    return name


def password_line(s: Scene, user: str) -> str:
    digest = hashlib.sha1(f"{s.rng.randrange(16**12)}".encode(), usedforsecurity=False).digest()
    return f"{user}:{{SHA}}{base64.b64encode(digest).decode()}\n"


def script(s: Scene, interpreter: str = "/usr/bin/perl", newline: str = "\n") -> str:
    """A small sound program in Perl that needs no module."""
    rng = s.rng
    title, sentence = rng.choice(words.TITLES), rng.choice(words.SENTENCES[:6])
    lines = [
        f"#!{interpreter}", f"# {title}", "use strict;", "",
        *rng.choice(([], ["my %field = map { split /=/, $_, 2 } split /&/, $ENV{'QUERY_STRING'} || '';"], ["$| = 1;"])),
        f"my @lines = ('{sentence.replace(chr(39), '')}') x 4;", "my ($day, $month, $year) = (localtime)[3, 4, 5];", "",
        'print "Content-Type: text/html; charset=utf-8\\n\\n";', f'print "<html><head><title>{title}</title></head><body><h1>{title}</h1>\\n";',
        'print "<p>$_</p>\\n" for @lines;', 'printf "<p>%02d.%02d.%d</p></body></html>\\n", $day, $month + 1, $year + 1900;', "",
    ]  # fmt: skip
    return newline.join(lines)


def script_name(s: Scene) -> str:
    name = s.rng.choice(("guestbook", "counter", "formmail", "search", "gaestebuch", "kontakt", "compteur", "livre-d-or", "orders"))
    folder = s.rng.choice(("cgi-bin/", "cgi-bin/", "cgi/", "scripts/"))
    return f"{folder}{name}.{s.rng.choice(('pl', 'cgi'))}"
