"""Finding a doctor: who fits, and of those, who is free first.

Fitting is a loop over the catalogue in memory. Being free first is exact and stops early: doctors
are looked at in order of their floor (a tick before which they have nothing), a dozen at a time,
until what is found beats every floor that is left.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from app.directory.catalogue import Catalogue, DoctorFacts, LocationFacts, SpecialtyFacts
from app.models import VisitMode
from app.scheduling import floors, openings
from app.scheduling.days import local_day
from app.scheduling.openings import Desk, Opening

PAGE_SIZE = 10
BATCH = 12
NEVER = 1 << 40


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody looks for; what is None may be anything."""

    name: str = ""
    specialty: SpecialtyFacts | None = None
    location: LocationFacts | None = None
    mode: VisitMode | None = None
    language: str | None = None
    earliest: date | None = None

    def without(self, filter_name: str) -> Query:
        """The same with one filter taken away."""
        return replace(self, **{filter_name: "" if filter_name == "name" else None})  # type: ignore[arg-type]

    @property
    def filters(self) -> list[str]:
        """The names of the filters in use that decide who fits."""
        names = ("name", "specialty", "location", "mode", "language")
        return [name for name in names if getattr(self, name)]


@dataclass(frozen=True, slots=True)
class Found:
    """A doctor with their next openings; none when all is taken until the horizon."""

    doctor: DoctorFacts
    openings: tuple[Opening, ...]

    @property
    def first_tick(self) -> int:
        return self.openings[0].tick if self.openings else NEVER


@dataclass(frozen=True, slots=True)
class Results:
    """One page of doctors, who is free first at the top; `number` counts from 1."""

    rows: Sequence[Found]
    number: int
    total: int
    size: int = PAGE_SIZE

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.size))

    @property
    def first(self) -> int:
        """The place of the first row among all, from 1."""
        return (self.number - 1) * self.size + 1

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1


def matching(catalogue: Catalogue, query: Query) -> list[DoctorFacts]:
    """The published doctors that fit, in order of name."""
    words = folded(query.name).split()
    return [doctor for doctor in catalogue.doctors if _fits(doctor, query, words)]


def find(desk: Desk, query: Query, page: int = 1) -> Results:
    """A page of the doctors that fit, in order of their earliest opening; a page beyond the last
    is the last."""
    fitting = matching(desk.catalogue, query)
    number = min(max(page, 1), max(1, -(-len(fitting) // PAGE_SIZE)))
    needed = number * PAGE_SIZE
    not_before = _first_tick_of(desk, query)
    known = floors.known(desk)
    bounds = {doctor.id: max(known.get(doctor.id, 0), not_before) for doctor in fitting}
    waiting = sorted(fitting, key=lambda doctor: bounds[doctor.id])
    found: list[Found] = []
    while waiting and not _is_decided(found, needed, bounds[waiting[0].id]):
        batch, waiting = waiting[:BATCH], waiting[BATCH:]
        soonest = openings.soonest(desk, batch, query.mode, query.location, not_before)
        found += (Found(doctor, tuple(soonest[doctor.id])) for doctor in batch)
        found.sort(key=lambda one: one.first_tick)
    return Results(found[needed - PAGE_SIZE : needed], number, len(fitting))


def why_nothing(catalogue: Catalogue, query: Query) -> list[tuple[str, int]]:
    """For each filter in use, how many doctors would fit without it; the most helpful first."""
    counts = [(name, len(matching(catalogue, query.without(name)))) for name in query.filters]
    return sorted((pair for pair in counts if pair[1]), key=lambda pair: -pair[1])


def folded(text: str) -> str:
    """Text without case and accents, for comparing names."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in apart if not unicodedata.combining(char))


def _fits(doctor: DoctorFacts, query: Query, words: list[str]) -> bool:
    name = folded(doctor.name)
    return (
        all(word in name for word in words)
        and (query.specialty is None or query.specialty in doctor.specialties)
        and (query.location is None or query.location in doctor.locations)
        and (query.mode is None or query.mode in doctor.modes)
        and (query.language is None or query.language in doctor.languages)
    )


def _first_tick_of(desk: Desk, query: Query) -> int:
    if query.earliest is None:
        return desk.first_tick
    zones = [query.location.zone] if query.location else [desk.settings.zoneinfo]
    return max(desk.first_tick, *(local_day(query.earliest, zone).first for zone in zones))


def _is_decided(found: list[Found], needed: int, least: int) -> bool:
    """Whether nobody who is still waiting can be free before the last one needed."""
    return len(found) >= needed and found[needed - 1].first_tick <= least
