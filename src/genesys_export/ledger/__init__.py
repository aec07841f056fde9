"""COMMIT: what is published, who works on what, and how a day becomes visible: all or nothing."""

from __future__ import annotations

from .claims import Claims, Lease, LeaseLost, failure_of
from .decided import Damaged
from .holders import this_process
from .publishing import Ledger, Published
from .records import Entry
from .register import Register, Registration
from .stateless import NoClaims, NoLedger, NoRegister

__all__ = [
    "Claims",
    "Damaged",
    "Entry",
    "Lease",
    "LeaseLost",
    "Ledger",
    "NoClaims",
    "NoLedger",
    "NoRegister",
    "Published",
    "Register",
    "Registration",
    "failure_of",
    "this_process",
]
