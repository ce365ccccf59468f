"""What doctors are told without having asked anything: the visits of a day, in the evening before
or in the morning, and what patients change. Each doctor chooses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.clinic import audit
from app.extensions import db
from app.messaging import outbox
from app.messaging.outbox import Planned
from app.messaging.stretch import Stretch
from app.models import (
    AgendaMail,
    Appointment,
    Doctor,
    Location,
    MessageKind,
    OutboxMessage,
    Patient,
    User,
)
from app.models import AppointmentStatus as Status
from app.transaction import transactional

BITE = 300
A_DAY = timedelta(1)
WIDEST_DAY = timedelta(hours=26)  # from UTC's noon to the end of a date in any zone
WHEN = {AgendaMail.EVENING: (-A_DAY, time(18)), AgendaMail.MORNING: (timedelta(0), time(6, 30))}
LEFT_OUT = (Status.HELD, Status.EXPIRED, Status.CANCELLED)


@transactional
def choose(doctor: Doctor, when: AgendaMail) -> None:
    """Send a doctor the visits of each day: in the evening before, in the morning, or never."""
    db.session.refresh(doctor, with_for_update=True)
    before = doctor.agenda_mail
    if when is not before:
        doctor.agenda_mail = when
        _record(doctor, "agenda_mail", before.value, when.value)


@transactional
def mail_changes(doctor: Doctor, is_wanted: bool) -> None:
    """Tell a doctor when patients cancel or move visits, or not."""
    db.session.refresh(doctor, with_for_update=True)
    before = doctor.mail_changes
    if is_wanted is not before:
        doctor.mail_changes = is_wanted
        _record(doctor, "mail_changes", before, is_wanted)


def is_still_wanted(message: OutboxMessage, at: datetime) -> bool:
    """Whether the doctor still wants to be sent the day, and a visit of it is not over."""
    doctor = message.user.doctor if message.user else None
    if doctor is None or doctor.agenda_mail is AgendaMail.NEVER:
        return False
    return any(visit.ends_at > at for visit in _visits(doctor, _day(message)))


def values_of(message: OutboxMessage) -> dict[str, Any]:
    """What the letter says: the day, its visits as they are now, and the zone of the first."""
    doctor = message.user.doctor if message.user else None
    visits = _visits(doctor, _day(message)) if doctor else []
    return {"day": _day(message), "visits": visits, "zone": visits[0].zone}


def plan(at: datetime, since: datetime | None = None) -> int:
    """Put into the outbox the agendas that are due within ten minutes from the instant `at`, and
    those that were missed: since an instant, or in the last 24 hours. How many that makes."""
    stretch = Stretch.of(at, since)
    return sum(
        outbox.put_all(messages)
        for zone in db.session.scalars(select(Location.zone).distinct()).all()
        for when in WHEN
        for day, due in _days(when, ZoneInfo(zone), stretch)
        for messages in _bites(_messages(when, ZoneInfo(zone), day, due, at))
    )


def _days(when: AgendaMail, zone: ZoneInfo, stretch: Stretch) -> Iterator[tuple[date, datetime]]:
    """The days whose agenda is due in the stretch, in a zone, and when."""
    apart, wall = WHEN[when]
    day = stretch.since.astimezone(zone).date() - A_DAY
    while day <= stretch.until.astimezone(zone).date() + A_DAY:
        due = datetime.combine(day + apart, wall, zone).astimezone(UTC)
        if stretch.since <= due <= stretch.until:
            yield day, due
        day += A_DAY


def _messages(
    when: AgendaMail, zone: ZoneInfo, day: date, due: datetime, at: datetime
) -> list[Planned]:
    """One for each doctor who wants it and has a visit ahead on that day in the zone."""
    first, last = (datetime.combine(on, time(), zone) for on in (day, day + A_DAY))
    query = (
        select(Doctor.id, User.id, User.email)
        .join(Doctor.user)
        .join(Appointment, Appointment.doctor_id == Doctor.id)
        .join(Appointment.location)
        .where(
            Doctor.agenda_mail == when,
            User.is_active,
            User.email != "",
            Location.zone == zone.key,
            Appointment.status.not_in(LEFT_OUT),
            Appointment.starts_at >= max(first, at),
            Appointment.starts_at < last,
        )
        .distinct()
    )
    return [
        Planned(
            MessageKind.DOCTOR_AGENDA,
            f"agenda:{doctor}:{day}",
            recipient=email,
            user_id=user,
            details={"day": day.isoformat()},
            not_before=max(due, at),
        )
        for doctor, user, email in db.session.execute(query)
    ]


def _bites(messages: Sequence[Planned]) -> Iterator[Sequence[Planned]]:
    for first in range(0, len(messages), BITE):
        yield messages[first : first + BITE]


def _visits(doctor: Doctor, day: date) -> list[Appointment]:
    """The doctor's visits that start on a date, by the wall of the place they are at, in order."""
    noon = datetime.combine(day, time(12), UTC)
    query = (
        select(Appointment)
        .options(
            joinedload(Appointment.patient).joinedload(Patient.user),
            joinedload(Appointment.visit_type),
            joinedload(Appointment.location),
        )
        .where(
            Appointment.doctor_id == doctor.id,
            Appointment.starts_at >= noon - WIDEST_DAY,
            Appointment.starts_at < noon + WIDEST_DAY,
            Appointment.status.not_in(LEFT_OUT),
        )
        .order_by(Appointment.starts_at, Appointment.id)
    )
    rows = db.session.scalars(query)
    return [visit for visit in rows if visit.starts_at.astimezone(visit.zone).date() == day]


def _day(message: OutboxMessage) -> date:
    return date.fromisoformat(message.details["day"])


def _record(doctor: Doctor, field: str, before: Any, after: Any) -> None:
    audit.record(
        doctor.user,
        "doctor.messages",
        doctor,
        name=doctor.name,
        before={field: before},
        after={field: after},
    )
