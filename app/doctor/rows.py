"""What the board shows of each visit: the step that comes next, and what else can be done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from app.billing import ledger
from app.billing.ledger import Money
from app.messaging import told
from app.messaging.told import Telling
from app.models import Appointment, AuditEvent, PaymentStatus
from app.models import AppointmentStatus as Status
from app.scheduling import moves, visits
from app.scheduling.openings import Desk
from app.scheduling.states import FINISHED, Who
from app.scheduling.visits import Step, Undo

FRESH = timedelta(seconds=6)
IN_SIGHT = timedelta(minutes=2)
SOON = timedelta(minutes=10)

DONE_BY_HAND = frozenset({Step.ARRIVE, Step.START})


@dataclass(frozen=True, slots=True)
class Row:
    """One visit of the board. `buttons` stand in the row, `more` in its menu; `place` is empty
    where it goes without saying. `telling` is what the patient was told of it, and `phone` where
    to call; `money` is what was paid and came back."""

    visit: Appointment = field(repr=False)
    ref: str
    version: int
    buttons: tuple[Step, ...]
    more: tuple[Step, ...]
    undo: Undo | None
    is_undo_in_sight: bool
    may_cancel: bool
    is_fresh: bool
    is_unclosed: bool
    wants_now: bool
    place: str
    telling: Telling
    phone: str
    payment: PaymentStatus
    money: Money

    @property
    def is_past(self) -> bool:
        return self.visit.status in FINISHED


def rows_of(appointments: Sequence[Appointment], who: Who, desk: Desk) -> list[Row]:
    """The rows of these appointments, in their order; as many queries for one as for many."""
    last = moves.last_moves(appointments) if appointments else {}
    tellings = told.of(appointments, desk.at)
    money = ledger.money_of_each(appointments)
    return [
        _row(one, last.get(one.id), tellings[one.id], money.get(one.id, Money()), who, desk)
        for one in appointments
    ]


def row_of(appointment: Appointment, who: Who, desk: Desk) -> Row:
    """The row of one appointment."""
    return rows_of([appointment], who, desk)[0]


def day_of(appointment: Appointment) -> date:
    """The date of a visit on the wall of its place."""
    return appointment.starts_at.astimezone(appointment.zone).date()


def _row(
    visit: Appointment,
    last: AuditEvent | None,
    telling: Telling,
    money: Money,
    who: Who,
    desk: Desk,
) -> Row:
    since = desk.at - last.at if last is not None else None
    today = desk.at.astimezone(visit.zone).date()
    is_unclosed = day_of(visit) < today and visit.status not in FINISHED
    steps = [
        step
        for step in visits.steps_of(visit, who, desk)
        if step not in DONE_BY_HAND or day_of(visit) <= today
    ]
    buttons = tuple(steps[:1])
    if is_unclosed and Step.NO_SHOW in steps[1:]:
        buttons += (Step.NO_SHOW,)
    return Row(
        visit=visit,
        ref=visit.ref,
        version=visit.version,
        buttons=buttons,
        more=tuple(step for step in steps if step not in buttons),
        undo=visits.undo_from(visit, last, who, desk),
        is_undo_in_sight=since is not None and since < IN_SIGHT,
        may_cancel=visits.may_cancel(visit, who),
        is_fresh=since is not None and since < FRESH,
        is_unclosed=is_unclosed,
        wants_now=_wants_now(visit, desk),
        place=_place(visit, desk),
        telling=telling,
        phone=(visit.patient.phone or "") if visit.patient else "",
        payment=visit.payment_status,
        money=money,
    )


def _place(visit: Appointment, desk: Desk) -> str:
    """Where it is, for doctors who work at more than one location."""
    facts = desk.catalogue.by_id.get(visit.doctor_id)
    is_told = not visit.is_online and (facts is None or len(facts.locations) > 1)
    return visit.location.name if is_told else ""


def _wants_now(visit: Appointment, desk: Desk) -> bool:
    if visit.status is Status.CONFIRMED:
        return visit.starts_at <= desk.at + SOON
    return visit.status in {Status.REQUESTED, Status.ARRIVED, Status.IN_CONSULTATION}
