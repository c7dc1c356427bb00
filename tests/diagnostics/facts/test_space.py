from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest

from diagnostics.checks.registry import run_checks
from diagnostics.evidence import SpaceLeft
from diagnostics.facts.space import RawSpace, parse
from diagnostics.findings import Severity
from tests.diagnostics.evidences import apache_line, evidence

_DISK = "Filesystem     1024-blocks     Used Available Capacity Mounted on\n/dev/vda1        20509264 20509264         0     100% /home\n"
_INODES = "Filesystem      Inodes  IUsed IFree IUse% Mounted on\n/dev/vda1      1310720 1310720     0  100% /home\n"
_QUOTA = (
    "Disk quotas for user shop (uid 1001):\n     Filesystem  blocks   quota   limit   grace   files   quota   limit   grace\n"
    "      /dev/vda1 1048576* 1000000 1048576    6days    4000       0       0\n"
)


def test_df_of_this_machine_is_read() -> None:
    disk, inodes = (
        subprocess.run(["df", option, "/"], capture_output=True, text=True, check=True, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"}).stdout
        for option in ("-Pk", "-Pi")
    )
    left = parse(RawSpace(disk, inodes))
    assert left is not None and left.free is not None and left.size and 0 < left.free < left.size


def test_full_disk_used_up_files_and_quota_are_read() -> None:
    assert parse(RawSpace(_DISK, _INODES, _QUOTA)) == SpaceLeft(0, 20509264 * 1024, 0, 1048576 * 1024, 1048576 * 1024)


@pytest.mark.parametrize("raw", [RawSpace(), RawSpace("nonsense", "", "quota: command not found"), RawSpace("a\nb\n", "\n\n", "0")])
def test_what_tells_nothing_is_no_answer(raw: RawSpace) -> None:
    assert parse(raw) is None


def test_file_system_that_counts_no_files_is_not_taken_for_full() -> None:
    left = parse(RawSpace(_DISK, "Filesystem Inodes IUsed IFree IUse% Mounted on\nserver:/home 0 0 0 - /home\n"))
    assert left is not None and left.files is None


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (SpaceLeft(free=0), "disk is full"),
        (SpaceLeft(free=9**12, files=0), "No more files"),
        (SpaceLeft(free=9**12, quota_used=1000, quota_allowed=1000), "quota is used up"),
    ],
)
def test_used_up_room_is_the_cause_of_a_failure_that_the_log_does_not_explain(left: SpaceLeft, words: str) -> None:
    seen = replace(evidence({"www/backup.zip": b"x" * 200_000}, None), space=left)
    found = run_checks(seen).findings[0]
    assert (found.cause, found.severity) == ("disk-full", Severity.CRITICAL) and words in found.summary
    assert any("www/backup.zip" in proof.text for proof in found.evidence)


def test_line_of_the_log_proves_a_full_disk_over_ftp() -> None:
    said = "PHP Notice:  fwrite(): Write of 8192 bytes failed with errno=28 No space left on device in /home/demo/www/a.php on line 3"
    log = apache_line(f"AH01071: Got error 'PHP message: {said}'")
    found = run_checks(evidence({"www/a.php": b"<?php\n"}, log, protocol="ftp")).findings[0]
    assert found.cause == "disk-full" and found.confidence >= 0.95


@pytest.mark.parametrize("number", [28, 122])
def test_line_number_in_a_trace_is_no_full_disk(number: int) -> None:
    trace = f"#0 /home/demo/www/b.php({number}): a()\\n#1 {{main}}"
    said = f"PHP Fatal error:  Uncaught Error: x in /home/demo/www/a.php:3\\nStack trace:\\n{trace}"
    found = run_checks(evidence({"www/a.php": b"<?php\n"}, apache_line(f"AH01071: Got error 'PHP message: {said}'"))).findings
    assert "disk-full" not in [finding.cause for finding in found]


@pytest.mark.parametrize("said", ["(28)No space left on device: AH00100: x", "(122)Disk quota exceeded: x", "(28)Kein Platz: x"])
def test_error_number_of_the_web_server_proves_a_full_disk(said: str) -> None:
    found = run_checks(evidence({}, apache_line(said))).findings[0]
    assert found.cause == "disk-full"


def test_line_of_another_request_is_not_certain_where_there_is_room_now() -> None:
    seen = evidence({}, "[22-Nov-2026 03:12:04 UTC] PHP Notice:  fwrite(): errno=28 No space left on device in /tmp/a.php on line 3\n")
    found = run_checks(replace(seen, space=SpaceLeft(free=9**12))).findings[0]
    assert found.cause == "disk-full" and 0.8 <= found.confidence < 0.95


def test_full_disk_of_a_site_that_is_well_is_a_note_at_most() -> None:
    seen = replace(evidence({}, "", status=200), space=SpaceLeft(free=0))
    assert all(finding.severity is Severity.NOTE for finding in run_checks(seen).findings)
