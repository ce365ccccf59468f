"""The transaction helper against real databases: what is replayed, and what is an answer."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import event, select, text, update
from sqlalchemy.exc import IntegrityError

from app import transaction
from app.errors import Busy, ClinicError
from app.extensions import db
from app.models import User
from app.transaction import Overtaken, is_duplicate, rows_changed, transactional
from tests.builders import a_specialty, a_user

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
on_mariadb = pytest.mark.parametrize("database", ["mariadb"], indirect=True)


@pytest.fixture
def here(database: Flask) -> Iterator[Flask]:
    with database.app_context():
        yield database


def name_of(user: User) -> str | None:
    """The name as another connection reads it."""
    with db.engine.connect() as other:
        return other.scalar(select(User.name).where(User.id == user.id))


def rename(user_id: int, name: str) -> None:
    rows_changed(update(User).where(User.id == user_id).values(name=name))


def test_what_a_use_case_did_is_committed(here):
    user = a_user()
    transactional(rename)(user.id, "Robin")
    assert name_of(user) == "Robin"


def test_a_fault_takes_everything_back(here):
    user = a_user(name="Before")

    @transactional
    def in_vain() -> None:
        rename(user.id, "After")
        raise KeyError

    with pytest.raises(KeyError):
        in_vain()
    assert name_of(user) == "Before"


def test_a_refusal_is_not_tried_again(here):
    tries = Counter[str]()

    @transactional
    def refuse() -> None:
        tries["refuse"] += 1
        raise ClinicError

    with pytest.raises(ClinicError):
        refuse()
    assert tries["refuse"] == 1


def test_a_use_case_inside_another_joins_it(here):
    user = a_user(name="Before")

    @transactional
    def outer() -> None:
        transactional(rename)(user.id, "After")
        raise KeyError

    with pytest.raises(KeyError):
        outer()
    assert name_of(user) == "Before"


def test_a_use_case_starts_afresh(here):
    user = a_user(name="Before")
    assert user.name == "Before"  # a reading transaction stands
    with closing(db.engine.connect()) as other:
        other.execution_options(docket_writes=True)
        other.execute(update(User).where(User.id == user.id).values(name="After"))
        other.commit()
    assert transactional(lambda: user.name)() == "After"


def test_whoever_was_overtaken_runs_again(here):
    tries = Counter[str]()

    @transactional
    def overtaken_once() -> str:
        tries["all"] += 1
        if tries["all"] == 1:
            raise Overtaken
        return "found"

    assert overtaken_once() == "found"


def test_a_duplicate_key_is_an_answer(here):
    specialty = a_specialty("Cardiology")
    tries = Counter[str]()

    @transactional
    def again() -> None:
        tries["again"] += 1
        db.session.add(type(specialty)(slug="cardiology", name="Heart"))
        db.session.flush()

    with pytest.raises(IntegrityError):
        again()
    assert tries["again"] == 1


@pytest.mark.parametrize(("column", "is_it"), [("slug", True), ("ref", False)])
def test_a_duplicate_key_says_which_it_was(here, column, is_it):
    specialty = a_specialty("Cardiology")

    @transactional
    def again() -> None:
        db.session.add(type(specialty)(slug="cardiology", name="Heart"))
        db.session.flush()

    with pytest.raises(IntegrityError) as fault:
        again()
    assert is_duplicate(fault.value, column) is is_it


@contextmanager
def a_writer_elsewhere() -> Iterator[sqlite3.Connection]:
    """Another process's open write on the same SQLite file, for which nobody waits."""

    def impatient(connection, *_):
        connection.execute("PRAGMA busy_timeout = 0")

    event.listen(db.engine, "checkout", impatient)
    db.session.rollback()
    with closing(sqlite3.connect(str(db.engine.url.database), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        try:
            yield other
        finally:
            event.remove(db.engine, "checkout", impatient)
            db.engine.dispose()


@on_sqlite
def test_a_locked_sqlite_is_tried_again(here, monkeypatch):
    user = a_user()
    with a_writer_elsewhere() as other:
        monkeypatch.setattr(time, "sleep", lambda _: other.rollback())
        transactional(rename)(user.id, "Robin")
    assert name_of(user) == "Robin"


@on_sqlite
def test_a_sqlite_that_stays_locked_is_busy(here, monkeypatch):
    user = a_user()
    pauses: list[float] = []
    with a_writer_elsewhere():
        monkeypatch.setattr(time, "sleep", pauses.append)
        with pytest.raises(Busy):
            transactional(rename)(user.id, "Robin")
    assert len(pauses) == transaction.TRIES - 1


@on_sqlite
def test_pauses_grow_and_stay_short(here, monkeypatch):
    pauses: list[float] = []
    with a_writer_elsewhere():
        monkeypatch.setattr(time, "sleep", pauses.append)
        with pytest.raises(Busy):
            transactional(lambda: None)()
    assert pauses[0] < 0.01
    assert max(pauses) <= transaction.LONGEST_PAUSE_SECONDS


@on_sqlite
def test_patience_ends(here, monkeypatch):
    monkeypatch.setattr(transaction, "PATIENCE_SECONDS", -1)
    pauses: list[float] = []
    with a_writer_elsewhere():
        monkeypatch.setattr(time, "sleep", pauses.append)
        with pytest.raises(Busy):
            transactional(lambda: None)()
    assert pauses == []


@on_mariadb
def test_of_two_in_a_deadlock_one_is_replayed_whole_and_both_succeed(here):
    ann, bob = a_user(name="Ann"), a_user(name="Bob")
    numbers = [ann.id, bob.id]
    both_hold_one, tries = Barrier(2, timeout=20), Counter[str]()

    @transactional
    def rename_both(name: str, first: int, second: int) -> None:
        tries[name] += 1
        rename(first, name)
        if tries[name] == 1:
            both_hold_one.wait()
        rename(second, name)

    def in_thread(name: str, first: int, second: int) -> None:
        with here.app_context():
            rename_both(name, first, second)

    threads = [
        Thread(target=in_thread, args=("one", *numbers)),
        Thread(target=in_thread, args=("two", *reversed(numbers))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sum(tries.values()) == 3
    assert name_of(ann) == name_of(bob) == max(tries, key=tries.__getitem__)


@on_mariadb
def test_a_row_that_another_keeps_locked_is_busy_after_three_tries(here):
    user, tries = a_user(), Counter[str]()

    @transactional
    def impatiently() -> None:
        tries["all"] += 1
        db.session.execute(text("SET innodb_lock_wait_timeout = 0"))
        rename(user.id, "Robin")

    number = user.id
    with closing(db.engine.connect()) as other:
        other.execute(update(User).where(User.id == number).values(name="Other"))
        with pytest.raises(Busy):
            impatiently()
    db.engine.dispose()
    assert tries["all"] == transaction.LOCK_WAIT_TRIES


@on_mariadb
def test_a_connection_that_breaks_is_replaced_and_the_whole_runs_again(here):
    user, tries = a_user(), Counter[str]()
    number = user.id

    @transactional
    def broken_once() -> None:
        tries["all"] += 1
        rename(number, "Robin")
        if tries["all"] == 1:
            mine = db.session.scalar(text("SELECT CONNECTION_ID()"))
            with db.engine.connect() as other:
                other.execute(text(f"KILL {int(mine or 0)}"))
        rename(number, "Robin Sommer")

    broken_once()
    assert (tries["all"], name_of(user)) == (2, "Robin Sommer")
