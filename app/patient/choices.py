"""The choices of the booking form. The address holds them all, so that reload, Back and sharing
work; what does not fit together is dropped from the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from flask import url_for

from app.directory.facts import Catalogue, DoctorFacts, SpecialtyFacts, VisitTypeFacts
from app.inputs import a_day, a_tick

ANY_DOCTOR = "any"
LONGEST_LIST = 100


@dataclass(frozen=True, slots=True)
class Choices:
    """What has been chosen so far. `doctors` are those who can still be meant; `visit_types` can
    still be chosen, the shortest first: a doctor's on their terms, any doctor's on the clinic's."""

    specialty: SpecialtyFacts | None
    doctor: DoctorFacts | None
    is_any_doctor: bool
    visit_types: tuple[VisitTypeFacts, ...]
    visit_type: VisitTypeFacts | None
    day: date | None
    opening: int | None
    candidates: tuple[DoctorFacts, ...]
    unknown: tuple[str, ...]

    @classmethod
    def read(cls, catalogue: Catalogue, given: Mapping[str, str]) -> Choices:
        """The choices that a query or a form makes."""
        unknown = []
        specialty = catalogue.specialty(given.get("specialty", ""))
        if given.get("specialty") and specialty is None:
            unknown.append("specialty")
        doctor = catalogue.doctor(given.get("doctor", ""))
        is_any = given.get("doctor") == ANY_DOCTOR
        if given.get("doctor") and doctor is None and not is_any:
            unknown.append("doctor")
        if doctor is not None and specialty is not None and specialty not in doctor.specialties:
            doctor = None
        candidates = tuple(
            known
            for known in catalogue.doctors
            if specialty is None or specialty in known.specialties
        )
        is_any = is_any and specialty is not None
        if doctor is not None:
            visit_types = doctor.visit_types
        else:
            visit_types = _offered_by(candidates, catalogue) if is_any else ()
        wanted = given.get("visit_type", "")
        visit_type = next((kind for kind in visit_types if kind.ref == wanted), None)
        return cls(
            specialty=specialty,
            doctor=doctor,
            is_any_doctor=is_any,
            visit_types=visit_types,
            visit_type=visit_type,
            day=a_day(given.get("day")),
            opening=a_tick(given.get("opening")) if doctor is not None else None,
            candidates=candidates,
            unknown=tuple(unknown),
        )

    @property
    def doctors(self) -> tuple[DoctorFacts, ...]:
        """The doctors whose openings are asked for."""
        if self.doctor is not None:
            return (self.doctor,)
        if not self.is_any_doctor or self.visit_type is None:
            return ()
        ref = self.visit_type.ref
        return tuple(known for known in self.candidates if known.visit_type(ref) is not None)

    @property
    def listed(self) -> tuple[DoctorFacts, ...]:
        """The doctors to choose from: all that can be meant, or none but the chosen one while they
        are so many that a specialty should be chosen first."""
        if self.specialty is not None or len(self.candidates) <= LONGEST_LIST:
            return self.candidates
        return (self.doctor,) if self.doctor is not None else ()

    def terms(self, kind: VisitTypeFacts) -> list[VisitTypeFacts]:
        """A visit type on the terms of each doctor who can be meant."""
        meant = (self.doctor,) if self.doctor else self.candidates
        return [own for known in meant if (own := known.offers(kind.id)) is not None]

    @property
    def is_ready(self) -> bool:
        """Whether openings can be shown."""
        return self.visit_type is not None and bool(self.doctors)

    def address(self, **changes: object) -> str:
        """The booking page with these choices, some of them changed (None takes one away)."""
        return url_for("patient.book", **self.query(**changes))  # type: ignore[arg-type]

    def query(self, **changes: object) -> dict[str, str]:
        """The same as a query."""
        doctor = self.doctor.ref if self.doctor else ANY_DOCTOR if self.is_any_doctor else None
        values: dict[str, object] = {
            "specialty": self.specialty.slug if self.specialty else None,
            "doctor": doctor,
            "visit_type": self.visit_type.ref if self.visit_type else None,
            "day": self.day,
            "opening": self.opening,
        }
        values.update(changes)
        return {name: str(value) for name, value in values.items() if value is not None}


def _offered_by(
    doctors: tuple[DoctorFacts, ...], catalogue: Catalogue
) -> tuple[VisitTypeFacts, ...]:
    offered = {kind.id for known in doctors for kind in known.visit_types}
    common = (kind for kind in catalogue.visit_types if kind.id in offered)
    return tuple(sorted(common, key=lambda kind: (kind.minutes, kind.name)))
