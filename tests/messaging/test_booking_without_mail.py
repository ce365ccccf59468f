"""A booking takes as long with the mail server dead as alive: it never speaks to it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from app.extensions import db
from app.models import MessageState
from tests.builders import a_doctor, a_patient, a_visit_type
from tests.messaging.conftest import outbox
from tests.messaging.mail_servers import Mood, a_mail_server, writing_to
from tests.pages import Visitor
from tests.patient.steps import Known, press, times_page


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """What is asked of the database meanwhile."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)
        engine.dispose()


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Whom this process connects to."""
    made: list[Any] = []
    connect = socket.socket.connect

    def noting(self: socket.socket, address: Any) -> None:
        made.append(address)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", noting)
    return made


def book(app: Flask, doctor: Known, time: str) -> list[str]:
    """Book by a browser; what that asked of the database."""
    visitor = Visitor(app.test_client())
    with app.app_context():
        visitor.sign_in(a_patient().user_id)
    review = press(visitor, times_page(visitor, doctor), doctor, time)
    with statements(app) as seen:
        page = visitor.submit(review.form("/appointment/book/"), follow=False)
    assert page.status == 303
    return seen


def test_a_booking_with_a_dead_mail_server_does_the_same_as_with_one_that_lives(
    app: Flask, port: int, authority, connections, frozen_clock
) -> None:
    with app.app_context():
        doctor = Known.of(a_doctor(visit_types=[a_visit_type("Check-up", 30)]))
    with a_mail_server(authority, Mood(), port) as server:
        connections.clear()  # of starting the server
        alive = book(writing_to(app, port), doctor, "10:30")
        assert (server.logins, server.taken) == (0, [])
    dead = book(writing_to(app, port), doctor, "11:30")
    assert connections == []
    assert dead == alive
    assert sum("INSERT INTO outbox_messages" in statement for statement in dead) == 1
    with app.app_context():
        assert [message.state for message in outbox()] == [MessageState.QUEUED] * 2
