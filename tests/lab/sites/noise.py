# ruff: noqa: E501 (a line of a log stays on one line)
"""What a log holds besides: errors of last week, strangers who try addresses, warnings of other pages."""

from __future__ import annotations

import time
from random import Random

from tests.lab import words
from tests.lab.scene import Scene

_OLD = (
    ("proxy_fcgi:error", "AH01071: Got error 'PHP message: PHP Fatal error:  Uncaught Error: Call to undefined function {word}() in {www}/index.php:{n}\\nStack trace:\\n#0 {{main}}\\n  thrown in {www}/index.php on line {n}'"),
    ("core:alert", "{www}/.htaccess: Invalid command '{word}', perhaps misspelled or defined by a module not included in the server configuration"),
    ("cgid:error", "End of script output before headers: {word}.cgi"),
    ("core:error", "AH00124: Request exceeded the limit of 10 internal redirects due to probable configuration error. Use 'LimitInternalRecursion' to increase the limit if necessary. Use 'LogLevel debug' to get a backtrace."),
    ("proxy_fcgi:error", "AH01071: Got error 'PHP message: PHP Fatal error:  Allowed memory size of 134217728 bytes exhausted (tried to allocate 20480 bytes) in {www}/lib/{word}.php on line {n}'"),
    ("proxy_fcgi:error", "AH01071: Got error 'PHP message: PHP Parse error:  syntax error, unexpected token \";\" in {www}/{word}.php on line {n}'"),
)  # fmt: skip
_HARMLESS = (
    ("core:info", "AH00128: File does not exist: {www}/wp-login.php"),
    ("authz_core:error", "AH01630: client denied by server configuration: {www}/.env"),
    ("autoindex:error", "AH01276: Cannot serve directory {www}/images/: No matching DirectoryIndex (index.php,index.html) found, and server-generated directory index forbidden by Options directive"),
    ("proxy_fcgi:error", "AH01071: Got error 'PHP message: PHP Warning:  Undefined variable ${word} in {www}/{word}.php on line {n}'"),
    ("proxy_fcgi:error", "AH01071: Got error 'PHP message: PHP Deprecated:  Creation of dynamic property {word}::$x is deprecated in {www}/{word}.php on line {n}'"),
    ("proxy_fcgi:error", "AH01071: Got error 'Primary script unknown'"),
    ("core:error", "AH00126: Invalid URI in request GET /../../../../etc/passwd HTTP/1.1"),
)  # fmt: skip
_NGINX = {
    "old": ('FastCGI sent in stderr: "PHP message: PHP Fatal error:  Uncaught Error: Class "{word}" not found in {www}/index.php:{n}\nStack trace:\n#0 {{main}}\n  thrown in {www}/index.php on line {n}" while reading response header from upstream',),
    "harmless": ('open() "{www}/favicon.ico" failed (2: No such file or directory)', 'FastCGI sent in stderr: "PHP message: PHP Warning:  Undefined variable ${word} in {www}/{word}.php on line {n}" while reading response header from upstream',
                 'access forbidden by rule'),
}  # fmt: skip
_NEW_YORK_S = 5 * 3600  # the lab's nginx writes its times without saying of where


def old(scene: Scene, count: int) -> list[str]:
    """Errors that were real, from a month to three hours ago, in the form of this place's log."""
    return _lines(scene, count, 3 * 3600, 30 * 86_400, is_old=True)


def harmless(scene: Scene, count: int) -> list[str]:
    """What comes all the time and stops no page, until now."""
    return _lines(scene, count, 1, 7200, is_old=False)


def _lines(scene: Scene, count: int, least_s: float, most_s: float, *, is_old: bool) -> list[str]:
    rng = scene.rng
    moments = sorted(time.time() - rng.uniform(least_s, most_s) for _ in range(count))
    return [_line(scene, rng, moment, is_old) for moment in moments]


def _line(scene: Scene, rng: Random, moment: float, is_old: bool) -> str:
    setup = scene.place.setup
    told = {"www": scene.path(scene.www), "word": words.identifier(rng), "n": rng.randint(2, 300)}
    client = f"192.0.2.{rng.randint(1, 250)}:{rng.randint(20_000, 60_000)}"
    if setup.server == "nginx":
        text = rng.choice(_NGINX["old" if is_old else "harmless"]).format(**told)
        stamp = time.strftime("%Y/%m/%d %H:%M:%S", time.gmtime(moment - _NEW_YORK_S))
        tail = f'client: {client.partition(":")[0]}, server: , request: "GET /index.php HTTP/1.1", host: "127.0.0.1"'
        return f"{stamp} [error] {rng.randint(200, 9000)}#0: *{rng.randint(1, 9000)} {text}, {tail}"
    module, text = rng.choice(_OLD if is_old else _HARMLESS)
    if setup.log_format:
        stamp = time.strftime("%a %b %d %H:%M:%S %Y", time.gmtime(moment))
        text = text.replace("AH01071: Got error 'PHP message: ", "mod_fcgid: stderr: ").rstrip("'")
        return f"[{stamp}] [{module.partition(':')[2]}] [client {client}] {text.format(**told)}"
    stamp = (
        time.strftime("%a %b %d %H:%M:%S", time.gmtime(moment)) + f".{rng.randrange(10**6):06d} " + time.strftime("%Y", time.gmtime(moment))
    )
    return f"[{stamp}] [{module}] [pid {rng.randint(200, 9000)}:tid {rng.randint(200, 9000)}] [client {client}] {text.format(**told)}"


def add(scene: Scene) -> None:
    """To the error log of two sites in three: much or little of both."""
    rng = scene.rng
    if rng.random() < 0.35:
        return
    scene.old_lines([*old(scene, rng.randint(1, 60)), *harmless(scene, rng.randint(0, 30))])
