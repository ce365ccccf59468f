"""Finding a doctor: who fits, and of those, who is free first.

Fitting is a loop over the catalogue in memory. Being free first is exact and stops early: doctors
are looked at in order of their floor (a tick before which they have nothing), some at a time and
each time more, until what is found beats every floor that is left.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass, fields, replace
from datetime import date
from functools import lru_cache

from app.directory.facts import Catalogue, DoctorFacts, LocationFacts, SpecialtyFacts
from app.models import VisitMode
from app.paging import Page
from app.scheduling.openings import Desk, Opening
from app.scheduling.ranking import Found, Ranking
from app.scheduling.soonest import Wish

PAGE_SIZE = 10
NAME_WORDS = str.maketrans("-.,'’", "     ")
# What Unicode does not take apart into a letter and its mark.
PLAIN_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe"})


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
    def wish(self) -> Wish:
        """The part of it that is about openings."""
        return Wish(location=self.location, mode=self.mode, earliest=self.earliest)

    @property
    def filters(self) -> list[str]:
        """The names of the filters in use that decide who fits."""
        return [name for name in self.in_use if name != "earliest"]

    @property
    def in_use(self) -> list[str]:
        """The names of all filters in use."""
        return [each.name for each in fields(self) if getattr(self, each.name)]


def matching(catalogue: Catalogue, query: Query) -> list[DoctorFacts]:
    """The published doctors that fit, in order of name."""
    words = folded(query.name).split()
    return [doctor for doctor in catalogue.doctors if _fits(doctor, query, words)]


def find(desk: Desk, query: Query, page: int = 1) -> Page[Found]:
    """A page of the doctors that fit, in order of their earliest opening, then of name; a page
    beyond the last is the last. Who has no opening comes last."""
    fitting = matching(desk.catalogue, query)
    number = min(max(page, 1), max(1, -(-len(fitting) // PAGE_SIZE)))
    last = number * PAGE_SIZE
    ranking = Ranking.of(desk, query.wish, fitting)
    ranking.decide(last)
    return Page(ranking.rows(last - PAGE_SIZE, last), number, len(fitting), size=PAGE_SIZE)


def why_nothing(catalogue: Catalogue, query: Query) -> list[tuple[str, int]]:
    """For each filter in use, how many doctors would fit without it; the most helpful first."""
    counts = [(name, len(matching(catalogue, query.without(name)))) for name in query.filters]
    return sorted((pair for pair in counts if pair[1]), key=lambda pair: -pair[1])


def nearest_miss(desk: Desk, query: Query) -> tuple[str, Opening] | None:
    """The earliest opening that fits all but one filter, and the name of that filter."""
    misses: list[tuple[str, Opening]] = []
    for name in query.in_use:
        wider = query.without(name)
        ranking = Ranking.of(desk, wider.wish, matching(desk.catalogue, wider))
        ranking.decide(1)
        misses += ((name, found.openings[0]) for found in ranking.rows(0, 1) if found.openings)
    return min(misses, key=lambda miss: miss[1].tick, default=None)


@lru_cache(maxsize=2)
def popular_specialties(catalogue: Catalogue, how_many: int) -> tuple[SpecialtyFacts, ...]:
    """The specialties that the most doctors have, in order of name."""
    doctors = Counter(specialty for one in catalogue.doctors for specialty in one.specialties)
    first = (specialty for specialty, _ in doctors.most_common(how_many))
    return tuple(sorted(first, key=lambda specialty: specialty.name))


@lru_cache(maxsize=8192)
def folded(text: str) -> str:
    """Text without case, accents and punctuation, for comparing names."""
    apart = unicodedata.normalize("NFKD", text.casefold().translate(PLAIN_LETTERS))
    plain = "".join(char for char in apart if not unicodedata.combining(char))
    return " ".join(plain.translate(NAME_WORDS).split())


def _fits(doctor: DoctorFacts, query: Query, words: list[str]) -> bool:
    return (
        (query.specialty is None or query.specialty in doctor.specialties)
        and (query.location is None or query.location in doctor.locations)
        and (query.mode is None or query.mode in doctor.modes)
        and (query.language is None or query.language in doctor.languages)
        and (not words or all(word in folded(doctor.name) for word in words))
    )
