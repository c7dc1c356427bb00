"""A picture of a failing page as a visitor saw it, drawn by a Chromium of this machine from the stored answer alone.

The page is a stranger's: it is drawn without scripts, from memory, with no way to any network or file, by a process of its own in a
new, empty profile, with limits on time and memory; for root by the account "nobody". What a page fetches from elsewhere (style
sheets, pictures) is therefore missing in the picture. Where no Chromium is installed nothing is drawn and nothing is missed.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import logging
import os
import pwd
import re
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings

from sites.evidence.devtools import Browser, BrowserError, BrowserNeverAnswered
from sites.models import FailureEvidence
from sites.recognition.page_text import decode
from sites.redaction import redact

log = logging.getLogger(__name__)

WIDTH, HEIGHT = 1000, 640
TIME_LIMIT_S = 25.0
MEMORY_LIMIT = 700 * 1024 * 1024  # all processes of the browser together
PICTURE_LIMIT = 1024 * 1024
_SAME = "same-"  # before the hash of a page that was drawn: further links of pictures that evidence has
_DRAWN_AS = b"\0without secrets"  # part of a picture's name: those drawn in another way before are not shown
_PNG = b"\x89PNG\r\n\x1a\n"
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_POLICY = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline' data:; img-src data:; "
    "font-src data:; base-uri 'none'; form-action 'none'\">"
)
# What leads away from the page, or replaces our rule for it, goes before it is drawn.
_LEADING_AWAY = re.compile(r"<meta\b[^<>]{0,200}\bhttp-equiv[^<>]{0,500}>|<base\b[^<>]{0,500}>", re.IGNORECASE)
_DOCTYPE = re.compile(r"\A\s*(?:<!--.{0,2000}?-->\s*)?<!doctype[^<>]{0,300}>", re.IGNORECASE | re.DOTALL)
_FLAGS = (
    "--headless=new", "--incognito", "--disable-gpu", "--no-first-run", "--no-default-browser-check", "--hide-scrollbars", "--mute-audio",
    "--disable-extensions", "--disable-sync", "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
    "--disable-domain-reliability", "--disable-breakpad", "--no-pings", "--dns-prefetch-disable", "--renderer-process-limit=1",
    "--blink-settings=scriptEnabled=false", "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=http://127.0.0.1:9", "--proxy-bypass-list=<-loopback>", "--remote-debugging-pipe",
)  # fmt: skip


class NoPicture(Exception):
    """The page could not be drawn; the message says why."""


def program() -> str:
    """The Chromium of this machine; "" when there is none."""
    return next((found for name in _PROGRAMS if (found := shutil.which(name))), "")


def path_of(evidence: FailureEvidence) -> Path:
    """Where the picture of this evidence lies, if there is one. After a database was put back, a number alone could mean another."""
    what = hashlib.sha256(evidence.url.encode("utf-8", "replace") + b"\0" + bytes(evidence.body or b"") + _DRAWN_AS).hexdigest()
    return _folder() / f"{evidence.pk}-{what[:24]}.png"


def has_picture(evidence: FailureEvidence) -> bool:
    return path_of(evidence).is_file()


def _folder() -> Path:
    return Path(settings.SITEMEND_VAR_DIR) / "evidence"


def take(evidence: FailureEvidence) -> bool:
    """Draws the page of this evidence and keeps the picture. False when there is nothing to draw, or nothing to draw with."""
    if not program() or has_picture(evidence):
        return False
    page = _page_of(evidence)
    if not page:
        return False
    if _take_same(evidence, page):
        return True
    try:
        picture = draw(page)
    except NoPicture as error:
        log.info("no picture of evidence %s: %s", evidence.pk, error)
        return False
    _keep(evidence, page, picture)
    return True


def _page_of(evidence: FailureEvidence) -> str:
    content_type = next((value for name, value in evidence.headers if name.lower() == "content-type"), "")
    if "html" not in content_type.lower() and content_type:
        return ""
    text = redact(decode(bytes(evidence.body or b""), content_type))  # what the text of the evidence does not show, its picture neither
    return text if text.strip() else ""


def _keep(evidence: FailureEvidence, page: str, picture: bytes) -> None:
    folder = _folder()
    folder.mkdir(mode=0o700, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
        file.write(picture)
    Path(file.name).replace(path_of(evidence))
    with contextlib.suppress(OSError):  # it is there already, or this file system knows no links: then the next one is drawn again
        _drawn_before(page).hardlink_to(path_of(evidence))


def _drawn_before(page: str) -> Path:
    return _folder() / f"{_SAME}{hashlib.sha256(page.encode('utf-8', 'replace')).hexdigest()}.png"


def _take_same(evidence: FailureEvidence, page: str) -> bool:
    """The picture of an equal page is this one's too: a host that fails shows the same page for all its sites, and drawing is dear."""
    try:
        path_of(evidence).hardlink_to(_drawn_before(page))
    except OSError:  # there is none, or it has as many links as a file may have
        return False
    return True


