"""What is watched: teams, hosts, sites with their pages, probe results, incidents, notifications."""

from .host import Host
from .incident import Incident, IncidentEntry
from .notification import Notification
from .probe import DayRollup, FailureEvidence, ProbeResult, Transition
from .site import Page, Site
from .team import LoginAttempt, Membership, Team

__all__ = [
    "DayRollup",
    "FailureEvidence",
    "Host",
    "Incident",
    "IncidentEntry",
    "LoginAttempt",
    "Membership",
    "Notification",
    "Page",
    "ProbeResult",
    "Site",
    "Team",
    "Transition",
]
