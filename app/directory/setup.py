"""From an empty database to the first booking: what is done, and what is missing.

Nothing is stored about the set-up itself. It is read from what there is, so it can be left at any
step, gone on with on any day, and done in part on the ordinary pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Select, exists, or_, select
from sqlalchemy.orm import joinedload, selectinload

from app.clinic import settings
from app.extensions import db
from app.models import (
    AuditEvent,
    Doctor,
    Location,
    Specialty,
    User,
    VisitType,
    WorkingHours,
)


class Step(StrEnum):
    """The steps, in the order in which each has what it needs."""

    CLINIC = "clinic"
    LOCATION = "location"
    SPECIALTY = "specialty"
    VISIT_TYPE = "visit type"
    DOCTOR = "doctor"
    OFFER = "offer"
    HOURS = "hours"
    PUBLISH = "publish"


NEEDS: dict[Step, frozenset[Step]] = {
    Step.OFFER: frozenset({Step.SPECIALTY, Step.VISIT_TYPE, Step.DOCTOR}),
    Step.HOURS: frozenset({Step.LOCATION, Step.DOCTOR}),
    Step.PUBLISH: frozenset({Step.OFFER, Step.HOURS}),
}


@dataclass(frozen=True, slots=True)
class Progress:
    """What is done; `doctor` is the one who is to be published, or was."""

    done: frozenset[Step]
    doctor: Doctor | None

    @property
    def next(self) -> Step | None:
        """The first step that is left, or nothing when the clinic can be booked."""
        return next((step for step in Step if step not in self.done), None)

    @property
    def is_finished(self) -> bool:
        return self.next is None

    def is_open(self, step: Step) -> bool:
        """Whether a step has all that it builds on."""
        return NEEDS.get(step, frozenset()) <= self.done


def is_needed() -> bool:
    """Whether nobody can be booked, and nobody ever could: the clinic is being set up."""
    published = exists().where(Doctor.is_published)
    once = exists().where(AuditEvent.action == "doctor.published")
    return not db.session.scalar(select(or_(published, once)))


def progress() -> Progress:
    """How far the clinic has come."""
    doctor = first_doctor()
    facts = {
        Step.CLINIC: settings.is_named(),
        Step.LOCATION: _is_any(select(Location.id)),
        Step.SPECIALTY: _is_any(select(Specialty.id)),
        Step.VISIT_TYPE: _is_any(select(VisitType.id).where(VisitType.is_active)),
    }
    if doctor is not None:
        hours = select(WorkingHours.id).where(WorkingHours.doctor_id == doctor.id)
        offered = any(kind.is_active for kind in doctor.visit_types)
        facts |= {
            Step.DOCTOR: doctor.approved_at is not None,
            Step.OFFER: bool(doctor.specialties and offered),
            Step.HOURS: _is_any(hours),
            Step.PUBLISH: doctor.is_published,
        }
    return Progress(frozenset(step for step, is_done in facts.items() if is_done), doctor)


def first_doctor() -> Doctor | None:
    """The doctor whom the set-up is about: the one who has come farthest."""
    query = (
        select(Doctor)
        .options(
            joinedload(Doctor.user),
            selectinload(Doctor.specialties),
            selectinload(Doctor.visit_types),
            selectinload(Doctor.spoken),
        )
        .join(Doctor.user)
        .where(User.is_active)
        .order_by(Doctor.is_published.desc(), Doctor.approved_at.is_(None), Doctor.id)
    )
    return db.session.scalars(query.limit(1)).one_or_none()


def _is_any(query: Select[int]) -> bool:
    return db.session.scalar(query.limit(1)) is not None
