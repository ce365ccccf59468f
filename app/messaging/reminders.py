"""Reminders of visits: who wants which, and putting those that are due into the outbox.

A reminder is planned some minutes before it is due, or as soon as a worker finds that it was
missed. Its key holds the visit, the lead and the time of the visit, so planning it twice adds
nothing, and a visit that has moved is reminded of anew.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import ColumnElement, Select, func, or_, select

from app.clinic import audit, settings
from app.clinic.settings import REMINDER_LEADS, ClinicSettings
from app.clock import TICK, tick_of
from app.errors import ClinicError
from app.extensions import db
from app.messaging import outbox
from app.messaging.outbox import Planned
from app.messaging.reminder_times import Quiet, points
from app.messaging.stretch import Stretch
from app.models import Appointment, Location, MessageKind, OutboxMessage, Patient, User, VisitType
from app.models import AppointmentStatus as Status
from app.transaction import transactional

BITE = 300
LONGEST_QUIET = timedelta(hours=17)  # sixteen, and a change of the clocks
GRACE = timedelta(minutes=30)  # for what was due just before they begin

log = logging.getLogger("docket.worker")


class UnknownLead(ClinicError):
    status = 422
    sentence = "Choose among the times in the list."


@dataclass(frozen=True, slots=True)
class Window:
    """Visits that begin between two instants, both included, and are of some people only."""

    since: datetime
    until: datetime
    who: Sequence[ColumnElement[bool]]


class Coming(NamedTuple):
    """A confirmed visit, as `_query` reads it. `zone` is its patient's, or else its place's."""

    number: int
    starts_at: datetime
    arranged_at: datetime
    visit_type_id: int
    zone: str
    own_reminders: list[int] | None
    user_id: int
    email: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What is planned, and by what is known of the clinic and of its visit types."""

    stretch: Stretch
    clinic: ClinicSettings
    own_of_types: dict[int, list[int] | None]

    @property
    def quiet(self) -> Quiet:
        return quiet_of(self.clinic)

    def due(self, all_points: Iterable[datetime]) -> list[datetime]:
        """The points that come now, and of those that were missed only the latest."""
        known, stretch = sorted(all_points), self.stretch
        missed = [point for point in known if point <= stretch.at][-1:]
        coming = [point for point in known if stretch.at < point <= stretch.until]
        return [point for point in missed if point >= stretch.since] + coming


@transactional
def choose(patient: Patient, hours: Sequence[int] | None) -> None:
    """Remind a patient so many hours before each visit, never for an empty list, or as the clinic
    does for None. Raises UnknownLead."""
    if not set(hours or ()) <= set(REMINDER_LEADS):
        raise UnknownLead
    db.session.refresh(patient, with_for_update=True)
    wanted = None if hours is None else sorted(set(hours), reverse=True)
    before = patient.own_reminders
    if wanted == before:
        return
    patient.own_reminders = wanted
    audit.record(
        patient.user,
        "patient.reminders",
        patient,
        name=patient.name,
        before={"own_reminders": before},
        after={"own_reminders": wanted},
    )


def quiet_of(clinic: ClinicSettings) -> Quiet:
    """The hours in which the clinic reminds nobody."""
    return Quiet(clinic.quiet_from, clinic.quiet_until)


def leads_of(
    patients: Sequence[int] | None, visit_types: Sequence[int] | None, clinic: ClinicSettings
) -> Sequence[int]:
    """The hours before a visit that count: the patient's own, or else the visit type's own, or
    else the clinic's."""
    if patients is not None:
        return patients
    return clinic.reminder_hours if visit_types is None else visit_types


def rests_until(message: OutboxMessage, at: datetime) -> datetime | None:
    """Until when a reminder rests that could not leave in time and would come in quiet hours;
    nothing for one that may leave at the instant `at`."""
    visit, user = message.appointment, message.user
    if message.kind is not MessageKind.APPOINTMENT_REMINDER or visit is None or user is None:
        return None
    zone = ZoneInfo(user.zone) if user.zone else visit.zone
    hush = quiet_of(settings.current()).around(at, zone)
    if hush is None or at < hush[0] + GRACE:
        return None
    return hush[1]


def is_still_wanted(message: OutboxMessage, at: datetime) -> bool:
    """Whether the visit is still confirmed for the time that the reminder was planned for, has not
    begun at the instant `at`, and its patient wants to be reminded so long before."""
    visit = message.appointment
    if visit is None or visit.patient is None or visit.status is not Status.CONFIRMED:
        return False
    details = message.details
    if tick_of(visit.starts_at) != details.get("starts_tick") or visit.starts_at <= at:
        return False
    leads = leads_of(
        visit.patient.own_reminders, visit.visit_type.own_reminders, settings.current()
    )
    return details.get("lead") in leads


