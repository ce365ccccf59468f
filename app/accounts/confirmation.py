"""Whose an e-mail address is: proved by a mailed link, decided by a unique key.

A link that proves the address for a fresh account, while an older account already has it, moves
what was booked from the fresh one into the older one: it is the same person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.accounts import links, passwords, sessions, slowing
from app.accounts.sessions import hash_of
from app.clinic import audit
from app.errors import ClinicError
from app.extensions import db
from app.messaging import outbox
from app.models import Appointment, MessageKind, Role, TokenPurpose, User
from app.scheduling import handover
from app.scheduling.handover import Handover
from app.transaction import Overtaken, is_duplicate, transactional


class AddressInUse(ClinicError):
    sentence = (
        "This e-mail address already belongs to another account here, and the two cannot be "
        "joined. Log in to the other one, or call the clinic."
    )


@dataclass(frozen=True, slots=True)
class Proof:
    """What using a link would do: confirm `user`'s address or, where somebody `owner` has it,
    move `visits` into the owner's account and close the user's."""

    user: User
    owner: User | None
    visits: Sequence[Appointment]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What using a link has done."""

    user: User
    owner: User | None = None
    handed_over: Handover | None = None


@transactional
def send(user: User) -> bool:
    """Mail a link to the address of an unconfirmed account, in the present transaction. Somebody
    else who owns the address is told instead. False when enough was mailed there lately."""
    if slowing.admit(slowing.CONFIRM_MAIL, user.email):
        return False
    owner = owner_of(user.email)
    token = links.issue(user, TokenPurpose.CONFIRM_EMAIL)
    kind = MessageKind.CONFIRM_EMAIL if owner is None else MessageKind.ALREADY_REGISTERED
    outbox.put(kind, owner or user, f"confirm:{hash_of(token)}", details={"token": token})
    return True


def owner_of(address: str) -> User | None:
    """The account whose normalised, confirmed address this is."""
    return db.session.scalars(select(User).where(User.confirmed_email == address)).one_or_none()


def proof_of(token: str) -> Proof | None:
    """What a link would do, if it is still good; looking does not use it."""
    user = links.owner_of(token, TokenPurpose.CONFIRM_EMAIL)
    if user is None:
        return None
    owner = owner_of(user.email)
    if owner is None or owner.id == user.id:
        return Proof(user, None, ())
    return Proof(user, owner, handover.coming(user.patient) if user.patient else ())


def knows_password(proof: Proof, password: str) -> bool:
    """Whether somebody who holds the link also chose the account's password. Without this, whoever
    registers with another person's address would own their account once they press the button."""
    return passwords.matches(password, proof.user.password_hash)


@transactional
def confirm(token: str) -> Outcome:
    """Use a link: make the address the account's own, or move its visits to the account that has
    the address. Raises LinkOver, AddressInUse."""
    user = links.use(token, TokenPurpose.CONFIRM_EMAIL)
    if make_own(user):
        return Outcome(user)
    owner = owner_of(user.email)
    if owner is None:
        raise Overtaken  # it was given up in between: look again
    return _merge(user, owner)


def make_own(user: User) -> bool:
    """Give an account its address, in the present transaction; False when another one has it."""
    if user.is_confirmed:
        return True
    if owner_of(user.email) is not None:
        return False
    user.confirmed_email = user.email
    user.version += 1
    try:
        db.session.flush()
    except IntegrityError as fault:
        if is_duplicate(fault, "confirmed_email"):
            raise Overtaken from fault  # another account was confirmed at the same instant
        raise
    after = {"confirmed_email": user.email}
    audit.record(user, "user.confirmed", user, name=user.name, after=after)
    return True


def _merge(user: User, owner: User) -> Outcome:
    patients = user.role is Role.PATIENT and owner.role is Role.PATIENT
    if not (patients and user.patient and owner.patient and owner.is_active):
        raise AddressInUse
    handed_over = handover.hand_over(user.patient, owner.patient)
    user.is_active = False
    user.version += 1
    sessions.end_all(user)
    links.void(user, *TokenPurpose)
    audit.record(
        owner,
        "user.merged",
        user,
        name=user.name,
        before={"is_active": True},
        after={"is_active": False, "into": owner.ref, "visits": len(handed_over.taken)},
    )
    return Outcome(user, owner, handed_over)
