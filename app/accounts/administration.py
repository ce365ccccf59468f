"""What admins do with accounts: find them, give and take the admin's role, close and open them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import joinedload

from app.accounts import sessions
from app.clinic import audit
from app.errors import ChangedMeanwhile, ClinicError, NotAllowed, NotFound
from app.extensions import db
from app.models import Calendar, CalendarKind, Patient, Role, User
from app.paging import Page, page_of
from app.transaction import transactional

SCANNED = 200_000
AFTER_ALL_TEXT = "\U0010ffff"
LIKE_ESCAPE = "!"


class NotOneself(ClinicError):
    sentence = (
        "You cannot do this to your own account. Another admin has to, so that one always stays."
    )


class NotSensible(ClinicError):
    """A change of role that has no meaning here; the sentence says why."""


class State(StrEnum):
    ACTIVE = "active"
    INACTIVE = "inactive"
    UNCONFIRMED = "unconfirmed"


class Sort(StrEnum):
    """What a list of users may be ordered by; a leading minus turns it round."""

    NAME = "name"
    NAME_DOWN = "-name"
    EMAIL = "email"
    EMAIL_DOWN = "-email"
    NEWEST = "-created"
    OLDEST = "created"


COLUMNS: dict[str, ColumnElement[Any]] = {
    "name": User.name.expression,
    "email": User.email.expression,
    "created": User.created_at.expression,
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which users are looked for; what is empty does not narrow."""

    search: str = ""
    role: Role | None = None
    state: State | None = None
    sort: Sort = Sort.NAME


def find_users(wanted: Wanted, page: int) -> Page[User]:
    """A page of the users that are wanted."""
    query = select(User)
    if wanted.search.strip():
        query = query.where(_matches(wanted.search))
    if wanted.role is not None:
        query = query.where(User.role == wanted.role)
    if wanted.state is State.UNCONFIRMED:
        query = query.where(User.confirmed_email.is_(None))
    elif wanted.state is not None:
        query = query.where(User.is_active.is_(wanted.state is State.ACTIVE))
    column = COLUMNS[wanted.sort.value.lstrip("-")]
    turned = wanted.sort.value.startswith("-")
    order = [column.desc(), User.id.desc()] if turned else [column, User.id.expression]
    return page_of(query, User.id.expression, order, page)


def ids_matching(search: str, most: int = 200) -> list[int]:
    """The ids of at most so many users whose name or e-mail matches."""
    return list(db.session.scalars(select(User.id).where(_matches(search)).limit(most)))


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
    """The role that an admin may give this user: patients become admins and go back. Doctors
    become doctors by their own sign-up, with a licence, and stay that."""
    return {Role.PATIENT: Role.ADMIN, Role.ADMIN: Role.PATIENT}.get(user.role)


@transactional
def set_role(user: User, role: Role, actor: User, *, version: int) -> None:
    """Give a user another role and end their sessions, so that the next one starts with it.

    Raises NotAllowed, NotOneself, NotSensible, ChangedMeanwhile.
    """
    _lock(user, actor, version)
    before = user.role
    if may_become(user) is not role:
        raise NotSensible(f"This account cannot become {_a(role)}.")
    if role is Role.ADMIN and not (user.is_active and user.is_confirmed):
        raise NotSensible("Only an active account with a confirmed e-mail address can be an admin.")
    if role is Role.PATIENT and user.patient is None:
        _add_patient(user)
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


def _lock(user: User, actor: User, version: int) -> None:
    """Lock all admins and the user, in this order everywhere, and check what the actor has seen.

    One active admin always stays: nobody does this to themselves, and who does it to another is
    an active admin. Two who close each other's accounts at the same moment come one after the
    other, and the second is no admin any more.
    """
    if actor.id == user.id:
        raise NotOneself
    admins = select(User.id).where(User.role == Role.ADMIN).order_by(User.id).with_for_update()
    db.session.scalars(admins).all()
    for person in (actor, user):
        db.session.refresh(person, with_for_update=person is user)
    if actor.role is not Role.ADMIN or not actor.is_active:
        raise NotAllowed
    if user.version != version:
        raise ChangedMeanwhile


def _add_patient(user: User) -> None:
    calendar = Calendar(kind=CalendarKind.PATIENT)
    db.session.add(calendar)
    db.session.flush()
    user.patient = Patient(user_id=user.id, calendar_id=calendar.id)


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


def _matches(search: str) -> ColumnElement[bool]:
    """Users whose e-mail begins with what was typed, or whose name has words that begin so.

    The beginning of an e-mail is a range of its index. A word in the middle of a name has no
    index, so names are read one after the other, but never more than SCANNED of them, the newest:
    a tenth of a second; a clinic with more people than that finds the older ones by e-mail.
    """
    typed = search.strip()
    newest = select(func.max(User.id)).scalar_subquery()
    words = [_word_begins(word) for word in typed.split()[:6]]
    return or_(
        User.email.between(typed.lower(), typed.lower() + AFTER_ALL_TEXT),
        User.email.between(typed, typed + AFTER_ALL_TEXT),
        and_(User.id > newest - SCANNED, *words),
    )


def _word_begins(word: str) -> ColumnElement[bool]:
    begin = word
    for special in (LIKE_ESCAPE, "%", "_"):
        begin = begin.replace(special, LIKE_ESCAPE + special)
    return or_(
        User.name.ilike(f"{begin}%", escape=LIKE_ESCAPE),
        *(User.name.ilike(f"%{gap}{begin}%", escape=LIKE_ESCAPE) for gap in (" ", "-")),
    )
