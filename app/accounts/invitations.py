"""Accounts that an admin makes for others, who choose their password by a mailed link."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from app import clock
from app.accounts import addresses, confirmation, links, passwords, registration, sessions, slowing
from app.accounts.administration import lock_admins, of_an_admin
from app.accounts.confirmation import AddressInUse
from app.accounts.registration import Practice
from app.accounts.sessions import hash_of
from app.clinic import audit
from app.errors import ChangedMeanwhile, ClinicError
from app.extensions import db
from app.messaging import outbox
from app.models import AuditEvent, MessageKind, OneTimeToken, Role, TokenPurpose, User
from app.models.reference import new_ref
from app.transaction import transactional

INVITED = "user.invited"
ADDED = "user.added"  # without an address, so without an invitation


class AddressTaken(ClinicError):
    sentence = "There is an account with this e-mail address already."


class Unreachable(ClinicError):
    status = 422
    sentence = "Enter a telephone number or an e-mail address, so that they can be reached."


class HasAddress(ClinicError):
    sentence = "This account has an e-mail address already. Nothing was changed."


class NotInvited(ClinicError):
    sentence = "This account waits for no invitation: it has a password, or it is closed."


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Whom an account is made for; `practice` is what a doctor has beside it. A patient who is
    called on the telephone may have no e-mail address (`""`)."""

    name: str
    email: str
    role: Role
    practice: Practice | None = None
    phone: str = ""  # a patient's


def create(newcomer: Newcomer, actor: User) -> User:
    """A new account and its invitation. Patients are invited by doctors too; everybody else by
    admins. A doctor's counts as approved: the admin knows the licence. Nobody signs in to an
    account without an address until one is added. Raises NotAllowed, NotAnAddress, AddressTaken,
    Unreachable."""
    may_lack_address = newcomer.role is Role.PATIENT and not newcomer.email
    if may_lack_address and not newcomer.phone:
        raise Unreachable
    columns: dict[str, object] = {
        "ref": new_ref(),
        "email": "" if may_lack_address else addresses.normalised(newcomer.email),
        "name": newcomer.name,
        "role": newcomer.role,
        # A password that nobody knows takes as long to refuse as any other.
        "password_hash": passwords.hash_of(secrets.token_urlsafe(32)),
    }
    return _store(columns, newcomer, actor)


@transactional
def add_address(user: User, email: str, actor: User) -> None:
    """Give a patient without an e-mail address the one they have said, and invite them to it.

    Raises NotAllowed, NotAnAddress, AddressTaken, HasAddress, NotInvited.
    """
    email = addresses.normalised(email)
    _check_inviting(Role.PATIENT, actor)
    db.session.refresh(user, with_for_update=True)
    if user.email:
        raise HasAddress
    if user.role is not Role.PATIENT or not user.is_active:
        raise NotInvited
    _check_free(email)
    user.email = email
    user.version += 1
    before, after = {"email": ""}, {"email": email}
    audit.record(actor, "user.address_added", user, name=user.name, before=before, after=after)
    _invite(user, actor)


@transactional
def send_again(user: User, actor: User, *, version: int) -> None:
    """Mail a fresh link to somebody who has not followed the one they have, which ends with it.

    Raises NotAllowed, NotInvited, ChangedMeanwhile.
    """
    of_an_admin(actor)
    db.session.refresh(user, with_for_update=True)
    if user.version != version:
        raise ChangedMeanwhile
    if not is_waiting(user):
        raise NotInvited
    user.version += 1
    _invite(user, actor)


def is_waiting(user: User) -> bool:
    """Whether somebody was invited and has not chosen a password yet."""
    if user.is_confirmed or not user.is_active:
        return False
    return bool(db.session.scalar(select(_was_invited(user.id))))


def good_until(user: User) -> datetime | None:
    """When the link that somebody was mailed ends, if it has not."""
    latest = select(func.max(OneTimeToken.expires_at)).where(
        OneTimeToken.user_id == user.id,
        OneTimeToken.purpose == TokenPurpose.INVITATION,
        OneTimeToken.used_at.is_(None),
        OneTimeToken.expires_at > clock.now(),
    )
    return db.session.scalar(latest)


