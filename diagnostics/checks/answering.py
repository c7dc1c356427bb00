"""Whether a line of another request can speak of this failure: by the answer it brings about, the site it names, whose process it was."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from diagnostics.checks.common import failing_pages
from diagnostics.evidence import Evidence, LogLine
from diagnostics.facts.error_log_places import is_of_machine

_REFUSED = re.compile(r"ModSecurity: Access denied with code (\d{3})")
_HOST = re.compile(r', host: "([^":]{1,255})(?::\d{1,5})?"')  # nginx names it behind the request
_POOL = re.compile(r"\[pool ([^\]]{1,80})\]")
_ANSWERS_500 = re.compile(r"mod_fcgid|couldn't (?:spawn|create) child process|mod_hostinglimits")
_USUAL_POOL = "www"  # of packages, for all sites that have none of their own


def explains_answer(line: LogLine, evidence: Evidence) -> bool:
    """A firewall answers with the code that it names, a server whose PHP or upstream fails with 502, 503 or 504; mod_fcgid with 500."""
    if line.paired:
        return True
    if not _is_of_site(line, evidence) or not _is_of_pool(line, evidence):
        return False
    statuses = {page.status for page in failing_pages(evidence.site)}
    if refused := _REFUSED.search(line.text):
        return not statuses or int(refused[1]) in statuses
    return not statuses or _ANSWERS_500.search(line.text) is not None or any(status is None or status >= 502 for status in statuses)


def _is_of_site(line: LogLine, evidence: Evidence) -> bool:
    """One log may serve several sites; our own requests are always for this one's address."""
    named = _HOST.search(line.text)
    urls = (evidence.site.url, *(page.url for page in evidence.site.pages))
    return named is None or _bare(named[1]) in {_bare(urlsplit(url).hostname or "") for url in urls}


def _bare(host: str) -> str:
    return host.lower().removeprefix("www.")


def _is_of_pool(line: LogLine, evidence: Evidence) -> bool:
    """In the whole machine's log each account's pool is named, mostly after its user or its domain."""
    pool = _POOL.search(line.text)
    if pool is None or pool[1] == _USUAL_POOL or not is_of_machine(line.log_path):
        return True
    ours = {*evidence.docroot.lower().split("/"), _bare(urlsplit(evidence.site.url).hostname or "")}
    return _bare(pool[1]) in ours
