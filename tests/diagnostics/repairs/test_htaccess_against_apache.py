"""From a real Apache's 500 and its log to a repair after which the same Apache serves the page."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from diagnostics.checks import run_checks
from diagnostics.evidence import PageSeen, SiteSeen
from diagnostics.facts.gather import SitePaths, gather
from diagnostics.repairs.plan import RenameFile, WriteFile
from tests.diagnostics.evidences import first_plan
from tests.diagnostics.htaccess.corpus import FAULTY
from tests.diagnostics.htaccess.differing import status_of
from tests.fakes import FakeHost, Node
from tests.lab.apache import apache, why_missing

pytestmark = pytest.mark.skipif(bool(why_missing()), reason=why_missing() or "Apache is here")


def test_first_repair_brings_every_faulty_file_back(open_folder: Path) -> None:
    base = open_folder
    (base / "acct").mkdir()
    wrong = []
    with apache(base / "acct", base / "logs") as server:
        for name, (content, cause, line) in FAULTY.items():
            docroot = base / "acct" / name
            docroot.mkdir(parents=True)
            (docroot / ".htaccess").write_bytes(content)
            (docroot / "page.txt").write_text("here")
            url = f"{server.url}/{name}/page.txt"
            at = datetime.now(UTC)
            status = status_of(f"{url}?probe={name}-token")
            for _ in range(100):  # the access log is written after the answer
                if f"{name}-token" in server.access_log.read_text("utf-8", "replace"):
                    break
                time.sleep(0.02)
            page = PageSeen("/page.txt", url, "server-error", status, at, token=f"{name}-token")
            host = FakeHost(
                {
                    f"{docroot}/.htaccess": content,
                    f"{docroot}/page.txt": b"here",
                    "/logs/error.log": Node(content=server.error_log.read_bytes(), mtime=server.error_log.stat().st_mtime),
                    "/logs/access.log": Node(content=server.access_log.read_bytes(), mtime=server.access_log.stat().st_mtime),
                },
                home=str(base / "acct"),
            )
            view = SiteSeen(name, url, "down", "server-error", (page,), at)
            seen = gather(host, view, SitePaths(str(docroot), "/logs/error.log", "/logs/access.log"), "apache-755", at)
            found = run_checks(seen).findings[0]
            # an unknown section also stands unclosed, and a directive of a missing module is unknown before it is not allowed
            lines, causes = ((line, line + 1), {cause, "htaccess-unclosed-section"}) if name == "html-inside" else ((line,), {cause})
            causes |= {"htaccess-module-not-loaded"} if name == "absent-module" else set()
            if found.line not in lines or (found.sureness, found.evidence[0].paired) != ("certain", True) or found.cause not in causes:
                wrong.append((name, found))
            plan = first_plan(seen, found)
            if plan is None:
                wrong.append((name, "no plan", found))
                continue
            for change in plan.changes:
                if isinstance(change, WriteFile):
                    assert change.before == content
                    (docroot / ".htaccess").write_bytes(change.after)
                elif isinstance(change, RenameFile):
                    Path(change.path).rename(change.target)
            if (answer := status_of(url)) != 200:
                wrong.append((name, answer, plan.repair_id, plan.diff()))
    assert not wrong, "\n".join(map(str, wrong))
