"""Makes diagnostics/php/extensions.txt from PHP's reflection: `python -m tests.diagnostics.php.make_tables [FOLDER OF MODULES]`.

What a folder of modules adds is loaded one by one, each with the modules that it needs; what cannot be loaded is passed over.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

from tests.programs import binary

TABLE = Path(__file__).resolve().parents[3] / "diagnostics/php/extensions.txt"
_NEEDED = {
    "http": ("iconv", "raphf"),
    "redis": ("igbinary", "msgpack"),
    "memcached": ("igbinary", "msgpack"),
    "soap": ("xml",),
    "xmlrpc": ("xml",),
}
_NEEDED |= dict.fromkeys(("pdo_dblib", "pdo_firebird", "pdo_odbc", "pdo_pgsql"), ("pdo",)) | {"mailparse": ("mbstring",), "ps": ("gd",)}
_ASK = """foreach (get_loaded_extensions() as $name) { $e = new ReflectionExtension($name); echo json_encode([
strtolower($name), array_keys($e->getFunctions()), array_keys($e->getClasses()), array_keys($e->getConstants())]), "\\n"; }"""
Reflected = dict[str, tuple[list[str], list[str], list[str]]]


def reflected(*options: str) -> Reflected:
    """Functions, classes and constants by extension, as PHP itself lists them."""
    done = subprocess.run([binary("php"), *options, "-d", "display_errors=0", "-r", _ASK], capture_output=True, text=True, check=False)
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    return {row[0]: (row[1], row[2], row[3]) for row in rows if row[0] != "xdebug"}


def everything(folder: Path | None) -> Reflected:
    """Of the installed PHP, and of each module in `folder`."""
    found = reflected()
    usual = next(Path("/usr/lib/php").glob("*/pdo.so")).parent
    for module in sorted(folder.glob("*.so")) if folder else ():
        needed = ("ctype", *_NEEDED.get(module.stem, ()))
        places = [next((p for p in (usual / f"{n}.so", folder / f"{n}.so") if p.exists()), None) for n in needed]  # type: ignore[operator]
        options = [part for path in (*places, module) if path for part in ("-d", f"extension={path}")]
        found |= {name: row for name, row in reflected("-n", *options).items() if name == module.stem}
    return found


def prefixes(found: Reflected) -> dict[str, set[str]]:
    """The beginnings of constants that one extension alone uses."""
    users: dict[str, Counter[str]] = defaultdict(Counter)
    for name, (_functions, _classes, constants) in found.items():
        for constant in constants:
            users[constant.partition("_")[0]][name] += 1
    alone: dict[str, set[str]] = defaultdict(set)
    for start, names in users.items():
        if len(names) == 1 and len(start) >= 2:
            alone[next(iter(names))].add(start)
    return alone


def main() -> None:
    """Writes the table."""
    found = everything(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    starts = prefixes(found)
    lines = ["# Made from PHP's own reflection by tests/diagnostics/php/make_tables.py: extension, kind, names."]
    for name, (functions, classes, _constants) in sorted(found.items()):
        for kind, names in (("functions", functions), ("classes", classes), ("constants", starts.get(name, ()))):
            listed = sorted({each if kind == "constants" else each.lower() for each in names})
            if listed:
                lines.append(" ".join([name.replace(" ", "-"), kind, *listed]))
    TABLE.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
