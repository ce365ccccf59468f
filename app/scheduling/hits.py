"""Which coming visits a change of hours would leave outside them, and what becomes of these.

Nobody is left behind silently: a change that hits somebody is stored only with an answer, which
keeps the visits or cancels them with a message, in the same transaction. A visit that did not fit
before, because it was booked on purpose outside the hours, is not hit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, or_, select

from app import clock
from app.billing import ledger
from app.clinic import revision
from app.clock import tick_of
from app.errors import ChangedMeanwhile, ClinicError
from app.extensions import db
from app.models import Appointment, Doctor, Location, User
from app.models import AppointmentStatus as Status
from app.scheduling import agenda, changes, openings
from app.scheduling.agenda import Shape
from app.scheduling.appointments import WITH_ALL_SHOWN
from app.scheduling.changes import LONGEST_REASON
from app.scheduling.days import run
from app.scheduling.moves import TIME, Actor, move_on
from app.scheduling.openings import ZONES_APART, Desk
from app.scheduling.states import OPEN
from app.transaction import Overtaken

MORE = "Meanwhile other appointments are hit. Look at them, and choose again."


class Choice(StrEnum):
    """What becomes of the visits that a change hits; of all of them, or as is said of each."""

    KEEP = "keep"
    CANCEL = "cancel"
    EACH = "each"


@dataclass(frozen=True, slots=True)
class Hit:
    """A visit, or a time that is held, that would no longer fit."""

    ref: str
    patient: str  # nobody for a time held by somebody who has not signed in yet
    doctor: str
    visit_type: str
    location: str
    zone: ZoneInfo
    starts_at: datetime
    ends_at: datetime
    status: Status
    visit: Appointment = field(repr=False, compare=False)

    @classmethod
    def of(cls, visit: Appointment) -> Hit:
        return cls(
            ref=visit.ref,
            patient=visit.patient.name if visit.patient else "",
            doctor=visit.doctor.name,
            visit_type=visit.visit_type.name,
            location=visit.location.name,
            zone=visit.zone,
            starts_at=visit.starts_at,
            ends_at=visit.ends_at,
            status=visit.status,
            visit=visit,
        )

    @property
    def is_held(self) -> bool:
        """Whether the time is only held: nobody could book it any more, so it is given up with the
        change, whatever the answer."""
        return self.status is Status.HELD


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody wants for the visits whose references they have `seen`: one `choice` for all,
    or one for `each` by its reference. `reason` is what the patients of cancelled ones read."""

    choice: Choice | None = None
    reason: str = ""
    seen: frozenset[str] = frozenset()
    each: Mapping[str, Choice] = field(default_factory=dict)

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> Answer:
        """The answer as the form of `ui/hits.html` sends it."""
        seen = frozenset(sent.get("hits_seen", "").split())
        said = {ref: _choice(sent.get(f"hit_{ref}")) for ref in seen}
        return cls(
            _choice(sent.get("hits_choice")),
            sent.get("hits_reason", "").strip()[:LONGEST_REASON],
            seen,
            {ref: choice for ref, choice in said.items() if choice and choice is not Choice.EACH},
        )

    def about(self, hit: Hit) -> Choice | None:
        """To keep or to cancel this one; nothing where it is not said, or not to be said."""
        if hit.is_held:
            return None
        return self.each.get(hit.ref) if self.choice is Choice.EACH else self.choice


NO_ANSWER = Answer()


class Unanswered(ClinicError):
    """A change hits visits, and nobody has said yet what becomes of them. `complaint` says what is
    wrong with the answer, if there was one; `paid` is how many are paid, and `back` what would go
    back if all were cancelled: cents by currency."""

    def __init__(self, hits: Sequence[Hit], complaint: str = "") -> None:
        self.hits = tuple(hits)
        self.complaint = complaint
        self.booked = tuple(hit for hit in hits if not hit.is_held)
        self.paid, self.back = _paid(self.booked)
        super().__init__(f"This hits {self.many}. Say what becomes of them; nothing is saved yet.")

    @property
    def many(self) -> str:
        """`2 appointments and one held time`."""
        held = len(self.hits) - len(self.booked)
        counted = ((len(self.booked), "appointment"), (held, "held time"))
        return " and ".join(
            f"one {noun}" if number == 1 else f"{number} {noun}s"
            for number, noun in counted
            if number
        )


class NoReason(Unanswered):
    """Visits are to be cancelled, but not why."""


def of_timetable(doctor: Doctor, change: Callable[[], None]) -> tuple[Hit, ...]:
    """Make a change to a doctor's hours or exceptions; the coming visits that fit before it and do
    not fit after it, in order of time.

    For a transaction that has raised the revision, so that no booking passes by unseen.
    """
    visits = _coming(Appointment.doctor_id == doctor.id)
    fitted = _fitting(visits)
    change()
    db.session.flush()
    still = {visit.id for visit in _fitting(fitted)}
    return tuple(Hit.of(visit) for visit in fitted if visit.id not in still)