def invited_by(token: str) -> User | None:
    """Whom an invitation is for, if its link is still good; looking does not use it."""
    return links.owner_of(token, TokenPurpose.INVITATION)


def accept(token: str, password: str) -> User:
    """Use a link: set the password and confirm the address. Raises LinkOver, AddressInUse."""
    return _accept(token, passwords.hash_of(password))


@transactional
def _store(columns: dict[str, object], newcomer: Newcomer, actor: User) -> User:
    _check_inviting(newcomer.role, actor)
    stored = db.session.scalars(select(User).where(User.ref == columns["ref"])).one_or_none()
    if stored is not None:  # by a try whose end we did not hear of
        return stored
    if columns["email"]:
        _check_free(str(columns["email"]))
    user = User(**columns)
    db.session.add(user)
    db.session.flush()
    _give_role(user, newcomer, actor)
    if user.email:
        _invite(user, actor)
    else:
        audit.record(actor, ADDED, user, name=user.name, after={"role": user.role.value})
    return user


def _check_inviting(role: Role, actor: User) -> None:
    if not (role is Role.PATIENT and _sees_patients(actor)):
        of_an_admin(actor)


def _check_free(email: str) -> None:
    """Raise AddressTaken when the address is somebody's, or waits for somebody who is invited. No
    key keeps two from waiting for one address, so those who ask come one after the other."""
    lock_admins()
    waiting = and_(User.email == email, User.is_active, _was_invited(User.id.expression))
    taken = select(User.id).where(or_(User.confirmed_email == email, waiting))
    if db.session.scalar(taken.limit(1)) is not None:
        raise AddressTaken


def _sees_patients(actor: User) -> bool:
    """Whether this is a doctor at work here, as things stand now."""
    db.session.refresh(actor)
    is_doctor = actor.role is Role.DOCTOR and actor.is_active and actor.doctor is not None
    return is_doctor and actor.doctor.approved_at is not None  # type: ignore[union-attr]


def _give_role(user: User, newcomer: Newcomer, actor: User) -> None:
    if newcomer.role is Role.PATIENT:
        registration.add_patient(user, newcomer.phone)
    if newcomer.practice is None:
        return
    doctor = registration.add_doctor(user, newcomer.practice)
    doctor.approved_at = clock.now()
    after = {
        "approved_at": doctor.approved_at.isoformat(timespec="seconds"),
        "licence_number": doctor.licence_number,
    }
    name = f"{doctor.title} {user.name}".strip()
    before = {"approved_at": None, "licence_number": None}
    audit.record(actor, "doctor.approved", doctor, name=name, before=before, after=after)


def _invite(user: User, actor: User) -> None:
    links.void(user, TokenPurpose.INVITATION)
    token = links.issue(user, TokenPurpose.INVITATION)
    details = {"token": token, "by": actor.name}
    outbox.put(MessageKind.INVITATION, user, f"invitation:{hash_of(token)}", details=details)
    after = {"email": user.email, "role": user.role.value}
    audit.record(actor, INVITED, user, name=user.name, after=after)


@transactional
def _accept(token: str, password_hash: str) -> User:
    user = links.use(token, TokenPurpose.INVITATION)
    if not confirmation.make_own(user):
        raise AddressInUse
    user.password_hash = password_hash
    user.must_change_password = False
    user.version += 1
    sessions.end_all(user)
    links.void(user, TokenPurpose.INVITATION, TokenPurpose.RESET_PASSWORD)
    slowing.clear(slowing.SIGN_IN, user.email)
    audit.record(user, "user.joined", user, name=user.name)
    return user


def _was_invited(user_id: ColumnElement[int] | int) -> ColumnElement[bool]:
    return exists().where(
        AuditEvent.object_kind == "user",
        AuditEvent.object_id == user_id,
        AuditEvent.action == INVITED,
    )
