"""Diagnoses with their findings, guided repairs with their steps, the journal, and the locks on hosts."""

from .account import AccountLook, FoundSite
from .action import HostAction
from .diagnosis import Diagnosis, FindingRecord
from .lock import HostLock
from .repair import JournalEntry, RepairCase, Step
from .visit import AccessLog, LogReading

__all__ = [
    "AccessLog",
    "AccountLook",
    "Diagnosis",
    "FindingRecord",
    "FoundSite",
    "HostAction",
    "HostLock",
    "JournalEntry",
    "LogReading",
    "RepairCase",
    "Step",
]