def of_closure(location: Location, starts_at: datetime, ends_at: datetime) -> tuple[Hit, ...]:
    """The coming visits at a location that fit as things stand and lie, at least in part, in a time
    in which it would be closed; of all doctors, in order of time.

    Call it before the closure is added, in a transaction that has raised the revision.
    """
    visits = _coming(
        and_(
            Appointment.location_id == location.id,
            Appointment.starts_at < ends_at,
            Appointment.ends_at > starts_at,
        )
    )
    return tuple(map(Hit.of, _fitting(visits)))


def fits(visit: Appointment) -> bool:
    """Whether a visit lies within the hours as they stand in this transaction."""
    return bool(_fitting([visit]))


def settle(hits: Sequence[Hit], answer: Answer, actor: User) -> None:
    """Do with the visits what the answer says, in the present transaction. Times that are held are
    given up.

    Raises Unanswered while some of them have not been seen or nothing was chosen, and NoReason when
    some are to be cancelled without a word to the patients; the transaction must then end.
    """
    if any(hit.ref not in answer.seen for hit in hits):
        raise Unanswered(hits, MORE if answer.seen else "")
    open_ones = sum(not hit.is_held and answer.about(hit) is None for hit in hits)
    if open_ones:
        raise Unanswered(hits, _missing(answer, open_ones))
    going = [hit for hit in hits if hit.is_held or answer.about(hit) is Choice.CANCEL]
    if not answer.reason.strip() and not all(hit.is_held for hit in going):
        raise NoReason(hits, "Write a message; the patients read it.")
    if not going:
        return
    desk = openings.desk()  # once: nothing is remembered in a transaction that changes the hours
    for hit in going:
        _end(hit.visit, desk, actor, answer.reason)


def _paid(hits: Sequence[Hit]) -> tuple[int, dict[str, int]]:
    """How many are paid, and what would go back of each currency if all were cancelled."""
    money = ledger.money_of_each([hit.visit for hit in hits])
    back: dict[str, int] = {}
    paid = [hit.visit for hit in hits if hit.visit.id in money and money[hit.visit.id].left]
    for visit in paid:
        back[visit.currency] = back.get(visit.currency, 0) + money[visit.id].left
    return len(paid), back


def _choice(sent: str | None) -> Choice | None:
    return next((one for one in Choice if one.value == sent), None)


def _missing(answer: Answer, open_ones: int) -> str:
    if answer.choice is None:
        return "Choose what becomes of them."
    many = "One has" if open_ones == 1 else f"{open_ones} have"
    return f"Say for each whether it is kept or cancelled. {many} no answer yet."


def _end(visit: Appointment, desk: Desk, actor: User, reason: str) -> None:
    try:
        if visit.status is Status.HELD:
            move_on(visit, Status.EXPIRED, TIME, version=visit.version)
        else:
            changes.cancel(visit, Actor.of(actor), reason, version=visit.version, desk=desk)
    except ChangedMeanwhile as faster:
        raise Overtaken from faster  # somebody has moved it on: look again


def _coming(which: ColumnElement[bool]) -> Sequence[Appointment]:
    """Visits ahead that are requested or confirmed, and times that are held, with all that is shown
    of them, in one query."""
    now = clock.database_now()
    is_held = and_(Appointment.status == Status.HELD, Appointment.hold_expires_at > now)
    query = (
        select(Appointment)
        .options(*WITH_ALL_SHOWN)
        .where(which, Appointment.starts_at > now, or_(Appointment.status.in_(OPEN), is_held))
        .order_by(Appointment.starts_at, Appointment.id)
        .execution_options(populate_existing=True)
    )
    return db.session.scalars(query).all()


def _fitting(visits: Collection[Appointment]) -> list[Appointment]:
    """Those of some visits that lie within the hours as they stand in this transaction."""
    if not visits:
        return []
    days = [visit.starts_at.date() for visit in visits]
    doctors = tuple(sorted({visit.doctor_id for visit in visits}))
    shapes = agenda.shapes(
        revision.current(), doctors, min(days) - ZONES_APART, max(days) + ZONES_APART
    )
    return [visit for visit in visits if _fits(shapes[visit.doctor_id], visit)]


def _fits(shape: Shape, visit: Appointment) -> bool:
    first, last = tick_of(visit.starts_at), tick_of(visit.ends_at)
    wanted = run(last - first) << (first - shape.window.first)
    return any(
        place.open_to(visit.visit_type_id) & wanted == wanted
        for place in shape.places
        if place.location.id == visit.location_id
    )
