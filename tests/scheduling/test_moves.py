"""The table of states: every move of it for everybody, and every move that is not in it."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from app.errors import ChangedMeanwhile, ClinicError, NotAllowed
from app.extensions import db
from app.models import Appointment, AuditEvent
from app.models import AppointmentStatus as Status
from app.scheduling import moves
from app.scheduling.moves import Actor, move_on
from app.scheduling.refusals import NotNow
from app.scheduling.states import MOVES, OWNS_CLAIMS, Who
from app.transaction import rows_changed, transactional
from tests.builders import a_doctor, a_patient, a_user, at, booked
from tests.scheduling.test_holds import claimed


class Enough(Exception):
    """Ends a try, so that the next one finds everything as it was."""


@pytest.fixture
def appointment(clinic):
    return booked(a_patient(), a_doctor(), at("2026-11-25 10:00"))


@transactional
def bring_to(appointment: Appointment, status: Status) -> None:
    rows_changed(
        update(Appointment)
        .where(Appointment.id == appointment.id)
        .values(status=status, hold_expires_at=at("2026-11-24 08:10"))
    )


def outcome(appointment: Appointment, to: Status, actor: Actor) -> type[ClinicError] | Status:
    """What becomes of a try: the new status, or the refusal."""
    became = []

    @transactional
    def attempt() -> None:
        move_on(appointment, to, actor, version=appointment.version)
        became.append(appointment.status)
        raise Enough

    try:
        attempt()
    except Enough:
        return became[0]
    except ClinicError as refusal:
        return type(refusal)
    raise AssertionError("unreachable")


def expected(before: Status, to: Status, who: Who) -> type[ClinicError] | Status:
    allowed = MOVES.get((before, to))
    if allowed is None:
        return NotNow
    return to if who in allowed else NotAllowed


@pytest.mark.parametrize("who", Who)
@pytest.mark.parametrize("before", Status)
def test_everybody_makes_the_moves_of_the_table_and_no_other(appointment, before, who):
    bring_to(appointment, before)
    actor = Actor(appointment.doctor.user, who)
    found = {to: outcome(appointment, to, actor) for to in Status}
    assert found == {to: expected(before, to, who) for to in Status}


def test_the_table_itself_is_the_one_that_was_decided():
    decided = {
        "held requested": "patient payment",
        "held confirmed": "doctor patient payment staff",
        "held expired": "patient time",
        "held cancelled": "doctor patient staff",
        "expired requested": "payment",
        "expired confirmed": "payment",
        "requested confirmed": "doctor patient payment staff",
        "requested cancelled": "doctor patient staff",
        "confirmed cancelled": "doctor patient staff",
        "confirmed arrived": "doctor patient staff",
        "confirmed in_consultation": "doctor",
        "confirmed no_show": "doctor staff",
        "arrived in_consultation": "doctor",
        "arrived completed": "doctor",
        "in_consultation completed": "doctor",
    }
    assert {f"{a} {b}": " ".join(sorted(who)) for (a, b), who in MOVES.items()} == decided


@pytest.mark.parametrize(("before", "to"), sorted(MOVES))
def test_a_move_gives_claims_up_where_the_new_status_owns_none(appointment, before, to):
    bring_to(appointment, before)
    who = min(MOVES[before, to])
    move = transactional(move_on)
    move(appointment, to, Actor(appointment.doctor.user, who), version=appointment.version)
    assert bool(claimed(appointment)) == (to in OWNS_CLAIMS)


def test_a_move_raises_the_version(appointment):
    seen = appointment.version
    transactional(move_on)(
        appointment, Status.ARRIVED, Actor.of(appointment.doctor.user), version=seen
    )
    assert appointment.version == seen + 1


def test_a_move_says_in_the_audit_trail_who_did_what(appointment):
    actor = Actor.of(appointment.doctor.user)
    transactional(move_on)(appointment, Status.ARRIVED, actor, version=appointment.version)
    last = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc())).first()
    assert last is not None
    assert (last.action, last.actor_id) == (moves.STATUS_ACTION, appointment.doctor.user_id)
    assert (last.before, last.after) == ({"status": "confirmed"}, {"status": "arrived"})


def test_a_stale_version_is_told_that_something_changed(appointment):
    seen = appointment.version
    move = transactional(move_on)
    move(appointment, Status.ARRIVED, Actor(a_user(), Who.STAFF), version=seen)
    with pytest.raises(ChangedMeanwhile):
        move(appointment, Status.NO_SHOW, Actor(a_user(), Who.STAFF), version=seen)


def test_the_same_move_by_another_person_is_told_that_something_changed(appointment):
    seen = appointment.version
    move = transactional(move_on)
    move(appointment, Status.ARRIVED, Actor(a_user(), Who.STAFF), version=seen)
    with pytest.raises(ChangedMeanwhile):
        move(appointment, Status.ARRIVED, Actor(a_user(), Who.STAFF), version=seen)


def test_the_same_move_by_the_same_person_is_no_fault(appointment):
    seen, actor = appointment.version, Actor(a_user(), Who.STAFF)
    move = transactional(move_on)
    for _ in range(2):
        move(appointment, Status.ARRIVED, actor, version=seen)
    assert appointment.version == seen + 1
