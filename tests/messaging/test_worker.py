"""The outbox is drained at least once, whoever dies and whatever is wrong with one message."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta
from smtplib import SMTPServerDisconnected

import pytest
from flask import Flask
from sqlalchemy import text, update

from app import clock
from app.errors import Busy
from app.extensions import db
from app.mail_server import Unavailable
from app.messaging import housekeeping, leases, worker
from app.messaging import outbox as outgoing
from app.messaging.delivery import Post, into_folder, message_id
from app.messaging.worker import run_once
from app.models import MessageKind, MessageState, OutboxMessage, User
from app.transaction import rows_changed, transactional
from tests.builders import a_user
from tests.messaging.conftest import BASE_URL, LINKS, Letters, outbox

change = transactional(rows_changed)


@transactional
def some_messages(number: int) -> None:
    user = db.session.get_one(User, a_user().id)
    for each in range(number):
        outgoing.put(MessageKind.PASSWORD_CHANGED, user, f"message {each}")


@transactional
def write(statement: str) -> None:
    db.session.execute(text(statement))


def failing(_email) -> None:
    raise SMTPServerDisconnected("in the middle of it")


def out_of_reach(_email) -> None:
    raise Unavailable from ConnectionRefusedError()


def states() -> list[str]:
    return [message.state.value for message in outbox()]


def a_post(send) -> Post:
    return Post(BASE_URL, "no-reply@clinic.example", send, LINKS)


def test_workers_at_once_send_each_message_once(database: Flask) -> None:
    with database.app_context():
        some_messages(30)
    letters, start = Letters(), threading.Barrier(4)

    def work(name: str) -> None:
        with database.app_context():
            start.wait()
            while letters.run(name):
                pass

    workers = [threading.Thread(target=work, args=(f"worker {n}",)) for n in range(4)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    numbers = Counter(email["Message-ID"] for email in letters.sent)
    assert (len(numbers), set(numbers.values())) == (30, {1})
    with database.app_context():
        assert {message.state for message in outbox()} == {MessageState.SENT}


def test_what_a_dead_worker_had_leased_is_sent_when_its_lease_ends(
    database: Flask, frozen_clock
) -> None:
    letters = Letters()
    with database.app_context():
        some_messages(1)
        assert leases.take("somebody who died", 20)
        frozen_clock.advance(minutes=4)
        assert letters.run() == 0
        frozen_clock.advance(minutes=1)
        assert letters.run() == 0
        assert outbox()[0].state is MessageState.FAILED
        frozen_clock.advance(seconds=5)
        assert letters.run() == 1
        assert outbox()[0].tries == 2


def test_who_has_lost_the_lease_leaves_the_message_to_its_new_owner(
    database: Flask, frozen_clock
) -> None:
    letters = Letters()

    def slow(email) -> None:
        frozen_clock.advance(minutes=6)
        letters.run("the next one")
        frozen_clock.advance(minutes=1)
        assert letters.run("the next one") == 1
        raise ConnectionResetError

    with database.app_context():
        some_messages(1)
        run_once("the slow one", a_post(slow))
        (message,) = outbox()
        assert (message.state, message.error) == (MessageState.SENT, "")


def test_who_has_lost_the_lease_does_not_end_the_new_one(database: Flask, frozen_clock) -> None:
    def slow(email) -> None:
        frozen_clock.advance(minutes=6)
        assert leases.take("the next one", 20) == []
        frozen_clock.advance(minutes=1)
        assert leases.take("the next one", 20)
        raise ConnectionResetError

    with database.app_context():
        some_messages(1)
        run_once("the slow one", a_post(slow))
        (message,) = outbox()
        assert (message.state, message.lease_owner) == (MessageState.SENDING, "the next one")


def test_a_second_try_has_the_same_message_id(clinic, letters) -> None:
    some_messages(1)
    seen = []

    def fails_after_all(email) -> None:
        seen.append(email["Message-ID"])
        raise ConnectionResetError

    run_once("a worker", a_post(fails_after_all))
    clinic.advance(minutes=1)
    letters.run()
    assert seen == [letters.sent[0]["Message-ID"]]
    assert seen[0].endswith("@clinic.example>")


def test_a_message_that_fails_is_tried_again_ever_more_seldom(clinic) -> None:
    some_messages(1)
    pauses, promised = [], outbox()[0].not_before
    for _ in range(9):
        before = outbox()[0].next_try_at
        run_once("a worker", a_post(failing))
        assert outbox()[0].state is MessageState.FAILED
        pauses.append((outbox()[0].next_try_at - before).total_seconds())
        clinic.move_to(outbox()[0].next_try_at)
    assert 3.75 <= pauses[0] <= 5
    assert pauses[:7] == sorted(pauses[:7])
    assert 225 <= min(pauses[7:]) <= max(pauses[7:]) <= 300
    assert outbox()[0].not_before == promised
    assert outbox()[0].error == "The connection to the mail server broke: in the middle of it"


def test_a_message_is_given_up_after_a_day_of_tries(clinic, letters) -> None:
    some_messages(1)
    clinic.advance(hours=25)
    run_once("a worker", a_post(failing))
    assert outbox()[0].state is MessageState.FAILED  # a day old, but tried for the first time
    change(update(OutboxMessage).values(tries=50))
    clinic.advance(minutes=5)
    run_once("a worker", a_post(failing))
    assert outbox()[0].state is MessageState.DEAD
    clinic.advance(days=1)
    assert letters.run() == 0


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE outbox_messages SET kind = 'nonsense' WHERE dedupe_key = 'message 0'",
        "UPDATE outbox_messages SET details = '[' WHERE dedupe_key = 'message 0'",
        "UPDATE outbox_messages SET recipient = 'a@b.c, d@e.f' WHERE dedupe_key = 'message 0'",
        "UPDATE outbox_messages SET recipient = '' WHERE dedupe_key = 'message 0'",
    ],
)
def test_one_bad_message_does_not_stop_the_others(clinic, letters, damage: str) -> None:
    some_messages(3)
    write(damage)
    assert letters.run() == 2
    rows = db.session.execute(text("SELECT state, error != '' FROM outbox_messages ORDER BY id"))
    assert [tuple(row) for row in rows] == [("failed", 1), ("sent", 0), ("sent", 0)]


def test_a_bad_message_is_given_up_like_any_other(clinic, letters) -> None:
    some_messages(1)
    write("UPDATE outbox_messages SET details = '[', tries = 50")
    clinic.advance(hours=25)
    letters.run()
    assert db.session.scalar(text("SELECT state FROM outbox_messages")) == "dead"


def test_a_line_break_in_an_address_makes_no_header(clinic, letters) -> None:
    some_messages(2)
    evil = "a@example.org\r\nBcc: everybody@example.org"
    change(update(OutboxMessage).where(OutboxMessage.id == outbox()[0].id).values(recipient=evil))
    assert letters.run() == 1
    assert "everybody" not in str(letters.sent[0])


def test_a_worker_that_is_to_stop_takes_no_further_message(clinic) -> None:
    some_messages(3)
    stop = threading.Event()
    sent = run_once("a worker", a_post(lambda _: stop.set()), stop)
    assert sent == 1
    assert states() == ["sent", "queued", "queued"]
    assert [(message.tries, message.lease_owner) for message in outbox()[1:]] == [(0, None)] * 2


def test_a_mail_server_out_of_reach_is_a_failure_of_one_message_alone(clinic, letters) -> None:
    some_messages(3)
    with pytest.raises(Unavailable):
        run_once("a worker", a_post(out_of_reach))
    assert states() == ["failed", "queued", "queued"]
    assert [message.tries for message in outbox()] == [1, 0, 0]
    clinic.advance(seconds=5)
    with pytest.raises(Unavailable):
        run_once("a worker", a_post(out_of_reach))
    assert states() == ["failed", "failed", "queued"]
    clinic.advance(seconds=5)
    assert letters.run() == 3


def test_a_day_of_tries_counts_from_the_promised_instant(clinic) -> None:
    some_messages(1)
    promised = clock.now() + timedelta(hours=30)
    change(update(OutboxMessage).values(not_before=promised, next_try_at=promised, tries=50))
    for hours, state in ((30, MessageState.FAILED), (25, MessageState.DEAD)):
        clinic.advance(hours=hours)
        run_once("a worker", a_post(failing))
        assert outbox()[0].state is state


def test_a_whole_day_of_a_dead_mail_server_is_some_300_tries(clinic) -> None:
    some_messages(1)
    written = clock.now()
    while outbox()[0].state is not MessageState.DEAD:
        clinic.move_to(outbox()[0].next_try_at)
        with pytest.raises(Unavailable):
            run_once("a worker", a_post(out_of_reach))
    assert timedelta(hours=24) < clock.now() - written < timedelta(hours=24, minutes=5)
    assert 288 <= outbox()[0].tries <= 400
    assert outbox()[0].lease_owner is None


def test_what_failed_comes_in_turn_with_what_is_new(clinic, letters) -> None:
    some_messages(3)
    first, second, third = [message.id for message in outbox()]
    ago = {
        number: clock.now() - timedelta(minutes=place)
        for place, number in enumerate((second, first, third))
    }
    for number, due_at in ago.items():
        change(update(OutboxMessage).where(OutboxMessage.id == number).values(next_try_at=due_at))
    change(update(OutboxMessage).where(OutboxMessage.id == first).values(state="failed", tries=3))
    taken = leases.take("a worker", 2)
    assert [lease.message_id for lease in taken] == [third, first]
    leases.give_back(taken)
    assert states() == ["failed", "queued", "queued"]
    assert [message.tries for message in outbox()] == [3, 0, 0]


def test_a_lease_too_short_for_a_slow_mail_server_is_given_back(clinic, letters) -> None:
    some_messages(3)

    def slow(email) -> None:
        (mine,) = (one for one in outbox() if message_id(one, BASE_URL) == email["Message-ID"])
        assert mine.leased_until is not None
        assert mine.leased_until - clock.now() >= leases.EXCHANGE
        clinic.advance(seconds=61)
        letters.sent.append(email)

    run_once("a worker", a_post(slow))
    assert Counter(email["Message-ID"] for email in letters.sent).most_common(1)[0][1] == 1
    assert len(letters.sent) == 3
    assert [message.tries for message in outbox()] == [1, 1, 1]


def test_a_database_that_is_away_for_a_moment_does_not_send_a_message_twice(
    clinic, letters, monkeypatch
) -> None:
    some_messages(1)
    monkeypatch.setattr(worker, "MARK_AGAIN_AFTER_SECONDS", (0, 0))
    mark, away = leases.sent, [Busy(), Busy()]

    def mark_when_back(*args):
        if away:
            raise away.pop()
        return mark(*args)

    monkeypatch.setattr(leases, "sent", mark_when_back)
    assert letters.run() == 1
    assert outbox()[0].state is MessageState.SENT


def test_what_is_said_is_kept_for_two_years(clinic, visit, letters) -> None:
    letters.run()
    clinic.advance(days=2 * 365 - 1)
    assert housekeeping.forget_contents() == 0
    assert outbox()[0].attachments
    clinic.advance(days=2)
    assert housekeeping.forget_contents() == 1
    (message,) = outbox()
    assert (message.text, message.html, message.attachments) == ("", "", [])
    assert message.subject
    assert housekeeping.forget_contents() == 0


def test_without_a_mail_server_each_message_is_a_file(clinic, tmp_path) -> None:
    some_messages(2)
    run_once("a worker", a_post(into_folder(tmp_path / "mail")))
    files = sorted(path.name for path in (tmp_path / "mail").iterdir())
    assert len(files) == 2
    assert files[0].startswith("20261124-070000-outbox-")
    assert {name.rpartition(".")[2] for name in files} == {"eml"}
    assert b"Auto-Submitted: auto-generated" in (tmp_path / "mail" / files[0]).read_bytes()


def test_a_message_that_has_been_sent_keeps_what_it_said(clinic, letters) -> None:
    some_messages(1)
    letters.run()
    (message,) = outbox()
    assert message.subject == letters.sent[0]["Subject"]
    assert message.text.strip() == letters.last_text.strip()
    html = letters.sent[0].get_body(("html",))
    assert html is not None
    assert message.html.strip() == html.get_content().strip()
    assert message.sent_at is not None
    assert message.lease_owner is None
