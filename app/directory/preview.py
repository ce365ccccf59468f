"""A doctor's page before it is published: the facts that the catalogue would hold, and in words
what would change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select

from app.directory.catalogue import visit_type_facts
from app.directory.facts import Catalogue, DoctorFacts, SpecialtyFacts, VisitTypeFacts
from app.directory.languages import language_name
from app.directory.profile import Profile, Terms
from app.extensions import db
from app.formats import minutes, money
from app.models import Doctor, Specialty, VisitType, WorkingHours

LABELS = {
    "portrait": "Picture",
    "title": "Title",
    "about": "About",
    "languages": "Languages",
    "specialties": "Specialties",
    "visits": "Visits",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of a page before and after, as lines of text; a picture is the name of its file."""

    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def label(self) -> str:
        return LABELS[self.name]


def facts_of(known: Catalogue, doctor: Doctor, profile: Profile) -> DoctorFacts:
    """The doctor as the public would see them with this profile, whether published or not."""
    works_at = select(WorkingHours.location_id).where(WorkingHours.doctor_id == doctor.id)
    places = [known.places[number] for number in db.session.scalars(works_at.distinct())]
    return DoctorFacts(
        id=doctor.id,
        ref=doctor.ref,
        calendar_id=doctor.calendar_id,
        user_id=doctor.user_id,
        name=f"{profile.title} {doctor.user.name}".strip(),
        about=profile.about,
        portrait=profile.portrait,
        specialties=tuple(_specialties(profile)),
        languages=tuple(sorted(profile.languages)),
        locations=tuple(sorted(places, key=lambda place: place.name)),
        visit_types=tuple(kind for kind in _visits(profile) if not kind.is_for_staff),
        own_terms={},
    )


def differences(before: Profile, after: Profile) -> list[Difference]:
    """The fields in which two profiles differ, in the order of the page."""
    changed = before.changes_to(after)
    return [
        Difference(name, _lines(before, name), _lines(after, name))
        for name in LABELS
        if name in changed
    ]


def on_terms(kind: VisitTypeFacts, own: Terms) -> VisitTypeFacts:
    """A visit type on a doctor's own terms."""
    changed: Mapping[str, Any] = {
        "minutes": kind.minutes if own.minutes is None else own.minutes,
        "price_cents": kind.price_cents if own.price_cents is None else own.price_cents,
    }
    return replace(kind, **changed)


def _specialties(profile: Profile) -> list[SpecialtyFacts]:
    named = select(Specialty).where(Specialty.slug.in_(profile.specialties))
    rows = db.session.scalars(named.order_by(Specialty.name))
    return [SpecialtyFacts(row.id, row.slug, row.name) for row in rows]


def _visits(profile: Profile) -> list[VisitTypeFacts]:
    offered = select(VisitType).where(VisitType.is_active, VisitType.ref.in_(profile.visits))
    rows = db.session.scalars(offered.order_by(VisitType.id))
    kinds = [on_terms(visit_type_facts(row), profile.visits[row.ref]) for row in rows]
    return sorted(kinds, key=lambda kind: kind.minutes)


def _lines(profile: Profile, name: str) -> tuple[str, ...]:
    match name:
        case "portrait":
            return (profile.portrait,) if profile.portrait else ()
        case "title":
            return (profile.title,) if profile.title else ()
        case "about":
            return tuple(line for line in profile.about.splitlines() if line.strip())
        case "languages":
            return tuple(sorted(language_name(code) for code in profile.languages))
        case "specialties":
            return tuple(one.name for one in _specialties(profile))
        case _:
            return tuple(
                f"{kind.name}, {minutes(kind.minutes)}, {money(kind.price_cents, kind.currency)}"
                for kind in _visits(profile)
            )