def draw(page: str) -> bytes:
    """The upper part of this page as a PNG. Raises NoPicture."""
    found = program()
    if not found:
        raise NoPicture("no Chromium is installed")
    with tempfile.TemporaryDirectory(prefix="sitemend-picture-", ignore_cleanup_errors=True) as folder:
        try:
            picture = _drawn_confined([found, *_FLAGS], page, folder, _give_away(Path(folder)))
        except BrowserError as error:
            raise NoPicture(str(error)) from error
    if not picture.startswith(_PNG) or len(picture) > PICTURE_LIMIT:
        raise NoPicture("what came is no picture, or a very large one")
    return picture


def _give_away(folder: Path) -> str:
    """The account that draws when we are root; "" when we are somebody else."""
    if os.geteuid() != 0:
        return ""
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return "nobody"


def _drawn_confined(command: list[str], page: str, folder: str, user: str) -> bytes:
    """In the browser's own sandbox; without it only where it cannot start with it (whatever a page does comes later), and by an
    account that owns nothing."""
    try:
        return _drawn(command, page, folder, user)
    except BrowserNeverAnswered:
        if not user:
            raise
    return _drawn([*command, "--no-sandbox"], page, folder, user)


def _drawn(command: list[str], page: str, folder: str, user: str) -> bytes:
    with Browser(
        [*command, f"--user-data-dir={folder}/profile"], folder, user, time_limit_s=TIME_LIMIT_S, memory_limit=MEMORY_LIMIT
    ) as browser:
        target = browser.call("Target.createTarget", url="about:blank", width=WIDTH, height=HEIGHT)["targetId"]
        browser.attach(str(target))
        browser.call("Emulation.setScriptExecutionDisabled", value=True)
        browser.call("Network.enable")
        browser.call("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0)
        size = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
        browser.call("Emulation.setDeviceMetricsOverride", **size)
        frame = browser.call("Page.getFrameTree")["frameTree"]["frame"]["id"]
        browser.call("Page.setDocumentContent", frameId=frame, html=harmless(page))
        taken = browser.call("Page.captureScreenshot", format="png", optimizeForSpeed=False)
    try:
        return base64.b64decode(str(taken.get("data", "")), validate=True)
    except binascii.Error as error:
        raise BrowserError("what came is no picture") from error


def harmless(page: str) -> str:
    """The page with the rule that it may load nothing, before anything else of it."""
    page = _LEADING_AWAY.sub("", page)
    begins = _DOCTYPE.match(page)
    at = begins.end() if begins else 0
    return page[:at] + _POLICY + page[at:]


def prune() -> int:
    """Removes pictures whose evidence is gone. Returns how many."""
    folder = _folder()
    if not folder.is_dir():
        return 0
    removed = _remove_of_gone_evidence(folder)
    for path in folder.glob(f"{_SAME}*.png"):
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_nlink == 1:  # no evidence has it any more
                path.unlink()
    return removed


def _remove_of_gone_evidence(folder: Path) -> int:
    removed = 0
    for paths in _some_at_a_time(sorted(path for path in folder.glob("*-*.png") if _number_of(path).isdecimal())):
        standing = set(FailureEvidence.objects.filter(pk__in={int(_number_of(path)) for path in paths}).values_list("pk", flat=True))
        for path in paths:
            if int(_number_of(path)) not in standing:
                path.unlink(missing_ok=True)
                removed += 1
    return removed


def _number_of(path: Path) -> str:
    return path.stem.partition("-")[0]


def _some_at_a_time(paths: list[Path], count: int = 500) -> Iterable[list[Path]]:
    return (paths[start : start + count] for start in range(0, len(paths), count))
