"""New accounts: patients, and doctors who then wait for an admin's approval.

Whoever registers is let in at once, and the address is nobody's until it is confirmed. With a
stranger's address all goes the same way and takes the same time; only the mail differs, and that
goes to its owner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from app.accounts import addresses, confirmation, passwords
from app.clinic import audit
from app.extensions import db
from app.models import (
    Calendar,
    CalendarKind,
    Doctor,
    DoctorLanguage,
    Patient,
    Role,
    Specialty,
    User,
)
from app.models.reference import new_ref
from app.transaction import transactional


@dataclass(frozen=True, slots=True)
class Person:
    """What everybody says of themselves who registers. `password` is as they typed it."""

    name: str
    email: str
    password: str


@dataclass(frozen=True, slots=True)
class Practice:
    """What a doctor adds: specialties by their slugs, languages by their ISO 639-1 codes."""

    title: str
    licence_number: str
    specialties: Sequence[str]
    languages: Sequence[str]


def register_patient(person: Person, phone: str = "") -> User:
    """A new patient's account, with its address unconfirmed. Raises NotAnAddress."""
    user = _new_user(person, Role.PATIENT)
    return _store(user, phone=phone)


def register_doctor(person: Person, practice: Practice) -> User:
    """A new doctor's account: unconfirmed, not approved and shown to nobody. Raises
    NotAnAddress."""
    user = _new_user(person, Role.DOCTOR)
    return _store(user, practice=practice)


def specialties_offered() -> Sequence[Specialty]:
    """What a doctor may say they practise."""
    return db.session.scalars(select(Specialty).order_by(Specialty.name)).all()


def _new_user(person: Person, role: Role) -> dict[str, object]:
    """The columns, made before the transaction: hashing is slow, and a replay finds the same
    reference again."""
    return {
        "ref": new_ref(),
        "email": addresses.normalised(person.email),
        "name": person.name,
        "role": role,
        "password_hash": passwords.hash_of(person.password),
    }


@transactional
def _store(
    columns: dict[str, object], *, phone: str = "", practice: Practice | None = None
) -> User:
    stored = db.session.scalars(select(User).where(User.ref == columns["ref"])).one_or_none()
    if stored is not None:  # by a try whose end we did not hear of
        return stored
    user = User(**columns)
    db.session.add(user)
    db.session.flush()
    if practice is None:
        add_patient(user, phone)
    else:
        add_doctor(user, practice)
    audit.record(user, "user.registered", user, name=user.name, after={"role": user.role.value})
    confirmation.send(user)
    return user


def add_patient(user: User, phone: str = "") -> None:
    """Let a user have appointments, in the present transaction."""
    calendar = _new_calendar(CalendarKind.PATIENT)
    user.patient = Patient(user_id=user.id, calendar_id=calendar.id, phone=phone or None)


def add_doctor(user: User, practice: Practice) -> Doctor:
    """Let a user see patients, once they are approved; in the present transaction."""
    calendar = _new_calendar(CalendarKind.DOCTOR)
    chosen = select(Specialty).where(Specialty.slug.in_(practice.specialties))
    doctor = Doctor(
        user_id=user.id,
        calendar_id=calendar.id,
        title=practice.title,
        licence_number=practice.licence_number,
        specialties=list(db.session.scalars(chosen)),
        spoken=[DoctorLanguage(language=code) for code in sorted(set(practice.languages))],
    )
    db.session.add(doctor)
    db.session.flush()
    return doctor


def _new_calendar(kind: CalendarKind) -> Calendar:
    calendar = Calendar(kind=kind)
    db.session.add(calendar)
    db.session.flush()
    return calendar
