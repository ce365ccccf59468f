"""Calendar feeds: somebody's own visits at a secret address that calendars read by themselves.

The address is signed and names its owner and a number. The number stands with the owner too; a
feed lives while both are the same. A new number is drawn, never counted, so that an address that
was given up once stays dead for good.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, or_, select
from sqlalchemy.orm import aliased

from app.clinic import audit, revision, settings
from app.clinic.settings import ClinicSettings
from app.errors import ChangedMeanwhile, NotAllowed
from app.extensions import db
from app.messaging import feed_file
from app.messaging.calendar_file import status_word, uid_of
from app.messaging.feed_file import Entry
from app.models import (
    Appointment,
    Doctor,
    Location,
    Patient,
    Revision,
    Role,
    User,
    VisitMode,
    VisitType,
)
from app.models import AppointmentStatus as Status
from app.signing import Purpose, Signer
from app.transaction import transactional

OFF = 0
LARGEST = 2**31 - 1
LOOKS_BACK = timedelta(days=90)
SHOWS_CANCELLED = timedelta(days=7)  # after their time, so that every calendar has dropped them
REFRESH = timedelta(hours=1)
SHAPE = 1  # of the files; a release that writes them otherwise counts on
NEVER_SHOWN = (Status.HELD, Status.EXPIRED)
HAVE_FEEDS = frozenset({Role.PATIENT, Role.DOCTOR})


@dataclass(frozen=True, slots=True)
class Feed:
    """What one address holds at an instant. Equal `tag`s, equal files."""

    tag: str
    role: Role
    with_names: bool
    clinic: ClinicSettings
    visits: Sequence[Any]

    def file(self, base_url: str) -> bytes:
        """The feed as a calendar file, its links beginning with `base_url`."""
        entry = _for_doctor if self.role is Role.DOCTOR else _for_patient
        entries = (entry(self, visit, base_url) for visit in self.visits)
        return feed_file.written(f"Visits · {self.clinic.name}", entries, REFRESH)


def path_of(user: User, signer: Signer) -> str | None:
    """The secret path of somebody's feed, from the site's root; None while it is off."""
    if user.role not in HAVE_FEEDS or user.feed_number == OFF:
        return None
    token = signer.token(Purpose.CALENDAR_FEED, f"{user.ref}:{user.feed_number}")
    return f"/calendar/{token}.ics"


def feed_of(token: str, signer: Signer, at: datetime) -> Feed | None:
    """What the address with this token holds at an instant; None for one that is forged or given
    up, and for an owner who has no visits, whose account is closed, or who has to choose a new
    password first."""
    subject = signer.subject(Purpose.CALENDAR_FEED, token, at)
    if subject is None:
        return None
    ref, _, number = subject.partition(":")
    found = db.session.execute(_owner(ref, int(number))).one_or_none()
    if found is None:
        return None
    role, doctor_id, with_names, patient_id, schedule = found
    if role is Role.DOCTOR:
        whose = Appointment.doctor_id == doctor_id
    else:
        whose = Appointment.patient_id == patient_id
    visits = db.session.execute(_visits.where(whose, *_shown(at))).all()
    clinic = settings.current(schedule)
    tag = _tag(SHAPE, role.value, with_names, clinic.name, *visits)
    return Feed(tag, role, bool(with_names), clinic, visits)


@transactional
def renew(user: User, *, seen: int) -> None:
    """Give somebody's feed a new address; the one it had is dead at once. `seen` is the number
    that they have seen. Raises NotAllowed for somebody who has no visits, ChangedMeanwhile."""
    _lock(user, seen)
    action = "user.feed_made" if user.feed_number == OFF else "user.feed_renewed"
    user.feed_number = 1 + secrets.randbelow(LARGEST)
    audit.record(user, action, user, name=user.name)


@transactional
def turn_off(user: User, *, seen: int) -> None:
    """Let no address hold somebody's visits any more. Raises NotAllowed, ChangedMeanwhile."""
    _lock(user, seen)
    if user.feed_number != OFF:
        user.feed_number = OFF
        audit.record(user, "user.feed_turned_off", user, name=user.name)


