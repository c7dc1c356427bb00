"""How long an import takes, and how many statements it makes.

    python -m tests.bench.bench_import [ROWS]

Writes a CSV of ROWS sites (10,000) with four pages, three tags and a connection with a secret for every third, then runs
`import_sites` on it: once as a dry run, once for good, on a fresh database in a temporary folder (DATABASE_URL chooses another
engine). Asserts the bar: 10,000 rows within 30 s and at most one statement for ten rows.
"""

from __future__ import annotations

import csv
import os
import sys
import tempfile
import time
from pathlib import Path

BAR_S = 30.0
BAR_STATEMENTS = 0.1  # per row


def write_file(path: Path, rows: int) -> None:
    """A CSV as an agency would have one."""
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        table = csv.writer(file, delimiter=";")
        table.writerow(["name", "url", "pages", "interval", "tags", "connect", "secret", "docroot"])
        for n in range(rows):
            account = n // 3
            connect = f"sftp://client{account}@host{account % 40}.example" if n % 3 == 0 else ""
            table.writerow(
                [f"Client {n:05}", f"https://client-{n}.example/", "/contact /shop /wp-login.php", 60, f"agency wp c{n % 25}",
                 connect, f"secret of {account}" if connect else "", f"/home/client{account}/www" if connect else ""]
            )  # fmt: skip


def run(rows: int, folder: str) -> bool:
    """Measures on a database of its own. False when the bar was missed."""
    os.environ.update(SITEMEND_VAR_DIR=folder, DJANGO_SETTINGS_MODULE="config.settings")
    os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/bench.sqlite3")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    path = Path(folder) / "sites.csv"
    write_file(path, rows)
    dry_s, dry_statements = measure(path, dry_run=True)
    real_s, statements = measure(path, dry_run=False)
    print(f"{rows} rows ({path.stat().st_size / 1024:.0f} KB): dry run {dry_s:.1f} s, {dry_statements} statements;", end=" ")
    print(f"import {real_s:.1f} s, {statements} statements ({statements / rows:.3f} a row)")
    return real_s <= BAR_S and statements <= rows * BAR_STATEMENTS + 50


def measure(path: Path, *, dry_run: bool) -> tuple[float, int]:
    """Seconds and statements of one run of the command's own verbs."""
    from django.db import connection

    from diagnostics.accounts import importing
    from sites.importing.sources import parse_file
    from sites.models import Host, Page, Site

    statements = 0

    def count(execute: object, *arguments: object) -> object:
        nonlocal statements
        statements += 1
        return execute(*arguments)  # type: ignore[operator]

    start = time.perf_counter()
    with connection.execute_wrapper(count):
        parsed = parse_file(path.read_bytes(), importing.MOST_FROM_COMMAND_LINE)
        created, refused = importing.import_all(parsed, file_name=path.name, dry_run=dry_run)
    seconds = time.perf_counter() - start
    assert (created, refused) == (len(parsed.rows), []), refused[:3]
    stored = (Site.objects.count(), Page.objects.count(), Host.objects.count())
    assert stored == ((0, 0, 0) if dry_run else (created, created * 4, (created + 2) // 3)), stored
    return seconds, statements


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        if not run(rows, folder):
            sys.exit(f"the bar was missed: {BAR_S:.0f} s, {BAR_STATEMENTS} statements a row")


if __name__ == "__main__":
    main()
