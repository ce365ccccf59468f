from __future__ import annotations

from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from app.accounts import passwords, sign_in
from app.accounts.registration import Person, register_patient
from app.accounts.sign_in import TooManyTries, WrongCredentials, authenticate
from app.extensions import db
from app.models import User
from app.transaction import transactional
from tests.builders import PASSWORD, a_patient, a_user
from tests.conftest import FrozenClock

OTHER = "another long pass phrase"


@pytest.fixture
def comparisons(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The hashes that a password is compared with meanwhile; None stands for nobody's."""
    seen: list[str | None] = []
    really = passwords.matches

    def noting(password: str, password_hash: str | None) -> bool:
        seen.append(password_hash)
        return really(password, password_hash)

    monkeypatch.setattr(passwords, "matches", noting)
    return seen


def test_the_right_password_leads_to_the_account_however_the_address_is_typed(
    clinic: FrozenClock,
) -> None:
    jane = a_user(email="jane@example.org")
    assert authenticate(" Jane@EXAMPLE.org", PASSWORD).id == jane.id


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("jane@example.org", "wrong " + PASSWORD),
        ("nobody@example.org", PASSWORD),
        ("closed@example.org", PASSWORD),
        ("closed-too@example.org", PASSWORD),
        ("no address", PASSWORD),
        ("jane@example.org", ""),
        ("jane@example.org", "long " * 200),
    ],
)
def test_whatever_is_wrong_the_refusal_and_the_work_are_the_same(
    clinic: FrozenClock, comparisons: list[str | None], email: str, password: str
) -> None:
    a_user(email="jane@example.org")
    a_user(email="closed@example.org", is_active=False)
    a_user(email="closed-too@example.org", confirmed_email=None, is_active=False)
    with pytest.raises(WrongCredentials) as refused:
        authenticate(email, password)
    assert refused.value.sentence == WrongCredentials.sentence
    assert len(comparisons) == 3


def test_success_takes_the_same_work_as_failure(
    clinic: FrozenClock, comparisons: list[str | None]
) -> None:
    a_user(email="jane@example.org")
    for _ in range(4):
        a_user(email="jane@example.org", confirmed_email=None)
    authenticate("jane@example.org", PASSWORD)
    assert len(comparisons) == 3


def test_an_unconfirmed_account_can_be_used(clinic: FrozenClock) -> None:
    jane = register_patient(Person("Jane", "jane@example.org", PASSWORD))
    assert authenticate("jane@example.org", PASSWORD).id == jane.id


def test_registering_with_a_strangers_address_and_signing_in_again_does_not_tell_of_them(
    clinic: FrozenClock,
) -> None:
    owner = a_user(email="known@example.org")
    for address in ("known@example.org", "unknown@example.org"):
        mine = register_patient(Person("Mallory", address, OTHER))
        assert authenticate(address, OTHER).id == mine.id
    assert authenticate("known@example.org", PASSWORD).id == owner.id


def test_with_equal_passwords_the_confirmed_account_comes_first(clinic: FrozenClock) -> None:
    owner = a_user(email="jane@example.org")
    register_patient(Person("Jane", "jane@example.org", PASSWORD))
    assert authenticate("jane@example.org", PASSWORD).id == owner.id


@pytest.mark.parametrize("email", ["jane@example.org", "nobody@example.org"])
def test_after_five_failures_the_next_try_waits_known_or_not(
    clinic: FrozenClock, comparisons: list[str | None], email: str
) -> None:
    a_user(email="jane@example.org")
    for _ in range(5):
        with pytest.raises(WrongCredentials):
            authenticate(email, "wrong")
    comparisons.clear()
    with pytest.raises(TooManyTries) as slowed:
        authenticate(email, PASSWORD)
    assert "30 seconds" in slowed.value.sentence
    assert comparisons == []


def test_waiting_it_out_and_signing_in_clears_the_failures(clinic: FrozenClock) -> None:
    a_user(email="jane@example.org")
    for _ in range(5):
        with pytest.raises(WrongCredentials):
            authenticate("jane@example.org", "wrong")
    clinic.advance(seconds=31)
    authenticate("jane@example.org", PASSWORD)
    for _ in range(5):
        with pytest.raises(WrongCredentials):
            authenticate("jane@example.org", "wrong")


def test_a_hash_of_older_strength_is_renewed_at_sign_in(clinic: FrozenClock) -> None:
    older = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    jane = a_patient(email="jane@example.org").user
    _set_hash(jane, older)
    authenticate("jane@example.org", PASSWORD)
    db.session.refresh(jane)
    assert jane.password_hash != older
    assert not passwords.is_outdated(jane.password_hash)
    assert authenticate("jane@example.org", PASSWORD).id == jane.id


def test_waits_are_said_in_words() -> None:
    said = [sign_in.in_words(timedelta(seconds=seconds)) for seconds in (0.2, 30, 60, 61, 900)]
    assert said == ["1 second", "30 seconds", "60 seconds", "2 minutes", "15 minutes"]


@transactional
def _set_hash(user: User, password_hash: str) -> None:
    user.password_hash = password_hash
