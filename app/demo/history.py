"""Playing the plan: every hold, booking, step and cancellation in the order of time, through the
same use cases as everybody's, with the clock standing at each moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select

from app import clock
from app.demo import money, people
from app.demo.clinic import BERLIN, OPENED, SIGNS_IN, address_of
from app.demo.plan import WEEKS_AHEAD, WEEKS_BACK, Fate, Planned, Planner, give_to_patients
from app.extensions import db
from app.models import (
    Appointment,
    Calendar,
    CalendarKind,
    Doctor,
    OutboxMessage,
    Patient,
    Role,
    User,
)
from app.scheduling import agenda, bookings, changes, holds, openings, visits
from app.scheduling.holders import Holder
from app.scheduling.moves import Actor
from app.scheduling.states import Who
from app.scheduling.visits import Step
from app.transaction import rows_changed, transactional

SEED = 20
PATIENTS = 150
MINUTE = timedelta(minutes=1)

Moment = tuple[datetime, int, Callable[[], None]]


@transactional
def live_through(password_hash: str) -> None:
    """Give the clinic its people, eight weeks of past and four weeks of plans."""
    chance = Random(SEED)
    desk = openings.desk()
    planned = _plan(desk, chance)
    cast = _Cast.hired(password_hash, chance)
    moments: list[Moment] = []
    for number, each in enumerate(planned):
        story = _Story(each, cast, Random(SEED + number), desk.at)
        moments += ((at, number, act) for at, act in story.moments() if at <= desk.at)
    for at, _, act in sorted(moments, key=lambda moment: moment[:2]):
        with clock.frozen(at):
            act()
    money.pay_first_from_now()
    _forget_old_mail()


def _plan(desk: openings.Desk, chance: Random) -> list[Planned]:
    today = desk.at.astimezone(ZoneInfo(BERLIN)).date()
    planner = Planner(desk, today, chance)
    demand = {f"{each.title} {each.name}".strip(): each.demand for each in people.DOCTORS}
    doctors = sorted(desk.catalogue.doctors, key=lambda doctor: doctor.id)
    shapes = agenda.shapes(
        desk.revision,
        tuple(doctor.id for doctor in doctors),
        today - timedelta(weeks=WEEKS_BACK),
        today + timedelta(weeks=WEEKS_AHEAD),
    )
    planned = [
        each
        for doctor in doctors
        for each in planner.appointments_of(doctor, shapes[doctor.id], demand[doctor.name])
    ]
    demo_doctor = next(d for d in doctors if d.name.endswith(people.DOCTORS[0].name))
    _leave_some_unanswered(planned, demo_doctor.id, desk.at)
    return give_to_patients(planned, PATIENTS, demo_doctor.id, desk, chance)


def _leave_some_unanswered(planned: list[Planned], doctor_id: int, at: datetime) -> None:
    """Two requests for later today, if there is a later, and three for the days after."""
    soon = sorted(
        (
            each
            for each in planned
            if each.doctor.id == doctor_id
            and each.visit_type.needs_approval
            and each.starts_at > at + timedelta(hours=1)
        ),
        key=lambda each: each.tick,
    )
    later_today = [each for each in soon if each.starts_at.date() == at.date()]
    after = [each for each in soon if each.starts_at.date() > at.date()]
    for each in later_today:
        each.fate = Fate.KEPT
    for each in later_today[:2] + after[:3]:
        each.fate = Fate.UNANSWERED


@dataclass(frozen=True, slots=True)
class _Cast:
    """The rows of those who act."""

    admin: Actor
    doctors: dict[int, Actor]
    patients: list[Patient]

    @classmethod
    def hired(cls, password_hash: str, chance: Random) -> _Cast:
        """The people of the clinic, doctors aside, who are there already."""
        with clock.frozen(clock.now() - OPENED):
            admin = _user(people.ADMIN, "admin@demo.docket", Role.ADMIN, password_hash)
        names = [
            f"{first} {last}"
            for first in people.FIRST_NAMES.split()
            for last in people.LAST_NAMES.split()
        ]
        patients = [_patient(people.DEMO_PATIENT, "patient@demo.docket", password_hash, chance)]
        for name in chance.sample(names, k=PATIENTS - 1):
            email = address_of(name, "example.org")
            patients.append(_patient(name, email, password_hash, chance))
        doctors = {
            doctor.id: Actor.of(doctor.user) for doctor in db.session.scalars(select(Doctor))
        }
        return cls(Actor.of(admin), doctors, patients)


def _user(name: str, email: str, role: Role, password_hash: str) -> User:
    user = User(
        name=name, email=email, confirmed_email=email, role=role, password_hash=password_hash
    )
    db.session.add(user)
    db.session.flush()
    return user


def _patient(name: str, email: str, password_hash: str, chance: Random) -> Patient:
    """Somebody who registered before the first booking of the plan."""
    with clock.frozen(clock.now() - timedelta(days=chance.uniform(75, 119))):
        user = _user(name, email, Role.PATIENT, password_hash)
    calendar = Calendar(kind=CalendarKind.PATIENT)
    db.session.add(calendar)
    db.session.flush()
    phone = f"+49 30 5551 {chance.randrange(1000, 9999)}"
    patient = Patient(user=user, calendar_id=calendar.id, phone=phone)
    db.session.add(patient)
    db.session.flush()
    return patient


@dataclass(slots=True)
class _Story:
    """One appointment from its booking to its end."""

    planned: Planned
    cast: _Cast
    chance: Random
    now: datetime
    appointment: Appointment | None = None

    def moments(self) -> Iterator[tuple[datetime, Callable[[], None]]]:
        """What happens when, some of it perhaps still to come."""
        planned = self.planned
        yield planned.booked_at, self._book
        if planned.fate is Fate.UNANSWERED:
            return
        if planned.visit_type.needs_approval:
            yield planned.booked_at + self._minutes(15, 100), self._step(Step.APPROVE)
        if planned.first_tick is not None:
            yield self._changed_at(), self._move
        if planned.fate in {Fate.CANCELLED, Fate.CALLED_OFF}:
            yield self._changed_at(), self._cancel
        elif planned.fate is Fate.MISSED:
            yield planned.ends_at, self._step(Step.NO_SHOW)
        else:
            yield planned.starts_at - self._minutes(2, 14), self._step(Step.ARRIVE)
            yield planned.starts_at + self._minutes(0, 3), self._step(Step.START)
            yield planned.ends_at - self._minutes(0, 2), self._step(Step.COMPLETE)

    def _minutes(self, least: int, most: int) -> timedelta:
        return self.chance.uniform(least, most) * MINUTE

    def _changed_at(self) -> datetime:
        """Between the booking and a day before the visit; not after now if there was time."""
        earliest = self.planned.booked_at + timedelta(hours=2)
        first = min(self.planned.starts_at, self.planned.first_starts_at)
        latest = min(self.now, first - timedelta(hours=25))
        return max(earliest, earliest + self.chance.random() * (latest - earliest))

    def _book(self) -> None:
        patient = self.cast.patients[self.planned.patient]
        holder = Holder(f"demo-{patient.id}", patient, f"198.51.100.{patient.id}")
        held = holds.hold(
            holder,
            self.planned.doctor.ref,
            self.planned.visit_type.ref,
            clock.tick_of(self.planned.first_starts_at),
            f"demo-{self.planned.tick}-{self.planned.doctor.id}",
        )
        reason = self.chance.choice(people.REASONS)
        self.appointment = bookings.book(holder, patient, held.ref, reason)
        if self.planned.ends_at < self.now - timedelta(days=1):
            money.pay(self.appointment, always=self.planned.patient == 0)

    def _step(self, step: Step) -> Callable[[], None]:
        by_desk = step is Step.ARRIVE and self.chance.random() < 0.6
        actor = self.cast.admin if by_desk else self.cast.doctors[self.planned.doctor.id]

        def take() -> None:
            assert self.appointment is not None  # noqa: S101 (it was booked earlier)
            visits.take(self.appointment, step, actor, version=self.appointment.version)

        return take

    def _move(self) -> None:
        assert self.appointment is not None  # noqa: S101 (it was booked earlier)
        version = self.appointment.version
        changes.move(self.appointment, self._patient_acting(), self.planned.tick, version=version)

    def _cancel(self) -> None:
        assert self.appointment is not None  # noqa: S101 (it was booked earlier)
        by_patient = self.planned.fate is Fate.CANCELLED
        actor, reasons = (
            (self._patient_acting(), people.PATIENT_CANCELS)
            if by_patient
            else (self.cast.admin, people.CLINIC_CANCELS)
        )
        changes.cancel(
            self.appointment,
            actor,
            self.chance.choice(reasons),
            version=self.appointment.version,
        )
        money.give_back(self.appointment)

    def _patient_acting(self) -> Actor:
        return Actor(self.cast.patients[self.planned.patient].user, Who.PATIENT)


def _forget_old_mail() -> None:
    """The past has sent its e-mails; only the latest few are still to go out."""
    newest = select(OutboxMessage.id).order_by(OutboxMessage.created_at.desc()).limit(12)
    kept = list(db.session.scalars(newest))
    rows_changed(delete(OutboxMessage).where(OutboxMessage.id.not_in(kept)))


def is_missing() -> bool:
    """Whether the demo clinic stands but was broken off before anybody came."""
    stands = db.session.scalar(select(User.id).where(User.email == SIGNS_IN))
    return stands is not None and db.session.scalar(select(Patient.id).limit(1)) is None
