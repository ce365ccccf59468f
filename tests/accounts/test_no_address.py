"""Patients without an e-mail address: no link and no password leads to them, and nothing is mailed,
until somebody adds one."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.accounts import administration, finding, invitations, password_reset
from app.accounts.addresses import NotAnAddress
from app.accounts.administration import NotSensible
from app.accounts.finding import Wanted
from app.accounts.invitations import AddressTaken, HasAddress, Newcomer, NotInvited, Unreachable
from app.accounts.registration import Person, register_patient
from app.accounts.sign_in import WrongCredentials, authenticate
from app.errors import NotAllowed
from app.extensions import db
from app.messaging import outbox
from app.models import AuditEvent, MessageKind, OneTimeToken, Role, User
from app.transaction import transactional
from tests.accounts.outbox import mails, token_of
from tests.builders import PASSWORD, a_patient, a_user
from tests.conftest import FrozenClock

PHONE = "+49 30 901820"


@pytest.fixture
def admin(clinic: FrozenClock) -> User:
    return a_user(Role.ADMIN, "Ana Sousa")


@pytest.fixture
def nora(admin: User) -> User:
    return invitations.create(Newcomer("Nora Neu", "", Role.PATIENT, phone=PHONE), admin)


def test_a_telephone_number_is_enough_and_nobody_is_invited(nora: User) -> None:
    assert (nora.email, nora.confirmed_email) == ("", None)
    assert nora.patient is not None
    assert nora.patient.phone == PHONE
    assert mails() == []
    assert db.session.scalar(select(OneTimeToken)) is None
    event = db.session.scalars(select(AuditEvent)).one()
    assert (event.action, event.after) == ("user.added", {"role": "patient"})


def test_somebody_can_be_reached_in_one_way_or_the_other(admin: User) -> None:
    with pytest.raises(Unreachable):
        invitations.create(Newcomer("Nora Neu", "", Role.PATIENT), admin)


@pytest.mark.parametrize("role", [Role.DOCTOR, Role.ADMIN])
def test_only_patients_do_without_an_address(admin: User, role: Role) -> None:
    with pytest.raises(NotAnAddress):
        invitations.create(Newcomer("Nora Neu", "", role, phone=PHONE), admin)


def test_there_may_be_many_of_them(admin: User, nora: User) -> None:
    other = invitations.create(Newcomer("Otto Neu", "", Role.PATIENT, phone=PHONE), admin)
    assert other.id != nora.id


@pytest.mark.parametrize("typed", ["", " ", "\t", "\u3000", "-"])
def test_no_password_leads_to_them(nora: User, typed: str) -> None:
    give_password(nora)
    with pytest.raises(WrongCredentials):
        authenticate(typed, PASSWORD)


@pytest.mark.parametrize("typed", ["", " ", "-"])
def test_no_link_is_mailed_for_an_empty_address(nora: User, typed: str) -> None:
    password_reset.ask(typed)
    assert mails() == []
    assert db.session.scalar(select(OneTimeToken)) is None


def test_nobody_registers_with_an_empty_address(nora: User) -> None:
    with pytest.raises(NotAnAddress):
        register_patient(Person("Somebody", "", PASSWORD))


def test_a_message_for_them_is_never_written(nora: User) -> None:
    put(nora)
    assert mails() == []


def test_an_admin_cannot_ask_them_for_a_password_but_close_their_account(
    admin: User, nora: User
) -> None:
    with pytest.raises(NotSensible, match="no e-mail address"):
        administration.ask_for_new_password(nora, admin, version=nora.version)
    with pytest.raises(NotSensible, match="confirmed"):
        administration.set_role(nora, Role.ADMIN, admin, version=nora.version)
    with pytest.raises(NotInvited):
        invitations.send_again(nora, admin, version=nora.version)
    administration.set_active(nora, False, admin, version=nora.version)
    assert not nora.is_active


def test_they_are_found_by_name_and_by_no_address(nora: User) -> None:
    assert [user.name for user in finding.find_users(Wanted(search="nora"), 1).rows] == ["Nora Neu"]
    assert nora.id in finding.ids_matching("Neu")
    assert nora.id not in finding.ids_matching("@")


def test_an_address_that_is_added_is_invited_and_leads_in(admin: User, nora: User) -> None:
    invitations.add_address(nora, " Nora@Example.ORG ", admin)
    assert (nora.email, nora.confirmed_email) == ("nora@example.org", None)
    event = db.session.scalars(
        select(AuditEvent).where(AuditEvent.action == "user.address_added")
    ).one()
    assert (event.before, event.after) == ({"email": ""}, {"email": "nora@example.org"})
    invitations.accept(token_of(MessageKind.INVITATION, "nora@example.org"), PASSWORD)
    assert authenticate("nora@example.org", PASSWORD).id == nora.id
    put(nora)
    assert len(mails(MessageKind.PASSWORD_CHANGED, "nora@example.org")) == 1


def test_an_address_is_added_once_and_only_one_that_is_free(admin: User, nora: User) -> None:
    a_patient("Iris Other", "iris@example.org")
    with pytest.raises(AddressTaken):
        invitations.add_address(nora, "iris@example.org", admin)
    with pytest.raises(NotAnAddress):
        invitations.add_address(nora, "nora", admin)
    invitations.add_address(nora, "nora@example.org", admin)
    with pytest.raises(HasAddress):
        invitations.add_address(nora, "other@example.org", admin)
    assert nora.email == "nora@example.org"


def test_a_closed_account_gets_no_address(admin: User, nora: User) -> None:
    administration.set_active(nora, False, admin, version=nora.version)
    with pytest.raises(NotInvited):
        invitations.add_address(nora, "nora@example.org", admin)


def test_a_patient_adds_no_address_for_another(nora: User) -> None:
    with pytest.raises(NotAllowed):
        invitations.add_address(nora, "nora@example.org", a_patient().user)


@transactional
def give_password(user: User) -> None:
    """What no page can do: a password for an account without an address."""
    user.password_hash = a_user().password_hash


@transactional
def put(user: User) -> None:
    outbox.put(MessageKind.PASSWORD_CHANGED, user, "one")