@transactional
def show_names(doctor: Doctor, shown: bool, *, seen: bool) -> None:
    """Let a doctor's feed name their patients, or not. `seen` is what the doctor has seen it do.
    Raises ChangedMeanwhile."""
    db.session.refresh(doctor, with_for_update=True)
    if doctor.names_in_feed is shown:
        return
    if doctor.names_in_feed is not seen:
        raise ChangedMeanwhile
    before, doctor.names_in_feed = doctor.names_in_feed, shown
    audit.record(
        doctor.user,
        "doctor.names_in_feed",
        doctor,
        name=doctor.name,
        before={"names_in_feed": before},
        after={"names_in_feed": shown},
    )


def _lock(user: User, seen: int) -> None:
    db.session.refresh(user, with_for_update=True)
    if user.role not in HAVE_FEEDS:
        raise NotAllowed
    if user.feed_number != seen:
        raise ChangedMeanwhile


def _owner(ref: str, number: int) -> Any:
    """Who may have a feed read, and the schedule's revision, by which settings are remembered."""
    return (
        select(User.role, Doctor.id, Doctor.names_in_feed, Patient.id, Revision.value)
        .select_from(User)
        .join(Revision, Revision.name == revision.SCHEDULE)
        .outerjoin(Doctor, Doctor.user_id == User.id)
        .outerjoin(Patient, Patient.user_id == User.id)
        .where(
            User.ref == ref,
            User.feed_number == number,
            User.feed_number != OFF,
            User.role.in_(HAVE_FEEDS),
            User.is_active,
            User.must_change_password.is_(False),
        )
    )


_doctors, _patients = aliased(User), aliased(User)
_visits = (
    select(
        Appointment.ref,
        Appointment.calendar_sequence.label("sequence"),
        Appointment.status,
        Appointment.starts_at,
        Appointment.ends_at,
        Appointment.created_at,
        Appointment.arranged_at,
        Appointment.mode,
        VisitType.name.label("kind"),
        VisitType.preparation,
        Location.name.label("place"),
        Location.address,
        Location.city,
        Location.directions,
        Doctor.title,
        _doctors.name.label("doctor"),
        _patients.name.label("patient"),
    )
    .select_from(Appointment)
    .join(VisitType, VisitType.id == Appointment.visit_type_id)
    .join(Location, Location.id == Appointment.location_id)
    .join(Doctor, Doctor.id == Appointment.doctor_id)
    .join(_doctors, _doctors.id == Doctor.user_id)
    .join(Patient, Patient.id == Appointment.patient_id)
    .join(_patients, _patients.id == Patient.user_id)
    .order_by(Appointment.starts_at, Appointment.id)
)


def _shown(at: datetime) -> tuple[Any, ...]:
    """All that is ahead, and a while back; less of what is cancelled."""
    return (
        Appointment.starts_at > at - LOOKS_BACK,
        Appointment.status.not_in(NEVER_SHOWN),
        or_(Appointment.status != Status.CANCELLED, Appointment.ends_at > at - SHOWS_CANCELLED),
    )


def _tag(*parts: object) -> str:
    digest = hashlib.blake2b(digest_size=12)
    for part in parts:
        digest.update(repr(part).encode())
    return digest.hexdigest()


def _for_patient(feed: Feed, visit: Row[Any], base_url: str) -> Entry:
    """With whom and where; the reason stays out, because calendars are often shared."""
    address = f"{base_url}/appointment-details/{visit.ref}/"
    directions = "" if visit.mode is VisitMode.ONLINE else visit.directions
    notes = (feed.clinic.name, directions, visit.preparation, f"Reference {visit.ref}", address)
    with_whom = f"{visit.title} {visit.doctor}".strip()
    return _entry(visit, f"{visit.kind} with {with_whom}", notes, address, base_url)


def _for_doctor(feed: Feed, visit: Row[Any], base_url: str) -> Entry:
    """The visit, and who comes only where the doctor wants to have it there."""
    address = f"{base_url}/board/visit/{visit.ref}/"
    who = visit.patient if feed.with_names else "Visit"
    notes = (f"Reference {visit.ref}", address)
    return _entry(visit, f"{who} ({visit.kind})", notes, address, base_url)


def _entry(
    visit: Row[Any], title: str, notes: tuple[str, ...], address: str, base_url: str
) -> Entry:
    is_online = visit.mode is VisitMode.ONLINE
    return Entry(
        uid=uid_of(visit.ref, base_url),
        sequence=visit.sequence,
        status=status_word(visit.status),
        settled_at=visit.arranged_at or visit.created_at,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        title=title,
        place="Online" if is_online else f"{visit.place}, {visit.address}, {visit.city}",
        notes=notes,
        address=address,
    )
