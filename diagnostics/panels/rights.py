"""The least rights at OVHcloud for what is done there, as rules that the person confirms there.

Rule: https://docs.ovhcloud.com/en/guides/manage-and-operate/api/first-steps (access rules: a method and a path, `*` for any part).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

READ, PHP, RESTORE = "read", "php", "restore"
PROFILES = (READ, PHP, RESTORE)


def rules_of(profiles: Iterable[str], service: str) -> list[dict[str, str]]:
    """What is asked for, limited to one hosting: nothing of the account itself, and nothing that could end the service."""
    here = f"/hosting/web/{quote(service, safe='')}"
    rules = [{"method": "GET", "path": path} for path in ("/auth/currentCredential", here, f"{here}/*")]
    if PHP in profiles:
        rules += [{"method": "POST", "path": f"{here}/{end}"} for end in ("ovhConfig/*", "ovhConfigRefresh")]
    if RESTORE in profiles:
        rules += [{"method": "POST", "path": f"{here}/{end}"} for end in ("database/*", "restoreSnapshot")]
    return rules


def missing(granted: Iterable[dict[str, str]], profiles: Iterable[str], service: str) -> list[str]:
    """Which of the rules that are needed are not granted, as "METHOD path"."""
    had = [(str(rule.get("method", "")), str(rule.get("path", ""))) for rule in granted]
    needed = rules_of(profiles, service)
    return [f"{rule['method']} {rule['path']}" for rule in needed if not any(_covers(each, rule) for each in had)]


def _covers(granted: tuple[str, str], rule: dict[str, str]) -> bool:
    method, path = granted
    pattern = ".*".join(re.escape(part) for part in path.split("*"))
    return method == rule["method"] and re.fullmatch(pattern, rule["path"]) is not None
