"""Finding the patient for whom somebody at the desk books.

Admins find every patient. A doctor finds those who have, or had, an appointment with them, those
whom they have made an account for, and anybody whose exact e-mail address they were told.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, and_, false, func, literal, or_, select
from sqlalchemy.orm import contains_eager

from app.errors import NotAllowed, NotFound
from app.extensions import db
from app.models import Appointment, AuditEvent, Patient, Role, User
from app.models import AppointmentStatus as Status

MOST = 20
LONGEST_SEARCH = 80
FEWEST_DIGITS = 5
LIKE_ESCAPE = "!"
PHONE = re.compile(r"\+?[0-9 ()/.-]+", re.ASCII)
AFTER_ALL_TEXT = "\U0010ffff"
PHONE_SIGNS = " ()/.-"


def find(actor: User, search: str, most: int = MOST) -> Sequence[Patient]:
    """The first patients, in order of name, whom the actor may book for and whose name, e-mail or
    telephone number fits what was typed. Raises NotAllowed."""
    typed = search.strip()[:LONGEST_SEARCH]
    if not typed:
        return ()
    is_address = "@" in typed
    order = [User.email if is_address else User.name, Patient.id]  # the email's index helps it
    fitting = _within_reach(actor).where(_matches(typed)).order_by(*order).limit(most)
    named = _patients().where(_has_address(typed)).order_by(Patient.id).limit(most)
    found = [*db.session.scalars(named)] if is_address else []
    return list(dict.fromkeys([*found, *db.session.scalars(fitting)]))[:most]


def one(actor: User, ref: str, email: str = "") -> Patient:
    """The patient whose account has that reference, if the actor may book for them; `email` is the
    address by which they were found. Raises NotFound, NotAllowed."""
    is_it = User.ref == ref
    patient = db.session.scalars(_within_reach(actor).where(is_it)).one_or_none()
    if patient is None and email:
        patient = db.session.scalars(_patients().where(is_it, _has_address(email))).one_or_none()
    if patient is None:
        raise NotFound("We could not find that patient among yours.")
    return patient


def _patients() -> Select[Patient]:
    return (
        select(Patient)
        .join(Patient.user)
        .options(contains_eager(Patient.user))
        .where(User.role == Role.PATIENT, User.is_active)
    )


def _within_reach(actor: User) -> Select[Patient]:
    """The patients of whom the actor knows. It starts from a doctor's own, who are few."""
    if actor.role is Role.ADMIN:
        return _patients()
    if actor.role is not Role.DOCTOR or actor.doctor is None:
        raise NotAllowed
    met = select(Appointment.patient_id).where(
        Appointment.doctor_id == actor.doctor.id,
        Appointment.patient_id.is_not(None),
        Appointment.status.not_in([Status.HELD, Status.EXPIRED]),
    )
    own_newcomers = (
        select(Patient.id)
        .join(AuditEvent, AuditEvent.object_id == Patient.user_id)
        .where(
            AuditEvent.actor_id == actor.id,
            AuditEvent.action.in_(("user.invited", "user.added")),
            AuditEvent.object_kind == "user",
        )
    )
    own = met.union(own_newcomers).subquery("own")
    return _patients().join(own, own.c.patient_id == Patient.id)


def _matches(typed: str) -> ColumnElement[bool]:
    begin = typed.lower()
    by_address = User.email.between(begin, begin + AFTER_ALL_TEXT)
    if "@" in typed:
        return by_address
    digits = re.sub(r"[^0-9]", "", typed)
    if PHONE.fullmatch(typed) and len(digits) >= FEWEST_DIGITS:
        return _bare_phone().contains(digits.lstrip("0") or digits)
    spaced = literal(" ") + func.replace(User.name, "-", " ")
    words = typed.replace("-", " ").split()[:6]
    named = and_(*(spaced.ilike(f"% {_escaped(word)}%", escape=LIKE_ESCAPE) for word in words))
    return or_(by_address, named)


def _has_address(typed: str) -> ColumnElement[bool]:
    """Whoever knows the whole address has been told it by its owner."""
    address = typed.strip().lower()
    return User.email == address if "@" in address else false()


def _bare_phone() -> ColumnElement[str]:
    """A telephone number without what people put between its digits."""
    phone: ColumnElement[str] = func.coalesce(Patient.phone, "")
    for sign in PHONE_SIGNS:
        phone = func.replace(phone, sign, "")
    return phone


def _escaped(word: str) -> str:
    for special in (LIKE_ESCAPE, "%", "_"):
        word = word.replace(special, LIKE_ESCAPE + special)
    return word
