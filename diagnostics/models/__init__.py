"""Diagnoses with their findings, guided repairs with their steps, the journal, and the locks on hosts."""

from .account import AccountLook, FoundSite
from .action import HostAction
from .automatic import AutomaticRepair
from .baseline import Baseline, BaselineContent, BaselineWork, DiagnosisChanges, FileComparison, KeptFile
from .case_entry import CaseEntry
from .database import DatabaseChange, DatabaseDump, DumpPiece, GivenLogin
from .diagnosis import Diagnosis, FindingRecord
from .found import FoundFile
from .given_password import GivenPassword
from .joint import JointRepair, JointSite
from .lock import HostLock
from .log_server import LogServer
from .panel import HostPanel, PanelChange, PanelWatch, SnapshotFile
from .politeness import ConnectionLease, ConnectionPause
from .repair import JournalEntry, RepairCase, Step, TrialRun
from .sight import SiteSight
from .visit import AccessLog, LogReading

__all__ = [
    "AccessLog",
    "AccountLook",
    "AutomaticRepair",
    "Baseline",
    "BaselineContent",
    "BaselineWork",
    "CaseEntry",
    "ConnectionLease",
    "ConnectionPause",
    "DatabaseChange",
    "DatabaseDump",
    "Diagnosis",
    "DiagnosisChanges",
    "DumpPiece",
    "FileComparison",
    "FindingRecord",
    "FoundFile",
    "FoundSite",
    "GivenLogin",
    "GivenPassword",
    "HostAction",
    "HostLock",
    "HostPanel",
    "JointRepair",
    "JointSite",
    "JournalEntry",
    "KeptFile",
    "LogReading",
    "LogServer",
    "PanelChange",
    "PanelWatch",
    "RepairCase",
    "SiteSight",
    "SnapshotFile",
    "Step",
    "TrialRun",
]
