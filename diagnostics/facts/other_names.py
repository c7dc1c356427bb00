"""Names that people give to what they set aside: the old name with something before or behind it, or in other letters. PURE.

What a host's scanner adds to a file in which it found harmful code ("suspected", "infected", "virus") is not among them, nor what
programs call their templates ("dist", "sample").
"""

from __future__ import annotations

import functools
import posixpath
import re

START_PAGES = ("index.php", "index.html", "index.htm")  # by which a folder is known for a site's
_WORDS = (
    r"(?:old|new|bak|bkp|back(?:[ _-]?up)?|orig(?:inal)?|saved?|sav|sauvegarde|sicherung|cop(?:y|ie|ia)|kopi[ea]|alt|ancien(?:ne)?|vieux|"
    r"vecchio|viejo|prev(?:ious)?|last|off|disabled|deactivated|del(?:eted)?|removed?|unused|te?mp|archived?|moved|renamed|x{1,4}|z{1,4})"
)
_OF_FOLDERS = r"(?:main|master)"  # as archives of repositories are called
_SIGNS = r"[ ._~+-]{1,3}"
_NUMBER = r"v?\d{1,14}(?:[._-]\d{1,6}){0,5}"
_DATE = r"\d{4}[._-]?\d{2}[._-]?\d{2}(?:[T._-]?\d{2,6}){0,3}"
_IN_BRACKETS = rf"[ ._-]{{0,2}}\((?:\d{{1,3}}|{_WORDS})\)"
_BEFORE = rf"(?:{_WORDS}{_SIGNS}|[_.~#!+-]{{1,3}}|(?:copy|copie|kopie|copia) (?:of|de|von|di) )"
_BEHIND = rf"(?:{_SIGNS}{_WORDS}\d{{0,3}}|{_IN_BRACKETS}|{_SIGNS})"


def is_other_name(name: str, wanted: str, *, is_folder: bool) -> bool:
    """Whether `name` is what `wanted` is called once somebody set it aside, or by a machine that takes all letters for small ones."""
    if name == wanted or not wanted:
        return False
    return name.lower() == wanted.lower() or _form(wanted, is_folder=is_folder).fullmatch(name) is not None


@functools.lru_cache(maxsize=256)
def _form(wanted: str, *, is_folder: bool) -> re.Pattern[str]:
    whole = re.escape(wanted)
    if is_folder:
        behind = rf"(?:{_BEHIND}|{_SIGNS}(?:{_OF_FOLDERS}|{_NUMBER})|\d{{1,2}})"
        forms = [rf"{_BEFORE}{whole}{behind}{{0,4}}", rf"{whole}{behind}{{1,4}}"]
    else:
        stem, ending = (re.escape(part) for part in posixpath.splitext(wanted))
        # A number alone before the ending is mostly one of a row of files ("page-2.php"): behind it, it is a copy's.
        inside = rf"(?:{_BEHIND}|{_SIGNS}{_DATE})"
        behind = rf"(?:{_BEHIND}|{_SIGNS}{_NUMBER}|[ ._-]txt)"
        forms = [rf"{_BEFORE}{whole}{behind}{{0,4}}", rf"{whole}{behind}{{1,4}}"]
        forms += [rf"{_BEFORE}?{stem}{inside}{{1,4}}{ending}{behind}{{0,4}}"] if ending else []
    return re.compile("|".join(forms), re.IGNORECASE)
