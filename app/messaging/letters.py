"""What a message says, decided when it is sent: its words are in `stationery`, and here stands
what they are about, where their links lead, and what goes along with them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import parseaddr
from typing import Any
from zoneinfo import ZoneInfo

from app.clinic import colours, settings
from app.clinic.settings import ClinicSettings
from app.messaging import agendas, payment_letters, stationery, visit_links
from app.messaging.calendar_file import Method, calendar_file
from app.messaging.stationery import Attachment
from app.messaging.truth import is_still_true, time_last_told
from app.models import Appointment, OutboxMessage, Role
from app.models import AppointmentStatus as Status
from app.models import MessageKind as Kind
from app.signing import Purpose, Signer

WITH_CALENDAR = {Kind.APPOINTMENT_CONFIRMED, Kind.APPOINTMENT_MOVED, Kind.APPOINTMENT_CANCELLED}
MOVABLE = {Status.REQUESTED, Status.CONFIRMED}
OVER = {Status.CANCELLED, Status.EXPIRED}
MASK = "…"
STOPS = {
    Kind.APPOINTMENT_REMINDER: Purpose.STOP_REMINDERS,
    Kind.DOCTOR_AGENDA: Purpose.STOP_AGENDA,
}


@dataclass(frozen=True, slots=True)
class CalendarPart:
    """An .ics file, and how a calendar should take it."""

    file: bytes
    method: Method


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it is sent. `secrets` are what gives its links their power."""

    subject: str
    text: str
    html: str
    calendar: CalendarPart | None = None
    attachments: tuple[Attachment, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()

    def masked(self) -> Letter:
        """The letter as it may be kept and shown: its links lead nowhere."""
        text, html = self.text, self.html
        for secret in self.secrets:
            text, html = text.replace(secret, MASK), html.replace(secret, MASK)
        return replace(self, text=text, html=html, headers={}, secrets=())


def write(
    message: OutboxMessage, base_url: str, sender: str, links: Signer, at: datetime
) -> Letter | None:
    """The letter that says at the instant `at` what is then true, with links that begin with
    `base_url`; nothing when there is nothing true to say any more."""
    if not is_still_true(message, at):
        return None
    clinic = settings.current()
    ways = _Ways(base_url, links)
    values = _values_of(message, clinic, ways, at)
    sheet = stationery.fill(message.kind.value, message.language, values)
    token = message.details.get("token")
    return Letter(
        sheet.subject,
        sheet.text,
        sheet.html,
        _calendar(message, clinic, base_url, sender),
        payment_letters.attachments_of(message),
        ways.headers,
        (*ways.secrets, token) if token else tuple(ways.secrets),
    )


def preview(
    message: OutboxMessage, base_url: str, sender: str, links: Signer, at: datetime
) -> Letter | None:
    """The letter as it would go out at the instant `at`, without the power of its links; nothing
    if it would dissolve. Looking changes nothing."""
    letter = write(message, base_url, sender, links, at)
    return letter.masked() if letter is not None else None


@dataclass
class _Ways:
    """The addresses that one letter leads to, and the secrets among them."""

    base_url: str
    signer: Signer
    headers: dict[str, str] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)

    def visit(self, purpose: Purpose, appointment: Appointment) -> str:
        """The address of a page for the visit's patient, which asks for no login."""
        path = visit_links.path_of(self.signer, purpose, appointment)
        self.secrets.append(path.split("/")[2])
        return self.base_url + path

    def stop(self, purpose: Purpose, user_ref: str) -> str:
        """The address that ends such letters, for whoever reads this one, and by one click in the
        mailbox itself (RFC 8058)."""
        token = self.signer.token(purpose, user_ref)
        self.secrets.append(token)
        address = f"{self.base_url}/unsubscribe/{token}/"
        self.headers["List-Unsubscribe"] = f"<{address}>"
        self.headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        return address


def _values_of(
    message: OutboxMessage, clinic: ClinicSettings, ways: _Ways, at: datetime
) -> dict[str, Any]:
    user, appointment = message.user, message.appointment
    own_zone = user.zone if user is not None else None
    stops = STOPS.get(message.kind)
    values: dict[str, Any] = {
        "message": message,
        "user": user,
        "details": message.details,
        "clinic": clinic,
        "phone": clinic.phone,
        "colour": clinic.colour,
        "tint": colours.on_dark(clinic.colour),
        "base": ways.base_url,
        "zone": ZoneInfo(own_zone) if own_zone else clinic.zoneinfo,
        "stop": ways.stop(stops, user.ref) if stops and user is not None else None,
    }
    if appointment is not None:
        values |= _values_of_visit(appointment, clinic, own_zone, at)
        if user is not None and user.role is Role.PATIENT:
            values |= _ways_to_change(appointment, ways, is_open=values["may_change"])
    if message.kind is Kind.DOCTOR_AGENDA:
        values |= agendas.values_of(message)
    if message.kind in payment_letters.STILL_TRUE:
        values |= payment_letters.values_of(message, ways.base_url, at)
    if message.kind in {Kind.APPOINTMENT_MOVED, Kind.DOCTOR_CHANGE}:
        values["before"] = datetime.fromisoformat(time_last_told(message))
    return values


def _values_of_visit(
    appointment: Appointment, clinic: ClinicSettings, own_zone: str | None, at: datetime
) -> dict[str, Any]:
    elsewhere = appointment.is_online and own_zone and own_zone != appointment.location.zone
    last_change = appointment.starts_at - clinic.cancel_cutoff
    return {
        "appointment": appointment,
        "phone": appointment.location.phone or clinic.phone,
        "zone": appointment.zone,
        "own_zone": ZoneInfo(own_zone) if elsewhere and own_zone else None,
        "last_change": last_change,
        "may_change": appointment.status in MOVABLE and at < last_change,
    }


def _ways_to_change(appointment: Appointment, ways: _Ways, *, is_open: bool) -> dict[str, Any]:
    """The links that need no login: to the visit, and while it can be changed, to doing so."""
    if appointment.status in OVER:
        return {"see": None, "move": None, "cancel": None}
    return {
        "see": ways.visit(Purpose.SEE_VISIT, appointment),
        "move": ways.visit(Purpose.MOVE_VISIT, appointment) if is_open else None,
        "cancel": ways.visit(Purpose.CANCEL_VISIT, appointment) if is_open else None,
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
