"""From a doctor's sign-up to the public's list: an admin approves, then publishes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import joinedload, selectinload

from app import clock
from app.accounts import names
from app.clinic import audit
from app.errors import ChangedMeanwhile, ClinicError, NotAllowed, NotFound
from app.extensions import db
from app.messaging import outbox
from app.models import Doctor, MessageKind, Role, User, WorkingHours
from app.paging import Page, page_of
from app.transaction import transactional


class Standing(StrEnum):
    """Where a doctor stands on the way to the public."""

    WAITING = "waiting"
    PUBLISHED = "published"
    HIDDEN = "hidden"


CONDITIONS: dict[Standing, ColumnElement[bool]] = {
    Standing.WAITING: Doctor.approved_at.is_(None),
    Standing.PUBLISHED: Doctor.approved_at.is_not(None) & Doctor.is_published.is_(True),
    Standing.HIDDEN: Doctor.approved_at.is_not(None) & Doctor.is_published.is_(False),
}


class Sort(StrEnum):
    """What doctors may be ordered by; a leading minus turns it round."""

    NAME = "name"
    NAME_DOWN = "-name"
    NEWEST = "-since"
    OLDEST = "since"


class NoLicence(ClinicError):
    status = 422


class NotComplete(ClinicError):
    """A doctor whom nobody could find or book; `missing` says what is not there yet."""

    def __init__(self, missing: Sequence[str]) -> None:
        self.missing = tuple(missing)
        super().__init__(f"This doctor cannot be published yet. Missing: {', '.join(missing)}.")


class NotApproved(ClinicError):
    sentence = "A doctor is approved first, and published then."


@dataclass(frozen=True, slots=True)
class Candidate:
    """A doctor, and what is missing before the public can find and book them."""

    doctor: Doctor
    missing: tuple[str, ...]

    @property
    def standing(self) -> Standing:
        if self.doctor.approved_at is None:
            return Standing.WAITING
        return Standing.PUBLISHED if self.doctor.is_published else Standing.HIDDEN


def doctor_of(ref: str) -> Doctor:
    """Any doctor, published or not, for the clinic's admins. Raises NotFound."""
    doctor = db.session.scalars(_whole().where(Doctor.ref == ref)).one_or_none()
    if doctor is None:
        raise NotFound("We could not find that doctor.")
    return doctor


def candidate_of(ref: str) -> Candidate:
    """A doctor with what is missing. Raises NotFound."""
    return _candidates([doctor_of(ref)])[0]


def waiting() -> int:
    """How many doctors wait for approval."""
    return db.session.scalar(select(func.count()).where(CONDITIONS[Standing.WAITING])) or 0


def counts() -> dict[Standing, int]:
    """How many doctors stand where."""
    columns = [func.count(case((condition, 1))) for condition in CONDITIONS.values()]
    row = db.session.execute(select(*columns).select_from(Doctor)).one()
    return dict(zip(CONDITIONS, row, strict=True))


def usual_sort(standing: Standing) -> Sort:
    """The longest waiting first, the others by name."""
    return Sort.OLDEST if standing is Standing.WAITING else Sort.NAME


def find(
    standing: Standing, page: int, *, search: str = "", sort: Sort | None = None
) -> Page[Candidate]:
    """A page of the doctors who stand there, those whose name or licence number holds what is
    searched for."""
    query = _whole().join(Doctor.user).where(CONDITIONS[standing])
    if search.strip():
        query = query.where(
            User.name.icontains(search.strip(), autoescape=True)
            | Doctor.licence_number.icontains(search.strip(), autoescape=True)
        )
    sort = sort or usual_sort(standing)
    columns: list[ColumnElement[Any]] = [Doctor.id.expression]
    if sort in {Sort.NAME, Sort.NAME_DOWN}:
        columns.insert(0, User.name.expression)
    order = [one.desc() for one in columns] if sort.value.startswith("-") else columns
    found = page_of(query, Doctor.id.expression, order, page)
    return Page(_candidates(found.rows), found.number, found.total, is_more=found.is_more)


@transactional
def approve(doctor: Doctor, actor: User, *, licence_number: str, version: int) -> None:
    """Accept a doctor into the clinic under the licence number that the admin has checked, and
    tell them. Raises NoLicence, NotAllowed, ChangedMeanwhile."""
    _lock(doctor, actor, version)
    if doctor.approved_at is not None:
        raise ChangedMeanwhile
    if complaint := names.complaint_about_licence(licence_number):
        raise NoLicence(complaint)
    before = {"approved_at": None, "licence_number": doctor.licence_number}
    doctor.licence_number = licence_number
    doctor.approved_at = clock.now()
    doctor.version += 1
    audit.record(
        actor,
        "doctor.approved",
        doctor,
        name=doctor.name,
        before=before,
        after={
            "approved_at": doctor.approved_at.isoformat(timespec="seconds"),
            "licence_number": doctor.licence_number,
        },
    )
    outbox.put(MessageKind.DOCTOR_APPROVED, doctor.user, f"doctor_approved:{doctor.id}")


@transactional
def publish(doctor: Doctor, actor: User, *, version: int) -> None:
    """Show a doctor to the public. Raises NotApproved, NotComplete, NotAllowed,
    ChangedMeanwhile."""
    _lock(doctor, actor, version)
    if doctor.approved_at is None:
        raise NotApproved
    if missing := _candidates([doctor])[0].missing:
        raise NotComplete(missing)
    _set_published(doctor, actor, True)


@transactional
def unpublish(doctor: Doctor, actor: User, *, version: int) -> None:
    """Hide a doctor from the public; their appointments stay. Raises NotAllowed,
    ChangedMeanwhile."""
    _lock(doctor, actor, version)
    _set_published(doctor, actor, False)


def _set_published(doctor: Doctor, actor: User, is_published: bool) -> None:
    if doctor.is_published is is_published:
        raise ChangedMeanwhile
    doctor.is_published = is_published
    doctor.version += 1
    audit.record(
        actor,
        "doctor.published" if is_published else "doctor.unpublished",
        doctor,
        name=doctor.name,
        before={"is_published": not is_published},
        after={"is_published": is_published},
    )


def _lock(doctor: Doctor, actor: User, version: int) -> None:
    db.session.refresh(actor)
    if actor.role is not Role.ADMIN or not actor.is_active:
        raise NotAllowed
    db.session.refresh(doctor, with_for_update=True)
    if doctor.version != version:
        raise ChangedMeanwhile


def _candidates(doctors: Sequence[Doctor]) -> list[Candidate]:
    ids = [doctor.id for doctor in doctors]
    hours = select(WorkingHours.doctor_id).where(WorkingHours.doctor_id.in_(ids)).distinct()
    have_hours = set(db.session.scalars(hours))
    return [Candidate(doctor, tuple(_missing(doctor, have_hours))) for doctor in doctors]


def _missing(doctor: Doctor, have_hours: set[int]) -> list[str]:
    missing = []
    if not doctor.specialties:
        missing.append("a specialty")
    if not any(visit_type.is_active for visit_type in doctor.visit_types):
        missing.append("a visit type")
    if doctor.id not in have_hours:
        missing.append("working hours")
    if not doctor.user.is_active:
        missing.append("an active account")
    return missing


def _whole() -> Select[Doctor]:
    return select(Doctor).options(
        joinedload(Doctor.user), selectinload(Doctor.specialties), selectinload(Doctor.visit_types)
    )
