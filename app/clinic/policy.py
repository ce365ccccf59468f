"""What an admin may set: the bounds of each setting, saving them together, and who changed what."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from app.clinic import audit, colours, history, revision, settings
from app.clinic.settings import CURRENCIES, REMINDER_LEADS, ClinicSettings
from app.errors import ChangedMeanwhile, ClinicError, NotAllowed
from app.extensions import db
from app.models import AuditEvent, Role, User
from app.transaction import transactional

LONGEST_NAME = 80
LONGEST_TAX_LINE = 120
LONGEST_RECEIPT_ADDRESS, MOST_RECEIPT_LINES = 400, 8


@dataclass(frozen=True, slots=True)
class Bounds:
    """The whole numbers that a setting may have, both ends included, and what they count."""

    least: int
    most: int
    unit: str


BOUNDS: dict[str, Bounds] = {
    "horizon_days": Bounds(1, 365, "days"),
    "minimum_notice_minutes": Bounds(0, 20_160, "minutes"),
    "hold_minutes": Bounds(2, 60, "minutes"),
    "cancel_cutoff_hours": Bounds(0, 336, "hours"),
    "free_until_hours": Bounds(0, 336, "hours"),
    "late_fee_percent": Bounds(0, 100, "percent"),
    "no_show_fee_percent": Bounds(0, 100, "percent"),
    "open_bookings_per_patient": Bounds(1, 100, "appointments"),
    "open_bookings_per_doctor": Bounds(1, 100, "appointments"),
    "open_bookings_unconfirmed": Bounds(1, 100, "appointments"),
    "holds_per_address": Bounds(1, 500, "holds"),
    "quiet_from": Bounds(0, 23, "o'clock"),
    "quiet_until": Bounds(0, 23, "o'clock"),
    "undo_seconds": Bounds(0, 300, "seconds"),
    "idle_minutes_staff": Bounds(5, 480, "minutes"),
    "idle_minutes_patient": Bounds(5, 1440, "minutes"),
    "session_hours": Bounds(1, 72, "hours"),
}
TEXTS = (
    "name", "phone", "email", "zone", "colour", "currency", "receipt_address", "tax_line"
)  # fmt: skip
REMINDERS = "reminder_hours"
CHANGEABLE = (*TEXTS, *BOUNDS, REMINDERS)
LONGEST_QUIET_HOURS = 16
DEFAULTS = ClinicSettings()


@dataclass(slots=True)
class Clinic:
    """What the audit trail means by the clinic's settings: there is one clinic."""

    id: int = 1


class Unfit(ClinicError):
    """Settings that cannot stand; `complaints` says what is wrong with which."""

    status = 422

    def __init__(self, complaints: dict[str, str]) -> None:
        self.complaints = complaints
        super().__init__(" ".join(complaints.values()))


@cache
def zones() -> frozenset[str]:
    """The time zones that a clinic may be in."""
    return frozenset(key for key in available_timezones() if "/" in key or key == "UTC")


def complaints_about(wanted: ClinicSettings) -> dict[str, str]:
    """What cannot stand, by the setting's name, each in a sentence."""
    values = asdict(wanted)
    found = {
        name: f"Enter a whole number from {bounds.least:,} to {bounds.most:,}."
        for name, bounds in BOUNDS.items()
        if not bounds.least <= values[name] <= bounds.most
    }
    if not 1 <= len(wanted.name.strip()) <= LONGEST_NAME:
        found["name"] = f"Enter the clinic's name, of at most {LONGEST_NAME} characters."
    if not set(wanted.reminder_hours) <= set(REMINDER_LEADS):
        found[REMINDERS] = "Choose among the times in the list."
    if (wanted.quiet_until - wanted.quiet_from) % 24 > LONGEST_QUIET_HOURS:
        found.setdefault(
            "quiet_until",
            "Leave at least eight hours of the day for reminders, or no quiet hours: the same "
            "hour twice.",
        )
    if wanted.zone not in zones():
        found["zone"] = "Choose one of the time zones in the list."
    if not colours.is_colour(wanted.colour):
        found["colour"] = "Enter a colour as # and six characters, such as #76295c."
    elif not colours.bears_white(wanted.colour):
        found["colour"] = "White words cannot be read on this colour. Choose a darker one."
    if wanted.minimum_notice_minutes >= wanted.horizon_days * 1440:
        found.setdefault(
            "minimum_notice_minutes",
            "With this notice nothing could ever be booked. Make it shorter than the time ahead.",
        )
    return found | _complaints_about_receipts(wanted)


def _complaints_about_receipts(wanted: ClinicSettings) -> dict[str, str]:
    found = {}
    address, tax_line = wanted.receipt_address, wanted.tax_line
    if wanted.currency not in CURRENCIES:
        found["currency"] = "Choose one of the currencies in the list."
    is_long = len(address.splitlines()) > MOST_RECEIPT_LINES
    if is_long or len(address) > LONGEST_RECEIPT_ADDRESS:
        found["receipt_address"] = (
            f"Use at most {MOST_RECEIPT_LINES} lines and {LONGEST_RECEIPT_ADDRESS} characters."
        )
    if len(tax_line) > LONGEST_TAX_LINE or len(tax_line.splitlines()) > 1:
        found["tax_line"] = f"Use one line of at most {LONGEST_TAX_LINE} characters."
    return found


def version_of(stored: ClinicSettings) -> str:
    """A short name of the settings as they stand: other settings, another name."""
    return hashlib.blake2b(repr(asdict(stored)).encode(), digest_size=9).hexdigest()


@transactional
def save(wanted: ClinicSettings, actor: User, *, version: str) -> dict[str, tuple[Any, Any]]:
    """Store the settings; returns what changed, by name, as (before, after).

    `version` names the settings that the actor has seen. What is wanted already changes nothing.
    Raises NotAllowed, Unfit, ChangedMeanwhile.
    """
    db.session.refresh(actor)
    if actor.role is not Role.ADMIN or not actor.is_active:
        raise NotAllowed
    if complaints := complaints_about(wanted):
        raise Unfit(complaints)
    revision.bump()  # its row is the lock of whoever changes settings
    stored = settings.current()
    if version_of(stored) != version:
        raise ChangedMeanwhile
    before, after = asdict(stored), asdict(wanted)
    changed = {name: (before[name], after[name]) for name in after if before[name] != after[name]}
    settings.store(wanted)
    if changed:
        audit.record(
            actor,
            "clinic.settings",
            Clinic(),
            name=wanted.name,
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
        )
    return changed


def changes(most: int = 20) -> Sequence[AuditEvent]:
    """The latest changes of the settings, the newest first."""
    return history.of("clinic", Clinic().id, most)
