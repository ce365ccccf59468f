"""What a message says, decided when it is sent.

A letter is written once, as text (`templates/mail/<kind>.txt`: the subject, a blank line, the
body); its HTML twin is made from that text, so that the two never differ. Every value that is put
into it stays in its line, whoever typed it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from app import formats
from app.clinic import settings
from app.clinic.settings import ClinicSettings
from app.messaging.calendar_file import Method, calendar_file
from app.messaging.plain import one_line
from app.messaging.truth import is_still_true, time_last_told
from app.models import Appointment, OutboxMessage
from app.models import AppointmentStatus as Status
from app.models import MessageKind as Kind

WITH_CALENDAR = {Kind.APPOINTMENT_CONFIRMED, Kind.APPOINTMENT_MOVED, Kind.APPOINTMENT_CANCELLED}
TEMPLATES = Path(__file__).resolve().parent.parent / "templates" / "mail"


@dataclass(frozen=True, slots=True)
class CalendarPart:
    """An .ics file, and how a calendar should take it."""

    file: bytes
    method: Method


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it is sent."""

    subject: str
    text: str
    html: str
    calendar: CalendarPart | None = None


def write(message: OutboxMessage, base_url: str, sender: str, at: datetime) -> Letter | None:
    """The letter that says at the instant `at` what is then true, with links that begin with
    `base_url`; nothing when there is nothing true to say any more."""
    if not is_still_true(message, at):
        return None
    clinic = settings.current()
    values = _values_of(message, clinic, base_url, at)
    written = _environment.get_template(f"{message.kind.value}.txt").render(values)
    subject, _, body = written.partition("\n")
    text = re.sub(r"\n{3,}", "\n\n", body).strip() + "\n"
    html = _environment.get_template("letter.html").render(
        subject=subject, paragraphs=_paragraphs(text), base=base_url
    )
    return Letter(one_line(subject), text, html, _calendar(message, clinic, base_url, sender))


def _values_of(
    message: OutboxMessage, clinic: ClinicSettings, base_url: str, at: datetime
) -> dict[str, Any]:
    user = message.user
    own_zone = user.zone if user is not None else None
    values: dict[str, Any] = {
        "message": message,
        "user": user,
        "details": message.details,
        "clinic": clinic,
        "base": base_url,
        "zone": ZoneInfo(own_zone) if own_zone else clinic.zoneinfo,
    }
    if message.appointment is not None:
        values |= _values_of_visit(message.appointment, clinic, own_zone, at)
    if message.kind is Kind.APPOINTMENT_MOVED:
        values["before"] = datetime.fromisoformat(time_last_told(message))
    return values


def _values_of_visit(
    appointment: Appointment, clinic: ClinicSettings, own_zone: str | None, at: datetime
) -> dict[str, Any]:
    elsewhere = appointment.is_online and own_zone and own_zone != appointment.location.zone
    last_change = appointment.starts_at - clinic.cancel_cutoff
    return {
        "appointment": appointment,
        "zone": appointment.zone,
        "own_zone": ZoneInfo(own_zone) if elsewhere and own_zone else None,
        "last_change": last_change,
        "may_change": at < last_change,
    }


def _calendar(
    message: OutboxMessage, clinic: ClinicSettings, base_url: str, sender: str
) -> CalendarPart | None:
    appointment = message.appointment
    if appointment is None or message.kind not in WITH_CALENDAR:
        return None
    if appointment.status is Status.REQUESTED:
        return None
    method: Method = "CANCEL" if appointment.status is Status.CANCELLED else "REQUEST"
    organizer = parseaddr(sender)[1]
    return CalendarPart(
        calendar_file(appointment, clinic.name, base_url, method, organizer), method
    )


def _paragraphs(text: str) -> list[list[str]]:
    return [paragraph.split("\n") for paragraph in text.strip("\n").split("\n\n")]


def _in_its_line(value: Any) -> Any:
    return one_line(value) if isinstance(value, str) else value


_environment = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=select_autoescape(("html",)),
    undefined=StrictUndefined,
    finalize=_in_its_line,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_environment.filters.update(formats.FILTERS)
