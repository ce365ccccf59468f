"""What admins do about messages, while workers and other admins do the same, on each database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app import clock
from app.accounts import links
from app.errors import Busy, ChangedMeanwhile, ClinicError, NotAllowed, NotFound
from app.extensions import db
from app.messaging import leases, mending, sent
from app.messaging.mending import Meanwhile, NotRepeatable
from app.models import (
    AuditEvent,
    MessageKind,
    MessageState,
    OutboxMessage,
    Role,
    TokenPurpose,
    User,
)
from app.scheduling import changes
from app.scheduling.moves import Actor
from tests.builders import a_doctor, a_message, a_patient, a_user, booked, tomorrow_at
from tests.messaging.conftest import Letters
from tests.messaging.conftest import outbox as all_of_it

State = MessageState


def outbox() -> list[OutboxMessage]:
    """All messages, whatever this session has seen of them before."""
    db.session.expire_all()
    return all_of_it()


def an_admin() -> User:
    return a_user(Role.ADMIN, "Ana Sousa")


def a_note(state: State, **fields: Any) -> OutboxMessage:
    """A message that is always true."""
    return a_message(user=a_user(), state=state, kind=MessageKind.PASSWORD_CHANGED, **fields)


def trail() -> list[AuditEvent]:
    db.session.rollback()
    wanted = select(AuditEvent).where(AuditEvent.action.startswith("message."))
    return list(db.session.scalars(wanted.order_by(AuditEvent.id)))


def at_once(app: Flask, *tasks: Callable[[], object]) -> list[object]:
    """What each of some tasks returned or raised, all begun at the same moment."""
    start = threading.Barrier(len(tasks))
    outcomes: list[object] = [None] * len(tasks)

    def run(place: int, task: Callable[[], object]) -> None:
        with app.app_context():
            start.wait()
            try:
                outcomes[place] = task()
            except ClinicError as refused:
                outcomes[place] = refused

    threads = [threading.Thread(target=run, args=one) for one in enumerate(tasks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.mark.parametrize("state", [State.FAILED, State.DEAD, State.SET_ASIDE])
def test_what_failed_is_tried_at_once_and_from_the_start(
    database: Flask, frozen_clock, state: State
) -> None:
    letters = Letters()
    with database.app_context():
        later = clock.now() + timedelta(hours=3)
        message = a_note(state, tries=9, error="nobody there", next_try_at=later)
        assert letters.run() == 0
        mending.try_again(message.id, an_admin())
        (row,) = outbox()
        assert (row.state, row.tries, row.error) == (State.QUEUED, 0, "")
        (event,) = trail()
        assert event.action == "message.retried"
        assert event.before == {"state": state.value, "tries": 9, "error": "nobody there"}
        assert event.after == {"state": "queued"}
        assert letters.run() == 1
        assert outbox()[0].state is State.SENT


@pytest.mark.parametrize("state", [State.QUEUED, State.SENDING, State.SENT, State.DISSOLVED])
def test_what_has_not_failed_is_not_tried_again(database: Flask, state: State) -> None:
    with database.app_context():
        message = a_note(state)
        with pytest.raises(Meanwhile):
            mending.try_again(message.id, an_admin())
        assert outbox()[0].state is state
        assert trail() == []


def test_of_two_admins_who_try_again_at_once_one_does(database: Flask) -> None:
    with database.app_context():
        number = a_note(State.DEAD).id
        first, second = an_admin().id, an_admin().id

    def by(admin: int) -> Callable[[], object]:
        return lambda: mending.try_again(number, db.session.get_one(User, admin))

    outcomes = at_once(database, by(first), by(second))
    with database.app_context():
        assert len(trail()) == 1
        assert outbox()[0].state is State.QUEUED
    assert sorted(type(one).__name__ for one in outcomes) == ["Meanwhile", "NoneType"]


def test_a_worker_and_an_admin_do_not_both_have_it(database: Flask, frozen_clock) -> None:
    """Whoever comes first: it is sent once, and the admin either did it or reads why not."""
    with database.app_context():
        due = clock.now() - timedelta(minutes=1)
        number, admin = a_note(State.FAILED, tries=2, next_try_at=due).id, an_admin().id
    letters = Letters()

    def mend() -> object:
        return mending.try_again(number, db.session.get_one(User, admin))

    outcome, _ = at_once(database, mend, lambda: letters.run("the worker"))
    with database.app_context():
        letters.run("the next one")
        assert outbox()[0].state is State.SENT
    assert len(letters.sent) == 1
    assert outcome is None or isinstance(outcome, Meanwhile)


def test_a_message_in_a_workers_hands_is_left_to_it(database: Flask, frozen_clock) -> None:
    with database.app_context():
        due = clock.now() - timedelta(minutes=1)
        number = a_note(State.FAILED, tries=2, next_try_at=due).id
        assert len(leases.take("a worker", 5)) == 1
        with pytest.raises(Meanwhile, match="being sent just now"):
            mending.try_again(number, an_admin())
        assert mending.try_all_again(an_admin()) == 0
        (row,) = outbox()
        assert (row.state, row.lease_owner, row.tries) == (State.SENDING, "a worker", 3)


def test_all_that_failed_is_tried_again_within_bounds(
    database: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mending, "AT_ONCE", 3)
    with database.app_context():
        for state in (State.FAILED, State.DEAD, State.DEAD, State.FAILED, State.SET_ASIDE):
            a_note(state, tries=2)
        a_note(State.SENT)
        admin = an_admin()
        assert mending.how_many_may_be_tried() == 4
        assert mending.try_all_again(admin) == 3
        assert mending.how_many_may_be_tried() == 1
        states = [message.state for message in outbox()]
        assert states == [*[State.QUEUED] * 3, State.FAILED, State.SET_ASIDE, State.SENT]
        assert len(trail()) == 3
        assert mending.try_all_again(admin) == 1
        assert mending.try_all_again(admin) == 0


def test_two_admins_who_retry_everything_at_once_retry_it_once(database: Flask) -> None:
    with database.app_context():
        for _ in range(20):
            a_note(State.DEAD)
        first, second = an_admin().id, an_admin().id

    def by(admin: int) -> Callable[[], object]:
        return lambda: mending.try_all_again(db.session.get_one(User, admin))

    outcomes = at_once(database, by(first), by(second))
    assert sum(one for one in outcomes if isinstance(one, int)) == 20
    with database.app_context():
        assert len(trail()) == 20
        assert {message.state for message in outbox()} == {State.QUEUED}


def test_a_dead_message_is_set_aside_once_and_can_come_back(database: Flask) -> None:
    with database.app_context():
        message, admin = a_note(State.DEAD), an_admin()
        mending.set_aside(message.id, admin)
        assert outbox()[0].state is State.SET_ASIDE
        with pytest.raises(Meanwhile, match="aside already"):
            mending.set_aside(message.id, admin)
        mending.try_again(message.id, admin)
        assert [event.action for event in trail()] == ["message.set_aside", "message.retried"]


@pytest.mark.parametrize("state", [State.QUEUED, State.FAILED, State.SENT, State.SENDING])
def test_only_what_is_given_up_is_set_aside(database: Flask, state: State) -> None:
    with database.app_context():
        message = a_note(state)
        with pytest.raises(Meanwhile):
            mending.set_aside(message.id, an_admin())
        assert outbox()[0].state is state


def test_the_news_is_sent_again_as_it_is_now_to_the_present_address(
    database: Flask, frozen_clock
) -> None:
    letters = Letters()
    with database.app_context():
        patient = a_patient("Ines Alva", "old@example.org")
        booked(patient, a_doctor("Ada Berg"), tomorrow_at("10:30"))
        letters.run()
        (first,) = outbox()
        user = db.session.get_one(User, patient.user_id)
        user.email = user.confirmed_email = "new@example.org"
        db.session.commit()
        repeat = mending.send_again(first.id, first.id, an_admin(), clock.now())
        assert repeat.recipient == "new@example.org"
        letters.run()
        again = db.session.get_one(OutboxMessage, repeat.number)
        assert again.state is State.SENT
        assert again.details["again_of"] == first.id
        assert [one.id for one in sent.family_of(again)] == [again.id, first.id]
    assert [email["To"] for email in letters.sent] == ["old@example.org", "new@example.org"]
    assert letters.sent[0]["Subject"] == letters.sent[1]["Subject"]
    assert letters.sent[0]["Message-ID"] != letters.sent[1]["Message-ID"]


def test_what_is_no_longer_true_is_not_sent_again(database: Flask, frozen_clock) -> None:
    letters = Letters()
    with database.app_context():
        doctor = a_doctor("Ada Berg")
        visit = booked(a_patient(), doctor, tomorrow_at("10:30"))
        letters.run()
        changes.cancel(visit, Actor.of(doctor.user), "Ill", version=visit.version)
        first = outbox()[0]
        number = len(outbox())
        with pytest.raises(NotRepeatable, match="no longer true"):
            mending.send_again(first.id, first.id, an_admin(), clock.now())
        assert len(outbox()) == number
        assert trail() == []


def test_the_link_of_an_account_is_neither_sent_again_nor_retried_once_forgotten(
    database: Flask,
) -> None:
    with database.app_context():
        admin = an_admin()
        kind = MessageKind.RESET_PASSWORD
        given = a_message(user=a_user(), state=State.SENT, kind=kind)
        lost = a_message(user=a_user(), state=State.DEAD, kind=kind)
        with pytest.raises(NotRepeatable):
            mending.send_again(given.id, given.id, admin, clock.now())
        with pytest.raises(NotRepeatable):
            mending.try_again(lost.id, admin)
        assert mending.how_many_may_be_tried() == 0
        assert mending.try_all_again(admin) == 0
        assert len(outbox()) == 2


def test_a_failed_link_of_an_account_still_has_it_and_is_tried_again(
    database: Flask, frozen_clock
) -> None:
    letters = Letters()
    with database.app_context():
        user = a_user()
        token = links.issue(user, TokenPurpose.RESET_PASSWORD)
        message = a_message(
            user=user,
            state=State.FAILED,
            kind=MessageKind.RESET_PASSWORD,
            details={"token": token},
            next_try_at=clock.now() + timedelta(minutes=3),
        )
        mending.try_again(message.id, an_admin())
        assert letters.run() == 1
    assert token in letters.last_text


def test_pressing_twice_sends_again_once(database: Flask) -> None:
    with database.app_context():
        number, admin = a_note(State.SENT).id, an_admin().id

    def press() -> object:
        user = db.session.get_one(User, admin)
        return mending.send_again(number, number, user, clock.now())

    outcomes = at_once(database, press, press)
    with database.app_context():
        assert len(outbox()) == 2
        assert len(trail()) == 1
    assert sum(isinstance(one, ChangedMeanwhile) for one in outcomes) == 1
    assert not any(isinstance(one, Busy) for one in outcomes)


def test_nobody_but_an_active_admin_mends(database: Flask) -> None:
    with database.app_context():
        dead, gone = a_note(State.DEAD), a_note(State.SENT)
        for user in (a_user(), a_user(Role.DOCTOR), a_user(Role.ADMIN, is_active=False)):
            for attempt in (
                lambda user=user: mending.try_again(dead.id, user),
                lambda user=user: mending.set_aside(dead.id, user),
                lambda user=user: mending.try_all_again(user),
                lambda user=user: mending.send_again(gone.id, gone.id, user, clock.now()),
            ):
                with pytest.raises(NotAllowed):
                    attempt()
        assert [message.state for message in outbox()] == [State.DEAD, State.SENT]


def test_a_message_that_is_not_there_is_not_found(database: Flask) -> None:
    with database.app_context(), pytest.raises(NotFound):
        mending.try_again(999, an_admin())
