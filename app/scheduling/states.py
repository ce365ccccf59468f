"""Who may move an appointment from where to where. Pure; nothing else decides it."""

from __future__ import annotations

from enum import StrEnum

from app.models import AppointmentStatus as Status


class Who(StrEnum):
    """In what capacity somebody moves an appointment."""

    PATIENT = "patient"
    DOCTOR = "doctor"
    STAFF = "staff"
    PAYMENT = "payment"
    TIME = "time"


P, D, S = Who.PATIENT, Who.DOCTOR, Who.STAFF

MOVES: dict[tuple[Status, Status], frozenset[Who]] = {
    (Status.HELD, Status.REQUESTED): frozenset({P, Who.PAYMENT}),
    (Status.HELD, Status.CONFIRMED): frozenset({P, Who.PAYMENT, D, S}),
    (Status.REQUESTED, Status.CONFIRMED): frozenset({P, Who.PAYMENT, D, S}),
    (Status.HELD, Status.EXPIRED): frozenset({Who.TIME, P}),
    # Money that came when the hold had ended takes the time again, if it is still free.
    (Status.EXPIRED, Status.REQUESTED): frozenset({Who.PAYMENT}),
    (Status.EXPIRED, Status.CONFIRMED): frozenset({Who.PAYMENT}),
    (Status.HELD, Status.CANCELLED): frozenset({P, D, S}),
    (Status.REQUESTED, Status.CANCELLED): frozenset({P, D, S}),
    (Status.CONFIRMED, Status.CANCELLED): frozenset({P, D, S}),
    (Status.CONFIRMED, Status.ARRIVED): frozenset({P, D, S}),
    (Status.CONFIRMED, Status.IN_CONSULTATION): frozenset({D}),
    (Status.ARRIVED, Status.IN_CONSULTATION): frozenset({D}),
    (Status.CONFIRMED, Status.NO_SHOW): frozenset({D, S}),
    (Status.IN_CONSULTATION, Status.COMPLETED): frozenset({D}),
    (Status.ARRIVED, Status.COMPLETED): frozenset({D}),
}

# What can be taken back, from the audit trail: the way back leads to the state before, whatever
# it was. Approving and declining can be taken back too, while their message still waits.
UNDOABLE = frozenset({Status.ARRIVED, Status.IN_CONSULTATION, Status.COMPLETED, Status.NO_SHOW})
BRIEFLY_UNDOABLE = frozenset({Status.CONFIRMED, Status.CANCELLED})

OWNS_CLAIMS = frozenset(
    {
        Status.HELD,
        Status.REQUESTED,
        Status.CONFIRMED,
        Status.ARRIVED,
        Status.IN_CONSULTATION,
        Status.COMPLETED,
        Status.NO_SHOW,
    }
)
OPEN = frozenset({Status.REQUESTED, Status.CONFIRMED})
MOVABLE = OPEN
FINISHED = frozenset({Status.COMPLETED, Status.NO_SHOW, Status.CANCELLED, Status.EXPIRED})


def may_move(before: Status, after: Status, who: Who) -> bool:
    """Whether somebody acting as `who` may move an appointment from `before` to `after`."""
    return who in MOVES.get((before, after), frozenset())
