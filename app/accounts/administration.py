"""What admins do with accounts: give and take the admin's role, close and open them, end their
sessions, and ask for a new password."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import joinedload

from app.accounts import links, registration, sessions
from app.accounts.sessions import hash_of
from app.clinic import audit
from app.errors import ChangedMeanwhile, ClinicError, NotAllowed, NotFound
from app.extensions import db
from app.messaging import outbox
from app.models import Appointment, MessageKind, Patient, Role, TokenPurpose, User
from app.models import AppointmentStatus as Status
from app.transaction import transactional

DOCTORS_STAY = (
    "Doctors keep their role, since their hours, their page and their visits hang on it. Close the "
    "account, or invite the person under another e-mail address."
)
VISITS_FIRST = (
    "This patient has appointments that are not over, and an admin has none. Cancel them or see "
    "them through first."
)
NOT_OVER = (Status.REQUESTED, Status.CONFIRMED, Status.ARRIVED, Status.IN_CONSULTATION)


class NotOneself(ClinicError):
    sentence = (
        "You cannot do this to your own account. Another admin has to, so that one always stays."
    )


class NotSensible(ClinicError):
    """A change of role that has no meaning here; the sentence says why."""


def user_of(ref: str) -> User:
    """The user of that reference, with what they are. Raises NotFound."""
    user = db.session.scalars(
        select(User)
        .options(joinedload(User.doctor), joinedload(User.patient))
        .where(User.ref == ref)
    ).one_or_none()
    if user is None:
        raise NotFound("We could not find that user.")
    return user


def may_become(user: User) -> Role | None:
    """The role that an admin may give this user, if `why_role_stays` says nothing: patients become
    admins and go back. Doctors become doctors by their own sign-up, with a licence."""
    return {Role.PATIENT: Role.ADMIN, Role.ADMIN: Role.PATIENT}.get(user.role)


def why_role_stays(user: User) -> str | None:
    """Why nobody can give this user another role as things stand, in a sentence; or nothing."""
    if user.role is Role.DOCTOR:
        return DOCTORS_STAY
    if user.role is Role.ADMIN:
        return None
    if not (user.is_active and user.is_confirmed):
        return "Only an active account with a confirmed e-mail address can be an admin."
    return VISITS_FIRST if user.patient and _has_visits(user.patient) else None


@transactional
def set_role(user: User, role: Role, actor: User, *, version: int) -> None:
    """Give a user another role and end their sessions, so that the next one starts with it.

    Raises NotAllowed, NotOneself, NotSensible, ChangedMeanwhile.
    """
    _lock(user, actor, version)
    before = user.role
    if user.patient:  # whoever is just booking for them comes first
        db.session.refresh(user.patient, with_for_update=True)
    if reason := why_role_stays(user):
        raise NotSensible(reason)
    if may_become(user) is not role:
        raise NotSensible(f"This account cannot become {_a(role)}.")
    if role is Role.PATIENT and user.patient is None:
        registration.add_patient(user)
    user.role = role
    user.version += 1
    sessions.end_all(user)
    _record(actor, "user.role", user, {"role": before.value}, {"role": role.value})


@transactional
def set_active(user: User, is_active: bool, actor: User, *, version: int, reason: str = "") -> None:
    """Close an account, which ends its sessions at once, or open it again. Appointments stay.

    Raises NotAllowed, NotOneself, ChangedMeanwhile.
    """
    _lock(user, actor, version)
    if user.is_active is is_active:
        raise ChangedMeanwhile
    if not is_active:
        sessions.end_all(user)
    user.is_active = is_active
    user.version += 1
    before, after = {"is_active": not is_active}, {"is_active": is_active}
    _record(actor, "user.active", user, before, after, reason.strip()[:500])


@transactional
def end_sessions(user: User, actor: User, *, version: int) -> int:
    """Log somebody out everywhere; how many browsers that were. Raises NotAllowed, NotOneself,
    ChangedMeanwhile."""
    _lock(user, actor, version)
    ended = len(sessions.open_sessions(user))
    sessions.end_all(user)
    user.version += 1
    _record(actor, "user.sessions_ended", user, {"sessions": ended}, {"sessions": 0})
    return ended


@transactional
def ask_for_new_password(user: User, actor: User, *, version: int) -> None:
    """Let somebody do nothing more until they have chosen another password, and mail them a link
    for it. Raises NotAllowed, NotOneself, NotSensible, ChangedMeanwhile."""
    _lock(user, actor, version)
    if not user.is_active:
        raise NotSensible("This account is closed. Open it again first.")
    if not user.email:
        raise NotSensible("This account has no e-mail address to which we could mail a link.")
    before = {"must_change_password": user.must_change_password}
    user.must_change_password = True
    user.version += 1
    token = links.issue(user, TokenPurpose.RESET_PASSWORD)
    key = f"reset:{hash_of(token)}"
    outbox.put(MessageKind.RESET_PASSWORD, user, key, details={"token": token, "by": actor.name})
    _record(actor, "user.password_asked", user, before, {"must_change_password": True})


def lock_admins() -> None:
    """Let nobody else who locks all admins go on until the present transaction ends."""
    admins = select(User.id).where(User.role == Role.ADMIN).order_by(User.id).with_for_update()
    db.session.scalars(admins).all()


def of_an_admin(actor: User) -> None:
    """Lock all admins, in the present transaction, and see that the actor is one who is active.
    Raises NotAllowed."""
    lock_admins()
    db.session.refresh(actor)
    if actor.role is not Role.ADMIN or not actor.is_active:
        raise NotAllowed


def _lock(user: User, actor: User, version: int) -> None:
    """Lock all admins and the user, in this order everywhere, and check what the actor has seen.

    One active admin always stays: nobody does this to themselves, and who does it to another is
    an active admin. Two who close each other's accounts at the same moment come one after the
    other, and the second is no admin any more.
    """
    if actor.id == user.id:
        raise NotOneself
    of_an_admin(actor)
    db.session.refresh(user, with_for_update=True)
    if user.version != version:
        raise ChangedMeanwhile


def _has_visits(patient: Patient) -> bool:
    """Whether something is booked for the patient, or under way."""
    theirs = exists().where(Appointment.patient_id == patient.id, Appointment.status.in_(NOT_OVER))
    return bool(db.session.scalar(select(theirs)))


def _record(
    actor: User,
    action: str,
    user: User,
    before: dict[str, Any],
    after: dict[str, Any],
    reason: str = "",
) -> None:
    audit.record(actor, action, user, name=user.name, before=before, after=after, reason=reason)


def _a(role: Role) -> str:
    return {Role.ADMIN: "an admin", Role.DOCTOR: "a doctor", Role.PATIENT: "a patient"}[role]
