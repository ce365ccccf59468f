from __future__ import annotations

from functools import partial
from threading import Barrier, get_ident

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts import confirmation, sessions
from app.accounts.confirmation import AddressInUse
from app.accounts.links import LinkOver
from app.accounts.registration import Person, Practice, register_doctor, register_patient
from app.accounts.sessions import Device
from app.extensions import db
from app.models import Appointment, AuditEvent, MessageKind, Patient, User
from app.models import AppointmentStatus as Status
from app.scheduling import appointments, holders, holds, soundness
from app.scheduling.holders import Holder
from tests.accounts.outbox import mails, token_of
from tests.builders import (
    PASSWORD,
    a_doctor,
    a_patient,
    a_user,
    booked,
    policy,
    tick,
    tomorrow_at,
)
from tests.conftest import FrozenClock
from tests.races.racing import race

JANE = "jane@example.org"
CONFIRM, ALREADY = MessageKind.CONFIRM_EMAIL, MessageKind.ALREADY_REGISTERED


def registered(email: str = JANE) -> User:
    return register_patient(Person("Jane Doe", email, PASSWORD), "+49 30 901820")


def patient_of(user: User) -> Patient:
    assert user.patient is not None
    return user.patient


def seen_again(user: User) -> User:
    db.session.rollback()
    db.session.refresh(user)
    return user


def test_a_fresh_account_is_unconfirmed_and_gets_a_link(clinic: FrozenClock) -> None:
    jane = registered()
    assert not jane.is_confirmed
    assert patient_of(jane).phone == "+49 30 901820"
    assert [mail.kind for mail in mails(to=JANE)] == [CONFIRM]


def test_the_link_makes_the_address_theirs(clinic: FrozenClock) -> None:
    jane = registered()
    outcome = confirmation.confirm(token_of(CONFIRM, JANE))
    assert outcome.owner is None
    assert seen_again(jane).confirmed_email == JANE
    with pytest.raises(LinkOver):
        confirmation.confirm(token_of(CONFIRM, JANE))


def test_looking_at_what_a_link_would_do_changes_nothing(clinic: FrozenClock) -> None:
    jane = registered()
    for _ in range(3):
        assert confirmation.proof_of(token_of(CONFIRM, JANE)) is not None
    assert not seen_again(jane).is_confirmed


def test_of_two_accounts_with_one_address_the_second_to_be_confirmed_joins_the_first(
    clinic: FrozenClock,
) -> None:
    first = registered()
    first_token = token_of(CONFIRM, JANE)
    second = registered()
    second_token = token_of(CONFIRM, JANE)
    confirmation.confirm(second_token)
    outcome = confirmation.confirm(first_token)
    assert outcome.owner == second
    assert not seen_again(first).is_active
    assert seen_again(second).confirmed_email == JANE


def test_registering_with_a_known_address_tells_its_owner_and_nobody_else(
    clinic: FrozenClock,
) -> None:
    owner = a_patient(email=JANE).user
    fresh = registered()
    assert [(mail.kind, mail.user_id) for mail in mails(to=JANE)] == [(ALREADY, owner.id)]
    assert not fresh.is_confirmed
    assert seen_again(owner).confirmed_email == JANE


def test_the_owners_link_moves_what_was_booked_and_its_claims(clinic: FrozenClock) -> None:
    owner = a_patient(email=JANE)
    fresh = registered()
    visit = booked(patient_of(fresh), a_doctor(), tomorrow_at("10:30"))
    token = sessions.start(fresh, Device("a browser", "192.0.2.1"))
    outcome = confirmation.confirm(token_of(ALREADY, JANE))
    assert outcome.handed_over is not None
    assert [one.ref for one in outcome.handed_over.taken] == [visit.ref]
    assert appointments.appointment_of(owner, visit.ref).status is Status.CONFIRMED
    assert not seen_again(fresh).is_active
    assert sessions.of(token) is None
    assert soundness.count_faults().none
    with pytest.raises(LinkOver):
        confirmation.confirm(token_of(ALREADY, JANE))


def test_a_moved_visit_keeps_the_owners_time_busy(clinic: FrozenClock) -> None:
    owner = a_patient(email=JANE)
    booked(patient_of(registered()), a_doctor(), tomorrow_at("10:30"))
    confirmation.confirm(token_of(ALREADY, JANE))
    holder = Holder("a browser", owner, "192.0.2.1")
    other = a_doctor()
    with pytest.raises(Exception, match="already have an appointment"):
        holds.hold(
            holder, other.ref, other.visit_types[0].ref, tick("2026-11-25 10:30"), "key-12345678"
        )


def test_a_visit_that_would_overlap_is_left_and_said(clinic: FrozenClock) -> None:
    owner = a_patient(email=JANE)
    mine = booked(owner, a_doctor(), tomorrow_at("10:30"))
    fresh = registered()
    meets = booked(patient_of(fresh), a_doctor(), tomorrow_at("10:45"))
    fits = booked(patient_of(fresh), a_doctor(), tomorrow_at("11:15"))
    outcome = confirmation.confirm(token_of(ALREADY, JANE))
    assert outcome.handed_over is not None
    assert [one.ref for one in outcome.handed_over.left] == [meets.ref]
    assert [one.ref for one in outcome.handed_over.taken] == [fits.ref]
    db.session.rollback()
    stayed = db.session.get_one(Appointment, meets.id)
    assert stayed.patient_id == patient_of(fresh).id
    assert stayed.status is Status.CONFIRMED
    assert appointments.appointment_of(owner, mine.ref).status is Status.CONFIRMED
    assert soundness.count_faults().none


