"""What a clinic decides at run time, with a default for each, kept in the table `settings`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.clinic import revision
from app.extensions import db
from app.models import Setting

NAME = "name"
# ISO 4217, of two decimals or none, as Stripe takes them.
CURRENCIES = ("EUR", "GBP", "USD", "CHF", "DKK", "NOK", "SEK", "PLN", "CZK", "CAD", "AUD", "JPY")
REMINDER_LEADS = (336, 168, 72, 48, 24, 4, 2, 1)  # the hours before a visit that can be chosen


@dataclass(frozen=True, slots=True)
class ClinicSettings:
    """The clinic's policies and contact, typed. Units stand in the names."""

    name: str = "Docket"
    phone: str = ""
    email: str = ""
    zone: str = "Europe/Berlin"
    colour: str = "#76295c"
    currency: str = "EUR"
    receipt_address: str = ""  # several lines
    tax_line: str = ""
    horizon_days: int = 60
    minimum_notice_minutes: int = 60
    hold_minutes: int = 10
    cancel_cutoff_hours: int = 24
    free_until_hours: int = 24
    late_fee_percent: int = 0
    no_show_fee_percent: int = 0
    check_in_opens_minutes: int = 60
    open_bookings_per_patient: int = 6
    open_bookings_per_doctor: int = 2
    open_bookings_unconfirmed: int = 2
    holds_per_address: int = 8
    undo_seconds: int = 30
    reminder_hours: tuple[int, ...] = (168, 24, 2)  # before a visit, the longest first
    quiet_from: int = 21  # hours on the patient's wall; the same as the next for none
    quiet_until: int = 8
    idle_minutes_staff: int = 15
    idle_minutes_patient: int = 30
    session_hours: int = 12

    @property
    def zoneinfo(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @property
    def hold(self) -> timedelta:
        return timedelta(minutes=self.hold_minutes)

    @property
    def undo(self) -> timedelta:
        return timedelta(seconds=self.undo_seconds)

    @property
    def minimum_notice(self) -> timedelta:
        return timedelta(minutes=self.minimum_notice_minutes)

    @property
    def cancel_cutoff(self) -> timedelta:
        return timedelta(hours=self.cancel_cutoff_hours)


def current(at_revision: int | None = None) -> ClinicSettings:
    """The settings as they stand, or as they stood at a revision that the caller has read."""
    return _parsed(revision.current() if at_revision is None else at_revision)


@revision.remembered(maxsize=4)
def _parsed(_: int) -> ClinicSettings:
    names = {field.name for field in fields(ClinicSettings)}
    rows = db.session.execute(select(Setting.name, Setting.value))
    return ClinicSettings(**{name: _frozen(value) for name, value in rows if name in names})


def store(settings: ClinicSettings) -> None:
    """Write the name and what differs from the defaults. Call inside a transaction."""
    defaults = asdict(ClinicSettings())
    for name, kept in asdict(settings).items():
        value = list(kept) if isinstance(kept, tuple) else kept
        row = db.session.get(Setting, name)
        if row is not None:
            row.value = value
        elif kept != defaults[name] or name == NAME:
            db.session.add(Setting(name=name, value=value))


def _frozen(value: Any) -> Any:
    """JSON knows no tuples."""
    return tuple(value) if isinstance(value, list) else value


def is_named() -> bool:
    """Whether somebody has decided what the clinic is called."""
    return db.session.get(Setting, NAME) is not None