def plan(at: datetime, since: datetime | None = None) -> int:
    """Put into the outbox what is due within ten minutes from the instant `at`, and what was
    missed: since an instant, or in the last 24 hours. How many messages that makes.

    It may be run twice, late, or by several workers at once.
    """
    types = db.session.execute(select(VisitType.id, VisitType.own_reminders))
    one = Plan(Stretch.of(at, since), settings.current(), dict(types.all()))
    return sum(
        outbox.put_all(bite) for window in _windows(one) for bite in _messages(one, window) if bite
    )


def _windows(one: Plan) -> Iterator[Window]:
    """Which visits to look at. Quiet hours carry a reminder away from its point, but only to where
    they begin or end, so only people who live where that happens now are looked at widely."""
    usual = {*one.clinic.reminder_hours}.union(*filter(None, one.own_of_types.values()))
    zone, stretch, edges = func.coalesce(User.zone, Location.zone), one.stretch, _edges(one)
    for lead in REMINDER_LEADS:
        span = timedelta(hours=lead)
        begin, end = stretch.since + span, stretch.until + span
        who = [] if lead in usual else [Patient.own_reminders.is_not(None)]
        if stretch.is_narrow:
            yield Window(begin, end, [*who, zone.not_in(edges)])
            who.append(zone.in_(edges))
        if edges or not stretch.is_narrow:
            yield Window(begin - LONGEST_QUIET, end + LONGEST_QUIET, who)


def _edges(one: Plan) -> list[str]:
    """The zones in which quiet hours begin or end in a narrow stretch."""
    if one.quiet.begins == one.quiet.ends or not one.stretch.is_narrow:
        return []
    hours = {one.quiet.begins, one.quiet.ends}
    return [zone.key for zone in _zones() if _shows(zone, hours, one.stretch)]


@cache
def _zones() -> tuple[ZoneInfo, ...]:
    return tuple(map(ZoneInfo, sorted(available_timezones())))


def _shows(zone: ZoneInfo, hours: set[int], stretch: Stretch) -> bool:
    """Whether a wall in the zone comes to the beginning of one of the hours, or a tick before."""
    first, last = (instant.astimezone(zone) for instant in (stretch.since, stretch.until + TICK))
    passed = (last.hour - first.hour) % 24  # two, where the clocks go forward
    return any((first.hour + hour) % 24 in hours for hour in range(1, passed + 1))


def _messages(one: Plan, window: Window) -> Iterator[list[Planned]]:
    """The reminders that are due of the visits in a window, some hundreds at a time."""
    begins, number = max(window.since, one.stretch.at), 0
    while visits := [Coming(*row) for row in db.session.execute(_query(window, begins, number))]:
        begins, number = visits[-1].starts_at, visits[-1].number
        yield [message for visit in visits for message in _whatever_is_due_of(one, visit)]
        if len(visits) < BITE:
            return


def _query(
    window: Window, begins: datetime, number: int
) -> Select[int, datetime, datetime, int, str, list[int] | None, int, str]:
    """The next visits in a window after the one that begins at an instant and has a number."""
    arranged_at = func.coalesce(Appointment.arranged_at, Appointment.created_at)
    return (
        select(
            Appointment.id,
            Appointment.starts_at,
            arranged_at,
            Appointment.visit_type_id,
            func.coalesce(User.zone, Location.zone),
            Patient.own_reminders,
            User.id,
            User.email,
        )
        .join(Appointment.patient)
        .join(Patient.user)
        .join(Appointment.location)
        .where(
            Appointment.status == Status.CONFIRMED,
            Appointment.starts_at >= begins,
            Appointment.starts_at <= window.until,
            or_(Appointment.starts_at > begins, Appointment.id > number),
            User.email != "",
            *window.who,
        )
        .order_by(Appointment.starts_at, Appointment.id)
        .limit(BITE)
    )


def _whatever_is_due_of(one: Plan, visit: Coming) -> list[Planned]:
    """The reminders that are due of one visit; one that cannot be planned does not stop the
    rest."""
    try:
        return list(_due_of(one, visit))
    except Exception:
        log.exception("The reminders of visit %s cannot be planned.", visit.number)
        return []


def _due_of(one: Plan, visit: Coming) -> Iterator[Planned]:
    leads = leads_of(visit.own_reminders, one.own_of_types.get(visit.visit_type_id), one.clinic)
    zone = ZoneInfo(visit.zone)
    all_points = points(visit.starts_at, visit.arranged_at, leads, zone, one.quiet)
    for point in one.due(all_points):
        # What was missed waits for the end of quiet hours, too, and is left out if that is late.
        due = point if point > one.stretch.at else one.quiet.over(one.stretch.at, zone)
        if due < visit.starts_at:
            lead, tick = all_points[point], tick_of(visit.starts_at)
            yield Planned(
                MessageKind.APPOINTMENT_REMINDER,
                f"reminder:{visit.number}:{lead}:{tick}",
                recipient=visit.email,
                user_id=visit.user_id,
                appointment_id=visit.number,
                details={"lead": lead, "starts_tick": tick},
                not_before=due,
            )
