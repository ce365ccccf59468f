"""Who holds a time before it is booked, and what of the appointments is theirs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import joinedload

from app import clock
from app.extensions import db
from app.models import Appointment, Doctor, Patient, User
from app.models import AppointmentStatus as Status


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds: a patient if signed in, and the browser (by a secret token of its own).

    `address` stands for where the request came from: a keyed hash, from which nobody reads it.
    """

    browser: str
    patient: Patient | None = None
    address: str = ""

    @property
    def browser_hash(self) -> str:
        return hashlib.sha256(f"browser:{self.browser}".encode()).hexdigest()

    def scoped(self, key: str) -> str:
        """A booking key as it is stored: another holder's equal key is another key."""
        whose = f"patient:{self.patient.id}" if self.patient else f"browser:{self.browser}"
        return hashlib.sha256(f"{whose}:{key}".encode()).hexdigest()

    @property
    def user(self) -> User | None:
        return self.patient.user if self.patient else None


def held_by(holder: Holder) -> Appointment | None:
    """The time that the holder holds at this moment."""
    alive = Appointment.hold_expires_at > clock.database_now()
    whole = (
        joinedload(Appointment.doctor).joinedload(Doctor.user),
        joinedload(Appointment.visit_type),
        joinedload(Appointment.location),
    )
    return db.session.scalars(_owned_by(holder).options(*whole).where(alive)).first()


def holds_or_knows(holder: Holder, stored_key: str) -> bool:
    """Whether the holder holds a time, or has used the key before; in one narrow query."""
    alive = Appointment.hold_expires_at > clock.database_now()
    known = select(Appointment.id).where(Appointment.booking_key == stored_key)
    held = select(Appointment.id).where(Appointment.status == Status.HELD, _mine(holder), alive)
    return db.session.execute(known.union_all(held).limit(1)).first() is not None


def by_key(stored_key: str) -> Appointment | None:
    """What has been made with a booking key."""
    return db.session.scalars(
        select(Appointment).where(Appointment.booking_key == stored_key)
    ).first()


def all_held_by(holder: Holder) -> list[Appointment]:
    """What the holder holds, over or not, the latest first."""
    return list(db.session.scalars(_owned_by(holder)).all())


def _owned_by(holder: Holder) -> Select[Appointment]:
    return (
        select(Appointment)
        .where(Appointment.status == Status.HELD, _mine(holder))
        .order_by(Appointment.id.desc())
    )


def _mine(holder: Holder) -> ColumnElement[bool]:
    """A browser's hold is its own while it is nobody's; then it is the patient's alone."""
    mine = and_(Appointment.holder_hash == holder.browser_hash, Appointment.patient_id.is_(None))
    if holder.patient is None:
        return mine
    return or_(mine, Appointment.patient_id == holder.patient.id)


def any_of(holder: Holder, ref: str) -> Select[Appointment]:
    """The query for one appointment that is, or was, the holder's, in whatever status."""
    return select(Appointment).where(Appointment.ref == ref, _mine(holder))
