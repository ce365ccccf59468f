"""Mail by a real mail server: one that is well, and one that is not."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import trustme
from flask import Flask

from app import clock
from app.extensions import db
from app.models import Appointment, AppointmentStatus, MessageState, OutboxMessage
from app.worker import Worker
from tests.builders import a_doctor, a_patient, booked, tomorrow_at
from tests.messaging.conftest import outbox
from tests.messaging.mail_servers import (
    PASSWORD,
    USERNAME,
    Mood,
    a_mail_server,
    writing_to,
)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def post(app: Flask, port: int, trusted: Path) -> Iterator[Callable[[], OutboxMessage]]:
    """A booked visit, and a worker's turn that answers with what became of its message."""
    writer = writing_to(app, port, mail_timeout=1)
    with app.app_context():
        booked(a_patient(email="ines@example.org"), a_doctor(), tomorrow_at("10:30"))

        def turn() -> OutboxMessage:
            Worker(writer).once()
            return outbox()[0]

        yield turn
    with writer.app_context():
        db.engine.dispose()


def test_a_message_arrives_encrypted_and_signed_in(post, authority, port) -> None:
    with a_mail_server(authority, Mood(), port) as server:
        assert post().state is MessageState.SENT
    assert server.taken[0]["To"] == "ines@example.org"
    assert server.taken[0].get_body(("plain",)) is not None


def test_a_mail_server_that_is_down_loses_nothing(frozen_clock, post, authority, port) -> None:
    message = post()
    assert (message.state, message.tries) == (MessageState.FAILED, 1)
    assert "connection was refused" in message.error
    frozen_clock.advance(minutes=1)
    with a_mail_server(authority, Mood(), port) as server:
        assert post().state is MessageState.SENT
    assert len(server.taken) == 1


def test_a_booking_stands_whatever_becomes_of_its_mail(post) -> None:
    post()
    visit = outbox()[0].appointment
    assert isinstance(visit, Appointment)
    assert visit.status is AppointmentStatus.CONFIRMED


def test_a_recipient_who_is_refused_for_good_is_given_up_at_once(post, authority, port) -> None:
    with a_mail_server(authority, Mood(to_recipient="550 No such person"), port):
        message = post()
    assert message.state is MessageState.DEAD
    assert "No such person" in message.error


def test_a_recipient_who_is_refused_for_now_is_tried_again(post, authority, port) -> None:
    with a_mail_server(authority, Mood(to_recipient="450 Come again"), port):
        assert post().state is MessageState.FAILED


def test_a_connection_lost_after_the_letter_means_a_second_copy_with_the_same_id(
    frozen_clock, post, authority, port
) -> None:
    with a_mail_server(authority, Mood(drops_after_data=True), port) as server:
        assert post().state is MessageState.FAILED
        server.drops_after_data = False
        frozen_clock.advance(minutes=1)
        assert post().state is MessageState.SENT
    first, second = server.taken
    assert first["Message-ID"] == second["Message-ID"]


def test_a_mail_server_with_a_strange_certificate_gets_nothing(post, port) -> None:
    with a_mail_server(trustme.CA(), Mood(), port) as server:
        message = post()
    assert "certificate is not trusted" in message.error
    assert server.taken == []


def test_a_silent_mail_server_holds_the_worker_up_for_no_longer_than_the_time_out(
    post, port
) -> None:
    with closing(socket.create_server(("127.0.0.1", port))):
        begun = time.monotonic()
        message = post()
    assert time.monotonic() - begun < 10
    assert message.state is MessageState.FAILED
    assert "timed out" in message.error


def test_the_message_of_a_worker_that_was_killed_is_sent_by_the_next(
    post, app, authority, port, trusted
) -> None:
    with a_mail_server(authority, Mood(hangs=True), port) as server:
        environment = os.environ | {
            "INSTANCE_PATH": app.instance_path,
            "DATABASE_URL": "",
            "DEMO": "0",
            "MAIL_SERVER": "localhost",
            "MAIL_PORT": str(port),
            "MAIL_USERNAME": USERNAME,
            "MAIL_PASSWORD": PASSWORD,
        }
        victim = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "wsgi", "worker"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        assert server.reached.wait(20)
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        server.hangs = False
        assert post().state is MessageState.SENDING
        leased_until = outbox()[0].leased_until
        assert leased_until is not None
        with clock.frozen(leased_until):
            assert post().state is MessageState.FAILED
        with clock.frozen(leased_until + timedelta(seconds=5)):
            assert post().state is MessageState.SENT
    assert len(server.taken) == 1
