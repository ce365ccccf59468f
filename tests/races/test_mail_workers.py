"""Workers race for the outbox, and die in the middle of it. Nothing is lost, and nothing comes
twice but what the mail server had just taken when a worker died, by the same Message-ID."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
import trustme
from flask import Flask
from sqlalchemy import func, insert, select

from app import clock
from app.extensions import db
from app.messaging import leases, worker
from app.models import MessageKind, MessageState, OutboxMessage
from app.transaction import transactional
from app.worker import Worker
from config import ROOT
from tests.builders import a_user
from tests.messaging.mail_servers import (
    PASSWORD,
    USERNAME,
    Mood,
    a_mail_server,
    free_port,
    writing_to,
)

MESSAGES = 200
PATIENCE_SECONDS = 60


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def mood(database: Flask, authority: trustme.CA, tmp_path, monkeypatch) -> Iterator[Mood]:
    """A mail server that is well, trusted by this process and those that it starts."""
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(file)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    port = free_port()
    monkeypatch.setenv("MAIL_PORT", str(port))
    with database.app_context():
        many_messages()
    with a_mail_server(authority, Mood(), port) as mood:
        yield mood


@transactional
def many_messages() -> None:
    user = a_user()
    rows = [
        {
            "kind": MessageKind.PASSWORD_CHANGED,
            "dedupe_key": f"message {n}",
            "recipient": f"p{n}@example.org",
            "user_id": user.id,
        }
        for n in range(MESSAGES)
    ]
    db.session.execute(insert(OutboxMessage), rows)


@contextmanager
def a_worker(app: Flask) -> Iterator[subprocess.Popen[bytes]]:
    """A worker's process, ended with SIGTERM unless it is gone by then."""
    config = app.config["DOCKET"]
    environment = os.environ | {
        "INSTANCE_PATH": app.instance_path,
        "DATABASE_URL": config.database_url,
        "DEMO": "0",
        "MAIL_SERVER": "localhost",
        "MAIL_USERNAME": USERNAME,
        "MAIL_PASSWORD": PASSWORD,
    }
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]
    log = Path(app.instance_path, f"worker-{time.monotonic_ns()}.log")
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        process.wait(timeout=30)


def in_state(app: Flask, *states: MessageState) -> int:
    with app.app_context():
        number = select(func.count()).where(OutboxMessage.state.in_(states))
        return db.session.scalar(number) or 0


def wait_until(is_so) -> None:
    ends = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < ends, "it takes too long"
        time.sleep(0.02)


def copies(mood: Mood) -> Counter[str]:
    return Counter(email["Message-ID"] for email in mood.taken)


def test_two_workers_at_once_send_each_of_200_messages_once(database: Flask, mood: Mood) -> None:
    with a_worker(database), a_worker(database):
        wait_until(lambda: in_state(database, MessageState.SENT) == MESSAGES)
    assert (len(copies(mood)), set(copies(mood).values())) == (MESSAGES, {1})
    assert mood.logins >= 2


def test_what_a_killed_worker_leaves_is_sent_by_the_next(database: Flask, mood: Mood) -> None:
    with a_worker(database) as victim:
        wait_until(lambda: len(mood.taken) >= worker.LEASED_AT_ONCE + 10)  # within a batch
        victim.send_signal(signal.SIGKILL)
        victim.wait()
    left = in_state(database, MessageState.SENDING)
    assert 1 <= left <= worker.LEASED_AT_ONCE
    with a_worker(database):
        wait_until(lambda: in_state(database, MessageState.SENT) == MESSAGES - left)
    with clock.frozen(clock.now() + leases.LEASE):
        next_one = Worker(writing_to(database, int(os.environ["MAIL_PORT"])))
        next_one.once()
        assert in_state(database, MessageState.FAILED) == left
    with clock.frozen(clock.now() + leases.LEASE + timedelta(seconds=6)):
        next_one.once()
    with next_one.app.app_context():
        db.engine.dispose()
    assert in_state(database, MessageState.SENT) == MESSAGES
    assert len(copies(mood)) == MESSAGES
    assert sum(copies(mood).values()) <= MESSAGES + 1


def test_a_worker_that_is_told_to_stop_gives_back_what_it_has_not_sent(
    database: Flask, mood: Mood
) -> None:
    with a_worker(database) as one:
        wait_until(lambda: len(mood.taken) >= 20)
        one.terminate()
        assert one.wait(timeout=30) == 0
    sent = in_state(database, MessageState.SENT)
    assert sent == len(mood.taken) < MESSAGES
    assert in_state(database, MessageState.QUEUED) == MESSAGES - sent
    with database.app_context():
        tries = select(func.sum(OutboxMessage.tries))
        assert db.session.scalar(tries) == sent
