from __future__ import annotations

from datetime import timedelta

from flask import Flask

from app.accounts import slowing
from app.accounts.slowing import LONGEST_WAIT, NO_WAIT, SIGN_IN
from tests.conftest import FrozenClock
from tests.races.racing import race

JANE = "jane@example.org"


def test_five_tries_are_free_and_the_sixth_waits(clinic: FrozenClock) -> None:
    assert [slowing.admit(SIGN_IN, JANE) for _ in range(5)] == [NO_WAIT] * 5
    assert slowing.admit(SIGN_IN, JANE) == timedelta(seconds=30)
    clinic.advance(seconds=10)
    assert slowing.admit(SIGN_IN, JANE) == timedelta(seconds=20)


def test_the_wait_doubles_with_each_further_try_up_to_a_quarter_of_an_hour() -> None:
    waits = [SIGN_IN.wait_after(tries) for tries in (4, 5, 6, 7, 9, 10, 11, 1_000_000)]
    seconds = [wait.total_seconds() for wait in waits]
    assert seconds == [0, 30, 60, 120, 480, 900, 900, 900]


def test_being_refused_does_not_make_the_wait_longer(clinic: FrozenClock) -> None:
    for _ in range(5):
        slowing.admit(SIGN_IN, JANE)
    for _ in range(50):
        assert slowing.admit(SIGN_IN, JANE) == timedelta(seconds=30)
    clinic.advance(seconds=30)
    assert slowing.admit(SIGN_IN, JANE) == NO_WAIT
    assert slowing.admit(SIGN_IN, JANE) == timedelta(seconds=60)


def test_nobody_is_locked_out_for_longer_than_a_quarter_of_an_hour(clinic: FrozenClock) -> None:
    for _ in range(40):
        clinic.advance(seconds=slowing.admit(SIGN_IN, JANE).total_seconds())
        slowing.admit(SIGN_IN, JANE)
    clinic.advance(seconds=LONGEST_WAIT.total_seconds())
    assert [slowing.admit(SIGN_IN, JANE) for _ in range(5)] == [NO_WAIT] * 5


def test_success_clears_the_tries_and_addresses_do_not_share_them(clinic: FrozenClock) -> None:
    for _ in range(6):
        slowing.admit(SIGN_IN, JANE)
    assert slowing.admit(SIGN_IN, "john@example.org") == NO_WAIT
    assert slowing.admit(slowing.RESET_MAIL, JANE) == NO_WAIT
    slowing.clear(SIGN_IN, JANE)
    assert slowing.admit(SIGN_IN, JANE) == NO_WAIT


def test_of_twenty_tries_at_the_same_instant_five_are_admitted(database: Flask) -> None:
    waits = race(database, [lambda: slowing.admit(SIGN_IN, JANE)] * 20)
    assert sum(wait == NO_WAIT for wait in waits) == 5
