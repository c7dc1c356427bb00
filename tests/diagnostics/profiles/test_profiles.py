from __future__ import annotations

import pytest

from diagnostics.evidence import TreeEntry
from diagnostics.profiles import PROFILES, ModeSeverity, get_profile, judge_root, policy_for


def judged(profile: str, path: str, mode: int, kind: str = "file") -> tuple[str, int | None]:
    judgement = policy_for(TreeEntry(path, "/" + path, kind, mode, 0, 0.0), get_profile(profile))
    return judgement.severity.value, judgement.expected


@pytest.mark.parametrize(
    ("profile", "path", "mode", "kind", "expected"),
    [
        ("ovh-mutualise", "www/a.html", 0o604, "file", ("fine", None)),
        ("ovh-mutualise", "www", 0o705, "folder", ("fine", None)),
        ("ovh-mutualise", "www/a.html", 0o644, "file", ("advice", 0o604)),
        ("ovh-mutualise", "www/a.html", 0o666, "file", ("exceeds-policy", 0o604)),
        ("ovh-mutualise", "www/a.html", 0o600, "file", ("blocks-site", 0o604)),
        ("ovh-mutualise", "www/a.php", 0o600, "file", ("fine", None)),
        ("ovh-mutualise", "www/wp-config.php", 0o400, "file", ("fine", None)),
        ("ovh-mutualise", "www/cgi-bin/a.cgi", 0o705, "file", ("fine", None)),
        ("ovh-mutualise", "www/d", 0o700, "folder", ("blocks-site", 0o705)),
        ("ovh-mutualise", "www/d", 0o711, "folder", ("advice", 0o701)),
        ("ovh-mutualise", "www/l", 0o777, "link", ("fine", None)),
        ("apache-755", "www/a.html", 0o644, "file", ("fine", None)),
        ("apache-755", "www/.ssh/key", 0o600, "file", ("fine", None)),
        ("cpanel-suexec", "public_html/a.php", 0o664, "file", ("likely-500", 0o644)),
    ],
)
def test_mode_is_judged(profile: str, path: str, mode: int, kind: str, expected: tuple[str, int | None]) -> None:
    assert judged(profile, path, mode, kind) == expected


@pytest.mark.parametrize("mode", [0o700, 0o000])
def test_block_of_the_host_is_never_to_be_changed(mode: int) -> None:
    judgement = judge_root(mode, PROFILES["ovh-mutualise"])
    assert (judgement.severity, judgement.expected) == (ModeSeverity.HOSTS_BLOCK, None)


def test_unknown_profile_is_the_usual_one() -> None:
    assert get_profile("nothing").name == "apache-755" and get_profile("ovh_mutualise").name == "ovh-mutualise"


def test_nothing_is_ever_made_writable_for_others_or_looser_by_tightening() -> None:
    for profile in PROFILES.values():
        for mode in range(0o1000):
            for kind in ("file", "folder"):
                judgement = policy_for(TreeEntry("www/x", "/www/x", kind, mode, 0, 0.0), profile)
                if judgement.expected is not None:
                    assert not judgement.expected & 0o022
                    assert judgement.stricter or not judgement.expected & ~mode
