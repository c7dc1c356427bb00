"""Takes secrets out of log lines and paths before they are stored or shown. In doubt a thing is a secret."""

from __future__ import annotations

import re

# Every visitor can put a line into a log: repetitions that could begin at each of its characters have a bound, so that no line,
# whatever it holds, takes more than a moment.
GONE = "[removed]"
_WORDS = (
    r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|auth[_-]?key|"
    r"client[_-]?secret|sess(?:ion)?[_-]?id|nonce|salt|signature|credential)"
)
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), GONE),
    (re.compile(r"(\b[a-z][a-z0-9+.-]{0,30}://)[^\s/@:]*:[^\s/@]+@", re.IGNORECASE), rf"\1{GONE}@"),
    (re.compile(r"(\b(?:proxy-)?authorization['\"]?\s*[:=]\s*['\"]?)[^\r\n'\"]+", re.IGNORECASE), rf"\1{GONE}"),
    (re.compile(r"(\b(?:set-)?cookie['\"]?\s*[:=]\s*['\"]?)[^\r\n'\"]+", re.IGNORECASE), rf"\1{GONE}"),
    # Apache's AuthType names the kind, and what follows on the next line is no password.
    (re.compile(r"(?<!authtype[ \t])(\b(?:basic|bearer)\s+)[A-Za-z0-9+/._~=-]{8,}", re.IGNORECASE), rf"\1{GONE}"),
    (
        re.compile(r"(define\(\s*['\"](?:DB_PASSWORD|DB_USER|[A-Z_]{0,60}(?:KEY|SALT|SECRET|TOKEN|PASS\w{0,60}))['\"]\s*,"
                   r"\s*)(['\"]).*?\2", re.IGNORECASE),
        rf"\1\2{GONE}\2",
    ),
    (re.compile(rf"({_WORDS}\w{{0,80}}+['\"]?\s*(?:=>|[:=])\s*)(['\"])(.*?)\2", re.IGNORECASE), rf"\1\2{GONE}\2"),
    (re.compile(rf"({_WORDS}\w{{0,80}}+['\"]?\s*(?:=>|=|:)\s*)(?!\[removed\]|>)[^\s'\"&,;)\]]+", re.IGNORECASE), rf"\1{GONE}"),
    (
        re.compile(r"(mysqli?(?:_connect|->__construct|::real_connect|->real_connect|::__construct)?\(|PDO->__c"
                   r"onstruct\(|PDO::__construct\()[^)\n]{0,400}\)?", re.IGNORECASE),
        rf"\1{GONE})",
    ),
    # What a trace shows of calls that log in somewhere: PHP writes out their arguments (zend.exception_ignore_args).
    (
        re.compile(r"(\b(?:wpdb->__construct|\w{0,60}?(?:connect|log_?in(?!fo(?![a-z]))|auth(?!or)|passw|crypt|credential|imap_open)\w{0,60}+)\()"
                   r"(?=[^)\n]{0,400}['\"])[^)\n]{0,400}\)?", re.IGNORECASE),
        rf"\1{GONE})",
    ),
    (
        re.compile(rf"(\b(?:SetEnv|php_(?:admin_)?value)\s{{1,20}}['\"]?[\w.]{{0,60}}?(?:{_WORDS}|_pw\b|_pass\b)\w{{0,60}}+['\"]?\s{{1,20}})"
                   r"(?!['\"]?\[removed\])(?:\"[^\"\n]{0,400}\"?|'[^'\n]{0,400}'?|\S+)", re.IGNORECASE),
        rf"\1{GONE}",
    ),
    (re.compile(r"(\b[A-Z][A-Z0-9_]{0,60}_(?:KEY|PW|PASS)\s{0,5}=\s{0,5}['\"]?)(?!\[removed\])[^\s'\"]+"), rf"\1{GONE}"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?"), GONE),
    (re.compile(r"\b(?:AKIA|ASIA|ghp_|gho_|github_pat_|sk_live_|sk_test_|rk_live_|xox[abprs]-)[A-Za-z0-9_-]{10,}"), GONE),
    (re.compile(r"\b[A-Za-z0-9._%+-]{1,64}@(?=[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)"), f"{GONE}@"),
    (re.compile(r"\b[0-9a-fA-F]{32,}\b"), GONE),
    (
        re.compile(r"(?<![A-Za-z0-9+/_.-])(?=[A-Za-z0-9+_-]*\d)(?=[A-Za-z0-9+_-]*[a-z])(?=[A-Za-z0-9+_-]*[A-Z])"
                   r"[A-Za-z0-9+_-]{32,}={0,2}(?![A-Za-z0-9+/_.-])"),
        GONE,
    ),
)  # fmt: skip


def redact(text: str) -> str:
    """The text without passwords, keys, cookies, tokens and the names in mail addresses. Safe to apply twice."""
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    return text
