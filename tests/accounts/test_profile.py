from __future__ import annotations

import pytest

from app.accounts import confirmation, password_reset, profile, sessions
from app.accounts.links import LinkOver
from app.accounts.profile import UnknownZone, WrongPassword
from app.accounts.sessions import Device
from app.accounts.sign_in import TooManyTries, WrongCredentials, authenticate
from app.errors import ChangedMeanwhile
from app.extensions import db
from app.models import MessageKind
from tests.accounts.outbox import mails, token_of
from tests.builders import PASSWORD, a_patient, a_user
from tests.conftest import FrozenClock

JANE = "jane@example.org"
FRESH = "an entirely new pass phrase"
RESET, CHANGED = MessageKind.RESET_PASSWORD, MessageKind.PASSWORD_CHANGED
DEVICE = Device("a browser", "192.0.2.1")


def test_a_reset_sets_the_password_ends_every_session_and_tells_the_owner(
    clinic: FrozenClock,
) -> None:
    jane = a_user(email=JANE)
    open_one = sessions.start(jane, DEVICE)
    password_reset.ask(" Jane@Example.org ")
    password_reset.choose(token_of(RESET, JANE), FRESH)
    assert authenticate(JANE, FRESH).id == jane.id
    with pytest.raises(WrongCredentials):
        authenticate(JANE, PASSWORD)
    assert sessions.of(open_one) is None
    assert len(mails(CHANGED, JANE)) == 1


def test_a_reset_link_works_once_and_an_older_one_not_at_all(clinic: FrozenClock) -> None:
    a_user(email=JANE)
    password_reset.ask(JANE)
    older = token_of(RESET, JANE)
    password_reset.ask(JANE)
    token = token_of(RESET, JANE)
    password_reset.choose(token, FRESH)
    for over in (token, older):
        assert password_reset.account_of(over) is None
        with pytest.raises(LinkOver):
            password_reset.choose(over, "yet another pass phrase")
    authenticate(JANE, FRESH)


def test_a_reset_proves_the_address(clinic: FrozenClock) -> None:
    jane = a_patient(email=JANE, confirmed_email=None).user
    password_reset.ask(JANE)
    password_reset.choose(token_of(RESET, JANE), FRESH)
    db.session.refresh(jane)
    assert jane.confirmed_email == JANE


def test_a_reset_serves_the_owner_of_the_address_before_anybody_who_only_typed_it(
    clinic: FrozenClock,
) -> None:
    owner = a_user(email=JANE)
    a_user(email=JANE, confirmed_email=None)
    password_reset.ask(JANE)
    assert password_reset.choose(token_of(RESET, JANE), FRESH).id == owner.id


@pytest.mark.parametrize("email", ["nobody@example.org", "closed@example.org", "no address"])
def test_nobody_and_closed_accounts_get_no_link(clinic: FrozenClock, email: str) -> None:
    a_user(email="closed@example.org", is_active=False)
    password_reset.ask(email)
    assert mails() == []


def test_a_reset_ends_the_slowing(clinic: FrozenClock) -> None:
    a_user(email=JANE)
    for _ in range(5):
        with pytest.raises(WrongCredentials):
            authenticate(JANE, "wrong")
    password_reset.ask(JANE)
    password_reset.choose(token_of(RESET, JANE), FRESH)
    authenticate(JANE, FRESH)


def test_links_to_confirm_do_not_use_up_the_links_to_reset(clinic: FrozenClock) -> None:
    jane = a_user(email=JANE, confirmed_email=None)
    for _ in range(6):
        confirmation.send(jane)
    password_reset.ask(JANE)
    assert len(mails(RESET, JANE)) == 1


def test_changing_the_password_asks_for_the_present_one(clinic: FrozenClock) -> None:
    jane = a_user(email=JANE)
    with pytest.raises(WrongPassword):
        profile.change_password(jane, "wrong", FRESH)
    authenticate(JANE, PASSWORD)
    profile.change_password(jane, PASSWORD, FRESH)
    authenticate(JANE, FRESH)
    assert len(mails(CHANGED, JANE)) == 1


def test_guessing_the_present_password_is_slowed_too(clinic: FrozenClock) -> None:
    jane = a_user(email=JANE)
    for _ in range(5):
        with pytest.raises(WrongPassword):
            profile.change_password(jane, "wrong", FRESH)
    with pytest.raises(TooManyTries):
        profile.change_password(jane, PASSWORD, FRESH)


def test_a_profile_seen_before_somebody_changed_it_overwrites_nothing(
    clinic: FrozenClock,
) -> None:
    jane = a_patient(name="Jane", email=JANE).user
    profile.update(jane, name="Jane Doe", phone="", zone="Europe/Lisbon", version=1)
    with pytest.raises(ChangedMeanwhile):
        profile.update(jane, name="Janet", phone="", zone=None, version=1)
    db.session.refresh(jane)
    assert (jane.name, jane.zone) == ("Jane Doe", "Europe/Lisbon")


@pytest.mark.parametrize(
    "zone", ["Etc/../../passwd", "Europe/Nowhere", "europe/berlin", "UTC+99", "../Europe/Berlin"]
)
def test_only_zones_that_exist_are_kept(clinic: FrozenClock, zone: str) -> None:
    jane = a_patient(email=JANE).user
    with pytest.raises(UnknownZone):
        profile.update(jane, name="Jane", phone="", zone=zone, version=1)
