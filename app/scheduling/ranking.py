"""Doctors in order of their earliest opening, looked at no further than is needed."""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from heapq import heapify, heappop, heappush

from app.directory.facts import DoctorFacts, VisitTypeFacts
from app.scheduling import floors, soonest
from app.scheduling.days import next_start
from app.scheduling.openings import Desk, Opening
from app.scheduling.soonest import NEVER, Wish

SPARE = 2

Key = tuple[int, str, int]  # tick, name, number: the order of the results


class WhyNone(StrEnum):
    """Why a doctor who fits has no opening to show."""

    NO_VISITS = "no_visits"  # offers nothing online that fits
    NO_HOURS = "no_hours"
    FULL = "full"
    TOO_FAR = "too_far"  # the date asked for cannot be booked yet


@dataclass(frozen=True, slots=True)
class Found:
    """A doctor with the next openings that fit, or why there is none until the horizon."""

    doctor: DoctorFacts
    openings: tuple[Opening, ...]
    why_none: WhyNone | None = None

    @property
    def first_tick(self) -> int:
        return self.openings[0].tick if self.openings else NEVER


@dataclass(slots=True)
class Ranking:
    """Doctors on their way from `waiting`, by the least they could have, to `placed`, by what they
    have. A doctor who has nothing in a stretch waits again, at its end."""

    desk: Desk
    wish: Wish
    waiting: list[Key]
    placed: list[Key] = field(default_factory=list)
    openings: dict[int, list[Opening]] = field(default_factory=dict)

    @classmethod
    def of(cls, desk: Desk, wish: Wish, doctors: Sequence[DoctorFacts]) -> Ranking:
        known, starts = floors.known(desk), _Starts(desk, wish.start(desk))
        ranking = cls(desk, wish, [])
        for doctor in doctors:
            if kinds := wish.visit_types(doctor):
                bound = max(known.get(doctor.id, 0), starts[kinds])
                ranking.waiting.append((bound, doctor.name, doctor.id))
            else:
                ranking._place(doctor, [])
        heapify(ranking.waiting)
        return ranking

    def decide(self, needed: int) -> None:
        """Look until the first `needed` places are certain. Each look is as many queries as any
        other, and there are few, because each takes more doctors and goes further."""
        size, days = needed + SPARE, soonest.FIRST_DAYS
        while some := self._candidates(needed, size):
            dates = soonest.stretch(self.desk, some[0][0], some[-1][0], days)
            doctors = self._doctors(some)
            found = soonest.of_each(self.desk, doctors, self.wish, dates)
            for doctor in doctors:
                if found[doctor.id] or dates.until == NEVER:
                    self._place(doctor, found[doctor.id])
                else:
                    heappush(self.waiting, (dates.until, doctor.name, doctor.id))
            size, days = size * soonest.WIDER, days * soonest.WIDER

    def rows(self, first: int, last: int) -> list[Found]:
        """The places from `first` until `last` (from 0; not included), their openings complete."""
        keys = self.placed[first:last]
        doctors = self._doctors(keys)
        self._complete([doctor for doctor in doctors if self._is_short(doctor)])
        hopeless = [doctor for doctor in doctors if not self.openings[doctor.id]]
        why = _why_none(self.desk, self.wish, hopeless)
        return [
            Found(doctor, tuple(self.openings[doctor.id]), why.get(doctor.id)) for doctor in doctors
        ]

    def _candidates(self, needed: int, size: int) -> list[Key]:
        """Those who come next, as far as they could still be among the first `needed`."""
        worst = self.placed[needed - 1] if len(self.placed) >= needed else (NEVER, "", 0)
        some: list[Key] = []
        while self.waiting and len(some) < size and self.waiting[0] < worst:
            some.append(heappop(self.waiting))
        return some

    def _complete(self, doctors: list[DoctorFacts]) -> None:
        """A stretch may end before the third opening; then look to the horizon."""
        if doctors:
            first = min(self.openings[doctor.id][0].tick for doctor in doctors)
            dates = soonest.whole(self.desk, first)
            self.openings |= soonest.of_each(self.desk, doctors, self.wish, dates)

    def _is_short(self, doctor: DoctorFacts) -> bool:
        return 0 < len(self.openings[doctor.id]) < soonest.HOW_MANY

    def _place(self, doctor: DoctorFacts, openings: list[Opening]) -> None:
        self.openings[doctor.id] = openings
        tick = openings[0].tick if openings else NEVER
        insort(self.placed, (tick, doctor.name, doctor.id))

    def _doctors(self, keys: Sequence[Key]) -> list[DoctorFacts]:
        return [self.desk.catalogue.by_id[doctor_id] for _, _, doctor_id in keys]


class _Starts(dict[tuple[VisitTypeFacts, ...], int]):
    """The first tick from `start` on at which one of some visit types may start anywhere. It makes
    bounds that time has overtaken equal again, so that a look ends with the first who have it."""

    def __init__(self, desk: Desk, start: int) -> None:
        self.zones = {place.zone for place in desk.catalogue.places.values()}
        self.start = start

    def __missing__(self, kinds: tuple[VisitTypeFacts, ...]) -> int:
        steps = {kind.step for kind in kinds}
        firsts = (next_start(self.start, zone, step) for zone in self.zones for step in steps)
        self[kinds] = min(firsts, default=self.start)
        return self[kinds]


def _why_none(desk: Desk, wish: Wish, doctors: Sequence[DoctorFacts]) -> dict[int, WhyNone]:
    if not doctors:
        return {}
    if wish.earliest and all(
        wish.earliest > desk.last_day(p) for p in desk.catalogue.places.values()
    ):
        return {doctor.id: WhyNone.TOO_FAR for doctor in doctors}
    have_hours = soonest.with_hours(desk, doctors, wish)
    why = {True: WhyNone.FULL, False: WhyNone.NO_HOURS}
    return {
        doctor.id: why[doctor.id in have_hours] if wish.visit_types(doctor) else WhyNone.NO_VISITS
        for doctor in doctors
    }
