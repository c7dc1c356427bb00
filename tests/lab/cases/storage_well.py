# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Sites that are well on disks and in trees that look as if they were not."""

from __future__ import annotations

import os
import time

from tests.lab import words
from tests.lab.cases.base import LOGGED, PHP, Truth, well
from tests.lab.cases.healthy import WELL
from tests.lab.scene import Scene
from tests.lab.sites.php_site import describe


@well(LOGGED, "static", "php")
def private_folders_beside(s: Scene) -> Truth:
    """What nobody is to read: a backup, a repository, the keys."""
    for name, mode in ((".ssh", 0o700), ("backup", 0o700), (s.at(".git"), 0o000), ("mail", 0o750)):
        s.keep(f"{name}/content", "private\n", 0o600)
        s.chmod(name, mode)
    return WELL


@well(PHP, "php")
def cache_disk_that_is_full(s: Scene) -> Truth:
    """A cache that takes all it may have; the program does without."""
    s.folder(s.at("cache"))
    if s.small_disk(s.at("cache"), 64):
        (s.path(s.at("cache")) / "old.bin").write_bytes(b"\0" * 65_536)
    return WELL


@well(LOGGED, "static", "php")
def readable_files_of_root(s: Scene) -> Truth:
    """Restored by the administrator, and readable for all."""
    for base, folders, files in os.walk(s.path(s.www)):
        for name in (*folders, *files):
            os.chown(os.path.join(base, name), 0, 0, follow_symlinks=False)
    return WELL


@well(LOGGED, "static", "php")
def log_of_all_sites(s: Scene) -> Truth:
    """One log for the whole machine, and others' sites fail in this very minute."""
    lines = []
    for ago in range(90, 0, -1):
        stamp = time.strftime("%a %b %d %H:%M:%S.000000 %Y", time.gmtime(time.time() - ago / 2))
        other = f"/home/{s.rng.choice(words.FOLDERS)}/www"
        text = s.rng.choice((
            f"AH01071: Got error 'PHP message: PHP Fatal error:  Uncaught Error: Call to undefined function x() in {other}/index.php:3\\nStack trace:\\n#0 {{main}}\\n  thrown in {other}/index.php on line 3'",
            f"{other}/.htaccess: Invalid command 'Ordr', perhaps misspelled or defined by a module not included in the server configuration",
            "(28)No space left on device: AH00646: Error writing to /var/log/apache2/other_vhosts_access.log",
            "AH00161: server reached MaxRequestWorkers setting, consider raising the MaxRequestWorkers setting",
        ))  # fmt: skip
        lines.append(f"[{stamp}] [core:error] [pid 77:tid 77] [client 192.0.2.{s.rng.randint(1, 99)}:4000] {text}")
    s.old_lines(lines)
    return WELL


@well(PHP, "php")
def upload_folder_shut_on_purpose(s: Scene) -> Truth:
    """Nothing may be uploaded any more; nobody asks for it."""
    s.keep(s.at("uploads/.htaccess"), "Require all denied\n")
    s.chmod(s.at("uploads"), 0o555)
    s.chmod(s.at(describe(s).settings), 0o400)
    return WELL
