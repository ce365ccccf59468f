"""The filters of the search: read from an address, written back into one, and put in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import url_for

from app.directory.facts import Catalogue
from app.directory.languages import LANGUAGES
from app.formats import long_day
from app.inputs import a_day
from app.models import VisitMode
from app.scheduling import search
from app.scheduling.openings import Desk, Opening
from app.scheduling.search import Query

LONGEST_NAME = 80
LONGEST_ECHO = 40
MODES = {VisitMode.IN_PERSON: "In person", VisitMode.ONLINE: "Online"}
LABELS = {
    "specialty": "Specialty",
    "location": "Location",
    "mode": "Way of visiting",
    "language": "Language",
    "earliest": "Date",
}


@dataclass(frozen=True, slots=True)
class Link:
    """Words, and the search that they lead to. `doctors` is how many that finds."""

    words: str
    href: str
    doctors: int = 0


@dataclass(frozen=True, slots=True)
class Nearest:
    """The earliest opening that fits all but one filter: which one, and the search without it."""

    opening: Opening
    without: str
    href: str


@dataclass(frozen=True, slots=True)
class Filters:
    """What an address asks for. `unknown` is what it names that the clinic does not have."""

    query: Query
    unknown: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, catalogue: Catalogue, given: Mapping[str, str]) -> Filters:
        """The filters of an address; a value that says nothing does not narrow."""
        mode, language = given.get("mode", ""), given.get("language", "")
        query = Query(
            name=" ".join(given.get("name", "").split())[:LONGEST_NAME],
            specialty=catalogue.specialty(given.get("specialty", "")),
            location=catalogue.location(given.get("location", "")),
            mode=next((known for known in VisitMode if known.value == mode), None),
            language=language if language in LANGUAGES else None,
            earliest=a_day(given.get("earliest")),
        )
        unknown = tuple(
            (label, given[name][:LONGEST_ECHO])
            for name, label in LABELS.items()
            if given.get(name, "").strip() and getattr(query, name) is None
        )
        return cls(query, unknown)

    def address(self, query: Query | None = None, *, page: int = 1) -> str:
        """The search with these filters, or with those of another query."""
        query = query or self.query
        values: dict[str, Any] = {
            "name": query.name or None,
            "specialty": query.specialty.slug if query.specialty else None,
            "location": query.location.slug if query.location else None,
            "mode": query.mode.value if query.mode else None,
            "language": query.language,
            "earliest": query.earliest,
            "page": page if page > 1 else None,
        }
        return url_for("site.home", **values)

    def page_address(self, number: int) -> str:
        """A page of this search."""
        return self.address(page=number)

    @property
    def in_use(self) -> list[Link]:
        """Each filter in use, leading to the search without it."""
        return [Link(self._words(name), self._without(name)) for name in self.query.in_use]

    @property
    def not_known(self) -> list[Link]:
        """Each value that is not known, leading to the search without such."""
        return [
            Link(f"{label} “{value}” is not known", self.address()) for label, value in self.unknown
        ]

    def detours(self, catalogue: Catalogue) -> list[Link]:
        """The filters that stand in the way, the most helpful to leave out first."""
        return [
            Link(self._words(name), self._without(name), doctors)
            for name, doctors in search.why_nothing(catalogue, self.query)
        ]

    def nearest(self, desk: Desk) -> Nearest | None:
        """What comes nearest to a search that finds no opening."""
        miss = search.nearest_miss(desk, self.query)
        if miss is None:
            return None
        name, opening = miss
        query = self.query.without(name)
        if name == "location":
            query = replace(query, location=opening.location)
        return Nearest(opening, self._words(name), self.address(query))

    def _without(self, name: str) -> str:
        return self.address(self.query.without(name))

    def _words(self, name: str) -> str:
        value = getattr(self.query, name)
        if name == "name":
            return f"Name: {value}"
        if name == "mode":
            return MODES[value]
        if name == "language":
            return f"Speaks {LANGUAGES[value]}"
        if name == "earliest":
            return f"From {long_day(value)}"
        return str(value.name)
