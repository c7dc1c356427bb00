"""Lints RewriteRule and RewriteCond as `mod_rewrite` parses them."""

from __future__ import annotations

from diagnostics.htaccess.regexes import surely_broken

Complaint = tuple[str, str, str]  # cause, what is wrong, the argument that is

_RULE_FLAGS = frozenset(
    [
        "b",
        "backrefescaping",
        "bnp",
        "backrefnoplus",
        "bctls",
        "bne",
        "c",
        "chain",
        "co",
        "cookie",
        "dpi",
        "discardpath",
        "e",
        "env",
        "end",
        "f",
        "forbidden",
        "g",
        "gone",
        "h",
        "handler",
        "l",
        "last",
        "n",
        "next",
        "nc",
        "nocase",
        "ne",
        "noescape",
        "ns",
        "nosubreq",
        "p",
        "proxy",
        "pt",
        "passthrough",
        "qsa",
        "qsappend",
        "qsd",
        "qsdiscard",
        "qsl",
        "qslast",
        "r",
        "redirect",
        "s",
        "skip",
        "t",
        "type",
        "unc",
        "unsafeallow3f",
        "unsafeprefixstat",
        "unsafeprefixstatus",
    ]
)
_COND_FLAGS = frozenset({"nc", "nocase", "or", "ornext", "nv", "novary"})
_CONDITION_TESTS = frozenset({"-f", "-d", "-s", "-l", "-h", "-F", "-U", "-x", "-L", "-H"})
_REDIRECT_WORDS = frozenset({"permanent", "temp", "seeother"})


def split_arguments(args: str) -> tuple[str, ...]:
    """Up to three arguments; what follows the third is ignored, as the module does."""
    found: list[str] = []
    rest = args.lstrip()
    while rest and len(found) < 3:
        word, rest = _argument(rest)
        found.append(word)
    return tuple(found)


def _argument(text: str) -> tuple[str, str]:
    quote = text[0] if text[0] in "\"'" else ""
    index = 1 if quote else 0
    start = index
    while index < len(text):
        char = text[index]
        if (quote and char == quote) or (not quote and char.isspace()):
            break
        escapable = text[index + 1 : index + 2]
        index += 2 if char == "\\" and escapable and (escapable.isspace() or escapable == quote) else 1
    return text[start : min(index, len(text))], text[index + 1 :].lstrip()


def lint_rule(args: str) -> Complaint | None:
    words = split_arguments(args)
    if len(words) < 2:
        return "htaccess-bad-argument", "RewriteRule needs a pattern and a target", args
    if len(words) == 3 and (complaint := _flags(words[2], _RULE_FLAGS, "RewriteRule")):
        return complaint
    return _pattern(words[0].removeprefix("!"), "RewriteRule")


def lint_condition(args: str) -> Complaint | None:
    words = split_arguments(args)
    if len(words) < 2:
        return "htaccess-bad-argument", "RewriteCond needs a test string and a pattern", args
    if len(words) == 3 and (complaint := _flags(words[2], _COND_FLAGS, "RewriteCond")):
        return complaint
    pattern = words[1].removeprefix("!")
    if words[0].lower() == "expr" or pattern in _CONDITION_TESTS or pattern.startswith(("=", "<", ">", "-")):
        return None
    return _pattern(pattern, "RewriteCond")


def _pattern(pattern: str, directive: str) -> Complaint | None:
    why = surely_broken(pattern)
    return ("htaccess-bad-regex", f"the pattern of {directive} does not compile: {why}", pattern) if why else None


def flags_of(text: str) -> list[str] | None:
    """The flags between the brackets, None when the brackets are not as they should be."""
    if not (text.startswith("[") and text.endswith("]") and len(text) >= 2):
        return None
    return [flag.strip() for flag in text[1:-1].split(",")]


def _flags(text: str, known: frozenset[str], directive: str) -> Complaint | None:
    flags = flags_of(text)
    if flags is None:
        return "htaccess-bad-rewrite-flag", f"the flags of {directive} must stand in one pair of brackets without spaces", text
    for flag in flags:
        name, _, value = flag.partition("=")
        key = name.strip().lower()
        if key not in known:
            return "htaccess-bad-rewrite-flag", f"{directive} knows no flag “{name}”", name
        if key in ("r", "redirect") and value and not _is_redirect(value) and known is _RULE_FLAGS:
            return "htaccess-bad-rewrite-flag", f"{value} is not a status that R can answer with", name
    return None


def _is_redirect(value: str) -> bool:
    return (
        value.lower() in _REDIRECT_WORDS
        or value.startswith("%")
        or (value.isdigit() and 100 <= int(value) <= 599)
        or not value[0].isdigit()
    )


def known_flags(directive: str) -> frozenset[str]:
    return _COND_FLAGS if directive.lower() == "rewritecond" else _RULE_FLAGS
