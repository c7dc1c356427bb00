"""What is watched: teams, hosts, sites with their pages, probe results, incidents, notifications."""

from .batch_work import BulkChange, SavedFilter, SiteImport
from .certificate import Certificate, CertificateWatch
from .health import BehindAlarm, HealthSample, SignOfLife
from .host import Host
from .incident import Incident, IncidentEntry
from .line import LineOutage
from .look import Look
from .maintenance import DeployHook, Deployment, MaintenanceWindow
from .notification import Notification
from .probe import DayRollup, FailureEvidence, HourRollup, MinuteRollup, ProbeResult, RollupMark, RollupTouch, Transition
from .site import Page, Site
from .team import LoginAttempt, Membership, Team
from .visitor_failure import VisitorFailure, VisitorIncident, VisitorPage, VisitorReport, VisitorWatch

__all__ = [
    "BehindAlarm",
    "BulkChange",
    "Certificate",
    "CertificateWatch",
    "DayRollup",
    "DeployHook",
    "Deployment",
    "FailureEvidence",
    "HealthSample",
    "Host",
    "HourRollup",
    "Incident",
    "IncidentEntry",
    "LineOutage",
    "LoginAttempt",
    "Look",
    "MaintenanceWindow",
    "Membership",
    "MinuteRollup",
    "Notification",
    "Page",
    "ProbeResult",
    "RollupMark",
    "RollupTouch",
    "SavedFilter",
    "SignOfLife",
    "Site",
    "SiteImport",
    "Team",
    "Transition",
    "VisitorFailure",
    "VisitorIncident",
    "VisitorPage",
    "VisitorReport",
    "VisitorWatch",
]
