"""The public's picture of the clinic, whole and in memory.

A clinic has tens to thousands of doctors and changes them seldom, while every page asks about
them. So the picture is read once per revision of the schedule (five queries) and then shared:
plain frozen facts, no rows, nothing that belongs to a session. Within one picture a fact is one
object, so facts are compared by identity.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

from sqlalchemy import ScalarResult, Select, select

from app.clinic import revision
from app.directory.facts import (
    Catalogue,
    DoctorFacts,
    LocationFacts,
    SpecialtyFacts,
    VisitTypeFacts,
)
from app.directory.languages import language_name
from app.extensions import db
from app.models import (
    Doctor,
    DoctorLanguage,
    Location,
    Specialty,
    User,
    VisitType,
    WorkingHours,
)
from app.models.doctor import doctor_specialties, doctor_visit_types

T = TypeVar("T")

Offers = defaultdict[int, dict[VisitTypeFacts, VisitTypeFacts]]


def current() -> Catalogue:
    """The picture as it stands."""
    return at(revision.current())


@revision.remembered(maxsize=2)
def at(number: int) -> Catalogue:
    """The picture at a revision that the caller has read."""
    specialties = {row.id: _specialty(row) for row in _all(select(Specialty))}
    locations = {row.id: _location(row) for row in _all(select(Location))}
    active = select(VisitType).where(VisitType.is_active).order_by(VisitType.minutes)
    offers = _offers({row.id: visit_type_facts(row) for row in _all(active)})
    doctors = tuple(_doctors(specialties, locations, offers))
    return Catalogue(
        revision=number,
        doctors=doctors,
        specialties=_used(doctor.specialties for doctor in doctors),
        locations=_used(doctor.locations for doctor in doctors),
        visit_types=_used(
            (kind for kind in offers[doctor.id] if not kind.is_for_staff) for doctor in doctors
        ),
        languages=_spoken(doctors),
        by_ref={doctor.ref: doctor for doctor in doctors},
        by_id={doctor.id: doctor for doctor in doctors},
        places=locations,
    )


def _doctors(
    specialties: dict[int, SpecialtyFacts], locations: dict[int, LocationFacts], offers: Offers
) -> Iterator[DoctorFacts]:
    has_specialties = _pairs(doctor_specialties.c.doctor_id, doctor_specialties.c.specialty_id)
    speaks = _pairs(DoctorLanguage.doctor_id, DoctorLanguage.language)
    works_at = _pairs(WorkingHours.doctor_id, WorkingHours.location_id)
    published = (
        select(Doctor, User.name)
        .join(Doctor.user)
        .where(Doctor.is_published, Doctor.approved_at.is_not(None), User.is_active)
        .order_by(User.name, Doctor.id)
    )
    for doctor, name in db.session.execute(published):
        terms = offers[doctor.id]
        yield DoctorFacts(
            id=doctor.id,
            ref=doctor.ref,
            calendar_id=doctor.calendar_id,
            user_id=doctor.user_id,
            name=f"{doctor.title} {name}".strip(),
            about=doctor.about,
            portrait=doctor.portrait,
            specialties=_named(specialties, has_specialties[doctor.id]),
            languages=tuple(sorted(speaks[doctor.id])),
            locations=_named(locations, works_at[doctor.id]),
            visit_types=_sorted(own for own in terms.values() if not own.is_for_staff),
            own_terms={kind: own for kind, own in terms.items() if own is not kind},
            for_staff=_sorted(own for own in terms.values() if own.is_for_staff),
        )


def _spoken(doctors: Iterable[DoctorFacts]) -> tuple[tuple[str, str], ...]:
    codes = {code for doctor in doctors for code in doctor.languages}
    return tuple(sorted(((c, language_name(c)) for c in codes), key=lambda pair: pair[1]))


def _all(query: Select[T]) -> ScalarResult[T]:
    return db.session.scalars(query)


def _pairs(owner, owned) -> defaultdict[int, set]:  # type: ignore[no-untyped-def,type-arg]
    pairs = defaultdict(set)
    for one, other in db.session.execute(select(owner, owned).distinct()):
        pairs[one].add(other)
    return pairs


def _offers(visit_types: dict[int, VisitTypeFacts]) -> Offers:
    """For each doctor the clinic's visit types that they offer, and these on their own terms. Equal
    terms are one object, so that thousands of doctors share a few."""
    columns = doctor_visit_types.c
    rows = db.session.execute(
        select(
            columns.doctor_id,
            columns.visit_type_id,
            columns.own_minutes,
            columns.own_price_cents,
        )
    )
    terms: dict[tuple[int, int, int], VisitTypeFacts] = {}
    offers: Offers = defaultdict(dict)
    for doctor_id, visit_type_id, minutes, cents in sorted(rows, key=lambda row: row[:2]):
        kind = visit_types.get(visit_type_id)
        if kind is None:
            continue
        own = (
            kind.minutes if minutes is None else minutes,
            kind.price_cents if cents is None else cents,
        )
        if own == (kind.minutes, kind.price_cents):
            offers[doctor_id][kind] = kind
            continue
        if (kind.id, *own) not in terms:
            terms[kind.id, *own] = replace(kind, minutes=own[0], price_cents=own[1])
        offers[doctor_id][kind] = terms[kind.id, *own]
    return offers


def _sorted(kinds: Iterable[VisitTypeFacts]) -> tuple[VisitTypeFacts, ...]:
    return tuple(sorted(kinds, key=lambda kind: kind.minutes))


def _named(known, ids: Iterable[int]) -> tuple:  # type: ignore[no-untyped-def,type-arg]
    return tuple(sorted((known[i] for i in ids), key=lambda facts: facts.name))


def _used(groups) -> tuple:  # type: ignore[no-untyped-def,type-arg]
    return tuple(sorted({facts for group in groups for facts in group}, key=lambda f: f.name))


def _specialty(row: Specialty) -> SpecialtyFacts:
    return SpecialtyFacts(row.id, row.slug, row.name)


def _location(row: Location) -> LocationFacts:
    return LocationFacts(
        row.id,
        row.slug,
        row.name,
        row.address,
        row.city,
        row.zoneinfo,
        row.directions,
        row.phone,
        row.accessibility,
    )


def visit_type_facts(row: VisitType) -> VisitTypeFacts:
    """A visit type on the clinic's terms."""
    return VisitTypeFacts(
        row.id,
        row.ref,
        row.name,
        row.minutes,
        row.buffer_before,
        row.buffer_after,
        row.step,
        row.mode,
        row.needs_approval,
        row.price_cents,
        row.currency,
        row.preparation,
        row.who_may_book,
        row.pay_when,
    )
