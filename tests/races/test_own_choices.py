"""One person in several windows at the same instant: sign-ins, and the calendar's address."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts import known_browsers
from app.accounts.sessions import Device
from app.errors import ChangedMeanwhile
from app.extensions import db
from app.messaging import feeds
from app.models import LoginSession, MessageKind, OutboxMessage, User
from app.signing import Signer
from tests.builders import a_doctor, a_patient, booked, tomorrow_at
from tests.conftest import FrozenClock
from tests.races.racing import race

SIGNER = Signer("a key of this test")


@pytest.fixture
def jane(database: Flask) -> int:
    with database.app_context():
        return a_patient("Jane Doe").user.id


def test_of_many_sign_ins_at_once_each_succeeds_and_three_are_told(
    database: Flask, jane: int, frozen_clock: FrozenClock
) -> None:
    def sign_in() -> str:
        user, device = db.session.get_one(User, jane), Device("a test", "192.0.2.1")
        return known_browsers.sign_in(user, device, "", "a key", with_notice=True).token

    tokens = race(database, [sign_in] * 10)
    assert len({token for token in tokens if isinstance(token, str)}) == 10
    with database.app_context():
        told = select(func.count()).where(OutboxMessage.kind == MessageKind.NEW_SIGN_IN)
        assert db.session.scalar(told) == 3
        assert db.session.scalar(select(func.count()).select_from(LoginSession)) == 10


def test_of_many_new_addresses_at_once_one_is_made(database: Flask, jane: int) -> None:
    def renew() -> int:
        user = db.session.get_one(User, jane)
        feeds.renew(user, seen=feeds.OFF)
        return user.feed_number

    results = race(database, [renew] * 10)
    assert [type(one) for one in results].count(ChangedMeanwhile) == 9
    with database.app_context():
        assert db.session.get_one(User, jane).feed_number in results


def test_a_feed_is_the_same_on_every_database(database: Flask) -> None:
    with database.app_context():
        patient, doctor = a_patient("Ines Alva"), a_doctor("Ada Berg")
        visit = booked(patient, doctor, tomorrow_at("10:30"))
        for user in (patient.user, doctor.user):
            feeds.renew(user, seen=feeds.OFF)
            token = (feeds.path_of(user, SIGNER) or "").split("/")[2].removesuffix(".ics")
            feed = feeds.feed_of(token, SIGNER, visit.starts_at)
            assert feed is not None
            assert f"UID:{visit.ref}@clinic.example" in feed.file("https://clinic.example").decode()
