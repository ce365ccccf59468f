"""The facts that the catalogue is made of: plain, frozen, and compared by identity, because within
one picture of the clinic a fact is one object."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from app.directory.languages import language_name
from app.models import PayWhen, VisitMode, WhoMayBook


@dataclass(frozen=True, slots=True, eq=False)
class SpecialtyFacts:
    id: int
    slug: str
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class LocationFacts:
    id: int
    slug: str
    name: str
    address: str
    city: str
    zone: ZoneInfo
    directions: str
    phone: str
    accessibility: str


@dataclass(frozen=True, slots=True, eq=False)
class VisitTypeFacts:
    """Minutes and cents; `step` is the grid of starts in wall-clock minutes.

    The clinic's terms of a visit type are one object, and a doctor's own terms another.
    """

    id: int
    ref: str
    name: str
    minutes: int
    buffer_before: int
    buffer_after: int
    step: int
    mode: VisitMode
    needs_approval: bool
    price_cents: int
    currency: str
    preparation: str
    who_may_book: WhoMayBook
    pay_when: PayWhen

    @property
    def is_for_staff(self) -> bool:
        """Whether only the clinic itself books it."""
        return self.who_may_book is WhoMayBook.STAFF

    @property
    def is_online(self) -> bool:
        return self.mode is VisitMode.ONLINE

    def lasting(self, minutes: int) -> VisitTypeFacts:
        """The same with the length that was agreed for an appointment."""
        return self if minutes == self.minutes else replace(self, minutes=minutes)


@dataclass(frozen=True, slots=True, eq=False)
class DoctorFacts:
    id: int
    ref: str
    calendar_id: int
    user_id: int
    name: str
    about: str
    portrait: str | None
    specialties: tuple[SpecialtyFacts, ...]
    languages: tuple[str, ...]
    locations: tuple[LocationFacts, ...]
    visit_types: tuple[VisitTypeFacts, ...]  # on this doctor's own terms
    own_terms: dict[VisitTypeFacts, VisitTypeFacts] = field(repr=False)  # by the clinic's
    for_staff: tuple[VisitTypeFacts, ...] = ()  # what only the clinic books, on the same terms

    @property
    def language_names(self) -> list[str]:
        return [language_name(code) for code in self.languages]

    @property
    def modes(self) -> frozenset[VisitMode]:
        return frozenset(visit_type.mode for visit_type in self.visit_types)

    @property
    def bookable_by_staff(self) -> tuple[VisitTypeFacts, ...]:
        """All that this doctor does, the shortest first."""
        return tuple(
            sorted((*self.visit_types, *self.for_staff), key=lambda kind: (kind.minutes, kind.name))
        )

    def visit_type(self, ref: str) -> VisitTypeFacts | None:
        """The visit type of that reference, if this doctor offers it to the public."""
        return next((kind for kind in self.visit_types if kind.ref == ref), None)

    def own(self, visit_type: VisitTypeFacts) -> VisitTypeFacts:
        """The clinic's visit type on this doctor's terms; any other terms stay what they are."""
        return self.own_terms.get(visit_type, visit_type)

    def offers(self, visit_type_id: int) -> VisitTypeFacts | None:
        """The visit type of that number, if this doctor offers it, be it through the clinic."""
        every = (*self.visit_types, *self.for_staff)
        return next((kind for kind in every if kind.id == visit_type_id), None)


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """Published doctors in order of name, and what they have between them; visit types on the
    clinic's terms, without those that only the clinic books."""

    revision: int
    doctors: tuple[DoctorFacts, ...]
    specialties: tuple[SpecialtyFacts, ...]
    locations: tuple[LocationFacts, ...]
    visit_types: tuple[VisitTypeFacts, ...]
    languages: tuple[tuple[str, str], ...]  # (code, name) of those that somebody speaks, by name
    by_ref: dict[str, DoctorFacts] = field(repr=False)
    by_id: dict[int, DoctorFacts] = field(repr=False)
    places: dict[int, LocationFacts] = field(repr=False)  # all, also where nobody works by the week

    def doctor(self, ref: str) -> DoctorFacts | None:
        return self.by_ref.get(ref)

    def specialty(self, slug: str) -> SpecialtyFacts | None:
        return next((known for known in self.specialties if known.slug == slug), None)

    def location(self, slug: str) -> LocationFacts | None:
        return next((known for known in self.locations if known.slug == slug), None)

    def visit_type(self, ref: str) -> VisitTypeFacts | None:
        return next((known for known in self.visit_types if known.ref == ref), None)

    @property
    def has_several_zones(self) -> bool:
        """Whether a time says too little without its zone."""
        return len({place.zone.key for place in self.locations}) > 1