def test_a_held_time_goes_over_too(clinic: FrozenClock) -> None:
    owner = a_patient(email=JANE)
    fresh = patient_of(registered())
    doctor = a_doctor()
    held = holds.hold(
        Holder("a browser", fresh, "192.0.2.1"),
        doctor.ref,
        doctor.visit_types[0].ref,
        tick("2026-11-25 10:30"),
        "key-12345678",
    )
    confirmation.confirm(token_of(ALREADY, JANE))
    mine = holders.held_by(Holder("another browser", owner, "192.0.2.1"))
    assert mine is not None
    assert mine.ref == held.ref
    assert soundness.count_faults().none


@pytest.mark.parametrize("owner_is_doctor", [True, False])
def test_accounts_that_cannot_be_joined_are_left_as_they_are(
    clinic: FrozenClock, owner_is_doctor: bool
) -> None:
    if owner_is_doctor:
        a_doctor(email=JANE)
        fresh = registered()
    else:
        a_patient(email=JANE)
        fresh = register_doctor(
            Person("Jane Doe", JANE, PASSWORD), Practice("Dr.", "B 123", [], ["en"])
        )
    with pytest.raises(AddressInUse):
        confirmation.confirm(token_of(ALREADY, JANE))
    assert seen_again(fresh).is_active
    assert not fresh.is_confirmed


def test_nothing_is_moved_into_a_closed_account(clinic: FrozenClock) -> None:
    a_patient(email=JANE, is_active=False)
    fresh = registered()
    with pytest.raises(AddressInUse):
        confirmation.confirm(token_of(ALREADY, JANE))
    assert seen_again(fresh).is_active


def test_every_change_is_in_the_trail(clinic: FrozenClock) -> None:
    a_patient(email=JANE)
    booked(patient_of(registered()), a_doctor(), tomorrow_at("10:30"))
    confirmation.confirm(token_of(ALREADY, JANE))
    db.session.rollback()
    actions = list(db.session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))
    assert actions[0] == "user.registered"
    assert actions[-2:] == ["appointment.handed_over", "user.merged"]


def test_an_address_is_not_flooded_with_links(clinic: FrozenClock) -> None:
    jane = registered()
    assert [confirmation.send(jane) for _ in range(5)] == [True, True, True, False, False]
    assert len(mails(to=JANE)) == 4
    clinic.advance(minutes=2)
    assert confirmation.send(jane)


def test_links_that_are_used_at_once_give_the_address_to_one_account(database: Flask) -> None:
    with database.app_context():
        tokens = []
        for _ in range(4):
            registered()
            tokens.append(token_of(CONFIRM, JANE))
    outcomes = race(database, [partial(confirmation.confirm, token) for token in tokens])
    assert sum(isinstance(one, Exception) for one in outcomes) == 0
    with database.app_context():
        active = select(func.count()).where(User.email == JANE, User.is_active)
        confirmed = select(func.count()).where(User.confirmed_email == JANE)
        assert (db.session.scalar(active), db.session.scalar(confirmed)) == (1, 1)


def test_two_accounts_that_both_saw_a_free_address_do_not_both_get_it(
    on_mariadb: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite lets one in at a time; a server lets both look before either has written."""
    with on_mariadb.app_context():
        tokens = []
        for _ in range(2):
            registered()
            tokens.append(token_of(CONFIRM, JANE))
    both_have_looked = Barrier(2)
    looked: set[int] = set()
    really = confirmation.owner_of

    def looking_together(address: str) -> User | None:
        found = really(address)
        if get_ident() not in looked:
            looked.add(get_ident())
            both_have_looked.wait(20)
        return found

    monkeypatch.setattr(confirmation, "owner_of", looking_together)
    outcomes = race(on_mariadb, [partial(confirmation.confirm, token) for token in tokens])
    assert sorted(one.owner is None for one in outcomes) == [False, True]


def test_a_visit_booked_while_another_is_moved_there_never_overlaps_it(database: Flask) -> None:
    """Either the owner's own booking is first and the visit is left, or the other way round."""
    with database.app_context():
        policy(open_bookings_unconfirmed=10)
        owner = a_patient(email=JANE)
        first, second = a_doctor(), a_doctor()
        booked(patient_of(registered()), first, tomorrow_at("10:30"))
        token = token_of(ALREADY, JANE)
        owner_id, second_id = owner.id, second.id

    def book_too() -> object:
        return booked(
            db.session.get_one(Patient, owner_id),
            db.session.get_one(type(second), second_id),
            tomorrow_at("10:45"),
        )

    race(database, [lambda: confirmation.confirm(token), book_too])
    with database.app_context():
        assert soundness.count_faults().none
        visits = select(func.count()).where(
            Appointment.patient_id == owner_id, Appointment.status == Status.CONFIRMED
        )
        assert db.session.scalar(visits) == 1


def test_a_user_of_another_address_is_never_touched(clinic: FrozenClock) -> None:
    other = a_user(email="other@example.org")
    registered()
    confirmation.confirm(token_of(CONFIRM, JANE))
    assert seen_again(other).confirmed_email == "other@example.org"
