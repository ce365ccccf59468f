"""What somebody at the desk has chosen so far: whose calendar, which patient, which visit, when.
The address holds all of it, so that reload, Back and a second tab work."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from flask import Response, abort, make_response, render_template, url_for

from app.clock import instant_of
from app.directory import approvals
from app.directory.facts import DoctorFacts, VisitTypeFacts
from app.doctor.whose import choose, waiting, zone_of
from app.htmx import varies
from app.inputs import a_day, a_tick
from app.models import Doctor, Patient, Role
from app.scheduling import desk_patients, openings
from app.scheduling.openings import Desk, Opening
from app.scheduling.staff_bookings import Wanted
from app.security import me, my_doctor

NOON, EVENING = 12, 17
KEY_LENGTHS = range(8, 65)


@dataclass(frozen=True, slots=True)
class Choices:
    """`email` is the address by which the patient was found, where that was needed."""

    desk: Desk
    doctor: DoctorFacts
    patient: Patient | None
    email: str
    kind: VisitTypeFacts | None
    day: date | None
    tick: int | None

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Choices:
        """The choices that a query or a form makes, its calendar among them. Raises NotFound, or
        the page that says what to do first."""
        return cls.read(*calendar_of(given), given)

    @classmethod
    def read(cls, desk: Desk, doctor: DoctorFacts, given: Mapping[str, str]) -> Choices:
        """The same for a known calendar. Raises NotFound for a patient out of reach."""
        email, ref = given.get("email", ""), given.get("patient", "")
        wanted = given.get("type", "")
        tick = a_tick(given.get("at"))
        zone = zone_of(desk, doctor)
        day = a_day(given.get("day"))
        if day is None and tick is not None:
            day = instant_of(tick).astimezone(zone).date()
        kinds = doctor.bookable_by_staff
        return cls(
            desk=desk,
            doctor=doctor,
            patient=desk_patients.one(me(), ref, email) if ref else None,
            email=email,
            kind=next((kind for kind in kinds if kind.ref == wanted), None)
            or (kinds[0] if len(kinds) == 1 else None),
            day=day,
            tick=tick,
        )

    def query(self, **changes: object) -> dict[str, str]:
        """The choices as a query, some of them changed (None takes one away)."""
        values: dict[str, object] = {
            "doctor": self.doctor.ref if me().role is Role.ADMIN else None,
            "patient": self.patient.user.ref if self.patient else None,
            "email": self.email or None,
            "type": self.kind.ref if self.kind else None,
            "day": self.day,
            "at": self.tick,
        }
        values.update(changes)
        return {name: str(value) for name, value in values.items() if value is not None}

    def address(self, endpoint: str = "doctor.book", **changes: object) -> str:
        """A page of the desk with these choices, some of them changed."""
        return url_for(endpoint, **self.query(**changes))  # type: ignore[arg-type]

    def day_address(self, on: date) -> str:
        """The page with another day in view."""
        return self.address(day=on, at=None)

    def wanted(self, key: str, reason: str) -> Wanted | None:
        """The visit that is chosen, once nothing is missing."""
        if self.kind is None or self.tick is None or len(key) not in KEY_LENGTHS:
            return None
        return Wanted(self.doctor.ref, self.kind.ref, self.tick, key, reason)


def calendar_of(given: Mapping[str, str]) -> tuple[Desk, DoctorFacts]:
    """The desk, and whose calendar it is: a doctor's own, or the one an admin names. Raises
    NotFound, or a page that says what to do where there is none."""
    desk = openings.desk()
    if me().role is Role.DOCTOR:
        own = my_doctor()
        if own.approved_at is None:
            abort(waiting(own))
        return desk, desk.catalogue.by_id.get(own.id) or abort(_hidden(own))
    ref = given.get("doctor")
    if not ref:
        abort(choose("doctor.book"))
    return desk, desk.catalogue.doctor(ref) or abort(_hidden(approvals.doctor_of(ref)))


def parts_of_day(found: list[Opening]) -> list[tuple[str, list[Opening]]]:
    """Openings under Morning, Afternoon and Evening, by the wall of their place."""
    parts: dict[str, list[Opening]] = {"Morning": [], "Afternoon": [], "Evening": []}
    for opening in found:
        hour = opening.local.hour
        parts["Morning" if hour < NOON else "Afternoon" if hour < EVENING else "Evening"].append(
            opening
        )
    return list(parts.items())


def new_key() -> str:
    """A fresh key for a form: sent twice, it books once."""
    return secrets.token_urlsafe(16)


def _hidden(doctor: Doctor) -> Response:
    return varies(make_response(render_template("doctor/book_hidden.html", doctor=doctor)))
