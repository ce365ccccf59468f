"""A run of messages by a real mail server: what is wrong with one of them, or with the server."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from app.extensions import db
from app.messaging import outbox as outgoing
from app.models import MessageKind, User
from app.transaction import transactional
from app.worker import Turn, Worker
from tests.builders import a_user
from tests.messaging.conftest import outbox
from tests.messaging.mail_servers import Mood, a_mail_server, writing_to

Run = Callable[[], Turn]


@transactional
def some_messages(number: int) -> None:
    """One to each of as many people: p0@example.org and so on."""
    for each in range(number):
        user = db.session.get_one(User, a_user(email=f"p{each}@example.org").id)
        outgoing.put(MessageKind.PASSWORD_CHANGED, user, f"message {each}")


def states() -> list[str]:
    return [message.state.value for message in outbox()]


def tries() -> list[int]:
    return [message.tries for message in outbox()]


@pytest.fixture
def run(app: Flask, port: int, frozen_clock, trusted) -> Iterator[Run]:
    """A turn of a worker, over three messages to begin with."""
    writer = writing_to(app, port, mail_timeout=1)
    with app.app_context():
        some_messages(3)
        yield lambda: Worker(writer).once()
    with writer.app_context():
        db.engine.dispose()


def test_a_run_takes_one_connection(run: Run, authority, port) -> None:
    with a_mail_server(authority, Mood(), port) as server:
        assert run().sent == 3
    assert (server.logins, len(server.taken)) == (1, 3)


def test_a_connection_that_broke_between_two_messages_is_opened_again(
    run: Run, authority, port
) -> None:
    with a_mail_server(authority, Mood(breaks_when_idle=True), port) as server:
        assert run().sent == 3
    assert (server.logins, len(server.taken)) == (3, 3)
    assert tries() == [1, 1, 1]


def test_a_server_that_has_enough_of_a_connection_gets_another_one(
    run: Run, authority, port
) -> None:
    with a_mail_server(authority, Mood(per_connection=2), port) as server:
        assert run().sent == 3
    assert (server.logins, len(server.taken)) == (2, 3)


def test_a_server_that_refuses_us_holds_one_message_up_and_leaves_the_others(
    run: Run, authority, port
) -> None:
    with a_mail_server(authority, Mood(to_sender="553 Not your address"), port):
        assert run().mail_is_stuck
    assert (states(), tries()) == (["failed", "queued", "queued"], [1, 0, 0])
    assert "refuses the sender" in outbox()[0].error


def test_a_password_that_is_refused_holds_one_message_up_and_leaves_the_others(
    app: Flask, run: Run, authority, port
) -> None:
    intruder = writing_to(app, port, mail_password="another")
    with a_mail_server(authority, Mood(), port) as server:
        assert Worker(intruder).once().mail_is_stuck
    assert (states(), server.taken) == (["failed", "queued", "queued"], [])
    assert "refuses the user name or the password" in outbox()[0].error


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ("550 5.1.1 No such person", "dead"),
        ("550 5.7.1 Relaying denied", "dead"),
        ("530 5.7.0 Log in first", "failed"),
        ("450 4.2.0 Come again", "failed"),
        ("550 5.4.5 Daily user sending limit exceeded", "failed"),
    ],
)
def test_what_the_server_says_of_a_recipient_decides(
    run: Run, authority, port, answer: str, state: str
) -> None:
    with a_mail_server(authority, Mood(to_recipient=answer), port) as server:
        run()
    assert states() == [state] * 3
    assert server.logins == 1
    assert outbox()[0].error == f"The mail server refuses the recipient: {answer}"


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ("554 5.7.1 Looks like spam", "dead"),
        ("552 5.3.4 Too large", "dead"),
        ("451 4.3.0 Come again", "failed"),
        ("550 5.4.5 Daily user sending limit exceeded", "failed"),
    ],
)
def test_what_the_server_says_of_the_content_decides(
    run: Run, authority, port, answer: str, state: str
) -> None:
    with a_mail_server(authority, Mood(to_content=answer), port) as server:
        run()
    assert states() == [state] * 3
    assert server.logins == 1
    assert outbox()[0].error == f"The mail server refuses the message: {answer}"


def test_one_refused_recipient_among_others_is_dead_alone(run: Run, authority, port) -> None:
    with a_mail_server(authority, Mood(refuses=("p1@example.org",)), port) as server:
        run()
    assert states() == ["sent", "dead", "sent"]
    assert server.logins == 1


def test_a_server_that_goes_down_in_mid_run_loses_nothing_and_gets_all_the_rest_later(
    frozen_clock, run: Run, authority, port
) -> None:
    with a_mail_server(authority, Mood(closes_after=1), port) as server:
        assert run().mail_is_stuck
    taken = list(server.taken)
    assert len(taken) == 1
    assert (states(), tries()) == (["sent", "failed", "queued"], [1, 1, 0])
    assert run().mail_is_stuck  # nobody there
    frozen_clock.advance(minutes=1)
    with a_mail_server(authority, Mood(), port) as server:
        run()
    assert states() == ["sent"] * 3
    numbers = [email["Message-ID"] for email in (*taken, *server.taken)]
    assert (len(numbers), len(set(numbers))) == (3, 3)


def test_a_server_that_hangs_up_after_each_message_may_get_a_second_copy_with_the_same_id(
    frozen_clock, run: Run, authority, port
) -> None:
    with a_mail_server(authority, Mood(drops_after_data=True), port) as server:
        run()
        assert states() == ["failed"] * 3
        server.drops_after_data = False
        frozen_clock.advance(minutes=1)
        run()
    assert states() == ["sent"] * 3
    numbers = [email["Message-ID"] for email in server.taken]
    assert (len(numbers), len(set(numbers))) == (6, 3)


def test_a_mail_server_found_dead_is_asked_ever_more_seldom(app: Flask, port) -> None:
    with app.app_context():
        some_messages(10)
    worker = Worker(writing_to(app, port))
    assert worker.once().mail_is_stuck
    assert not worker.once().mail_is_stuck  # the second turn leaves it alone
    pauses = []
    for _ in range(8):
        pauses.append(worker._mail_pause)
        worker._mail_rests_until = 0
        worker.once()
    assert pauses == [2, 4, 8, 16, 32, 60, 60, 60]
    with app.app_context():
        assert set(tries()) == {0, 1}


def test_a_turn_without_mail_does_the_rest_of_the_work(run: Run) -> None:
    turn = run()
    assert (turn.mail_is_stuck, turn.failed) == (True, False)
