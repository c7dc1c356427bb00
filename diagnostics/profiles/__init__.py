"""The kinds of hosts, as data. `get_profile` answers with the usual one for a name it does not know."""

from __future__ import annotations

from diagnostics.profiles import apache_755, cpanel_suexec, ovh_mutualise, plesk
from diagnostics.profiles.base import Judgement, ModeSeverity, Profile, judge_root, policy_for

PROFILES: dict[str, Profile] = {module.PROFILE.name: module.PROFILE for module in (ovh_mutualise, apache_755, cpanel_suexec, plesk)}
DEFAULT_PROFILE = "apache-755"


def get_profile(name: str) -> Profile:
    return PROFILES.get(name.replace("_", "-"), PROFILES[DEFAULT_PROFILE])


__all__ = ["DEFAULT_PROFILE", "PROFILES", "Judgement", "ModeSeverity", "Profile", "get_profile", "judge_root", "policy_for"]
