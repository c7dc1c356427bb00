"""The line at which a script ends that no log has words of: a program that is not there, Perl's taint mode, a text that cannot be read."""

from __future__ import annotations

import re

from diagnostics.evidence import Evidence, TextFile
from diagnostics.facts.cgi_modules import language
from diagnostics.facts.cgi_uses import opened, place_of, started
from diagnostics.php.data_files import fault_of
from sites.texts import mark as _

# Where every system has these (Filesystem Hierarchy Standard 3.0); what lies elsewhere may be of another machine.
_USUAL = re.compile(r"/(?:usr/)?bin/[\w.+-]+\Z|/usr/sbin/sendmail\Z")
_NO_CODE = re.compile(rb"^=[a-zA-Z].*?(?:^=cut\b[^\n]*|\Z)|^__(?:END|DATA)__\b.*\Z|^[ \t]*#(?!!)[^\n]*", re.MULTILINE | re.DOTALL)
_TAINT = re.compile(rb"#!\s*\S*perl\S*(?:[ \t]+-\w+)*?[ \t]+-\w*T")
# perlsec: nothing is started as long as PATH is the one that came from outside.
_OWN_PATH = re.compile(rb"\$ENV\{\s*[\"']?PATH[\"']?\s*\}\s*=|\bdelete\s+(?:local\s+)?@ENV\{[^}]*PATH|%ENV\s*=|@ENV\{[^}]*PATH[^}]*\}\s*=")
_STARTS = re.compile(
    rb"`[^`\n]{1,400}`|\bqx\b[ \t]*[{(/|]|\b(?:system|exec)[ \t]*[(\"'@$]"
    rb"|\bopen\b[^;\n]{0,120}(?:[\"'][ \t]*\||[\"']-\||\|[ \t]*[\"'])"
)
# ... nor is anything written, by a name that a visitor gave.
_GIVEN = re.compile(rb"\$(?P<name>\w{1,60})\s*=\s*(?:\$\w+->param\(|param\(|\$ENV\{|<STDIN>|shift\s*@ARGV|\$in\{|\$FORM\{)")


def ends_at(evidence: Evidence, content: TextFile) -> tuple[int, str, float, str] | None:
    """The line, what to say of it, how sure that is where the script failed, and the path of a file that is to blame."""
    found = [each for each in (_program(evidence, content), _tainted(content.content), _text(evidence, content)) if each is not None]
    return min(found, key=lambda each: each[0], default=None)


def _program(evidence: Evidence, content: TextFile) -> tuple[int, str, float, str] | None:
    for path, line in started(content.content):
        there = evidence.exists(path)
        if there is False:
            return line, _("the program {path}, which it starts, is not on this host").format(path=path), 0.93, ""
        if there is None and not _USUAL.match(path):
            return line, _("the program {path}, which it starts, is not on every host").format(path=path), 0.75, ""
    return None


def _tainted(code: bytes) -> tuple[int, str, float, str] | None:
    if not _TAINT.match(code.split(b"\n", 1)[0]) or language(code) != "perl":
        return None
    bare = _NO_CODE.sub(lambda match: b"\n" * match.group().count(b"\n"), code)
    own, starts = _OWN_PATH.search(bare), _STARTS.search(bare)
    if starts and (own is None or own.start() > starts.start()):
        said = _("the first line switches taint mode on (-T), in which Perl starts nothing before $ENV{PATH} is set")
        return bare.count(b"\n", 0, starts.start()) + 1, said, 0.92, ""
    for given in _GIVEN.finditer(bare):
        form = re.compile(
            rb"\b(?:open\b[^;\n]{0,60}[\"'][ \t]*>|unlink\b|mkdir\b|rename\b|chmod\b|system\b|exec\b)[^;\n]{0,120}\$\{?"
            + given["name"]
            + rb"\b"
        )
        if (uses := form.search(bare, given.end())) and not re.search(
            rb"\$" + given["name"] + rb"\s*=~|\$1\b", bare[given.end() : uses.start()]
        ):
            said = _("the first line switches taint mode on (-T), in which Perl writes nothing by a name that a visitor gave")
            return bare.count(b"\n", 0, uses.start()) + 1, said, 0.85, ""
    return None


def _text(evidence: Evidence, content: TextFile) -> tuple[int, str, float, str] | None:
    """A file that it reads as text and that is stored in other letters, or that is no JSON any more."""
    files = {each.path: each for each in evidence.cgi_data}
    for name, line, encoding, is_json in opened(content.content):
        file = files.get(place_of(name, content))
        if file is None:
            continue
        if not _decodes(file.content, encoding):
            said = _("{name}, which it reads as {encoding}, is not stored in these letters").format(name=name, encoding=encoding.upper())
            return line, said, 0.93, file.path
        if is_json and (fault := fault_of("json", file.content)) is not None:
            said = _("{name}, which it reads, is broken: {why} (line {number})").format(name=name, why=fault.why, number=fault.line or 1)
            return line, said, 0.93, file.path
    return None


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    except LookupError:  # an encoding that is not known here is not judged
        return True
    return True
