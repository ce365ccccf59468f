"""Some hours of a doctor's week, and what can be wrong with them. Pure: no database, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations

from app.directory.facts import LocationFacts
from app.formats import long_day
from app.models import HoursException, WorkingHours
from app.scheduling.availability import ticks_in
from app.scheduling.days import MINUTES_PER_TICK, ONE_DAY, WHOLE_DAY, Window, local_day
from app.scheduling.pattern import ticks_of, weekly

A_YEAR = timedelta(371)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Interval:
    """Some hours of a weekday (Monday = 1) at a location, in minutes of its wall clock; from and to
    a date, both included; for some visit types, or for all."""

    weekday: int
    location_id: int
    starts_minute: int
    ends_minute: int
    valid_from: date | None = None
    valid_until: date | None = None
    visit_type_ids: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with one field of an interval."""

    field: str
    sentence: str


def complaints(
    wanted: Sequence[Interval],
    places: Mapping[int, LocationFacts],
    extra: Iterable[HoursException],
    today: date,
) -> dict[int, Complaint]:
    """What is wrong with some hours, by their place in the list; at most one thing for each.

    They must not meet each other, nor `extra` hours at another place.
    """
    found: dict[int, Complaint] = {}
    for number, interval in enumerate(wanted):
        if complaint := _complaint(interval, places, today):
            found[number] = complaint
    sound = [number for number in range(len(wanted)) if number not in found]
    for earlier, later in combinations(sound, 2):
        one, other = wanted[earlier], wanted[later]
        if later not in found and _overlap(one, other, places, today):
            when = f"{WEEKDAYS[one.weekday - 1]}, {times_in_words(one)}"
            where = places[one.location_id].name
            found[later] = Complaint("starts", f"These hours overlap with {when}, at {where}.")
    for number in sound:
        if number not in found and (complaint := _meeting(wanted[number], places, extra)):
            found[number] = complaint
    return found


def _complaint(
    interval: Interval, places: Mapping[int, LocationFacts], today: date
) -> Complaint | None:
    for name, minute in (("starts", interval.starts_minute), ("ends", interval.ends_minute)):
        if minute % MINUTES_PER_TICK or not 0 <= minute <= WHOLE_DAY:
            return Complaint(name, "Use steps of five minutes, like 09:05.")
    if interval.location_id not in places:
        return Complaint("place", "Choose a location.")
    if interval.ends_minute <= interval.starts_minute:
        return Complaint("ends", "The end must come after the start.")
    since, until = interval.valid_from, interval.valid_until
    if until is not None and until < today:
        return Complaint("until", "This day has passed.")
    if since is not None and until is not None:
        if until < since:
            return Complaint("until", "The last day must not come before the first.")
        first = since + timedelta((interval.weekday - since.isoweekday()) % 7)
        if first > until:
            weekday = WEEKDAYS[interval.weekday - 1]
            return Complaint("until", f"There is no {weekday} between these days.")
    return None


def _overlap(
    one: Interval, other: Interval, places: Mapping[int, LocationFacts], today: date
) -> bool:
    """Whether the doctor would have to be in two places at once, on some day within a year."""
    since = max(filter(None, (one.valid_from, other.valid_from, today)))
    until = min(filter(None, (one.valid_until, other.valid_until, since + A_YEAR)))
    here, there = places[one.location_id], places[other.location_id]
    if here.zone.key == there.zone.key:
        first = since + timedelta((one.weekday - since.isoweekday()) % 7)
        return (
            one.weekday == other.weekday
            and first <= until
            and one.starts_minute < other.ends_minute
            and other.starts_minute < one.ends_minute
        )
    # Walls that show other times: compare the instants themselves.
    since, until = since - 2 * ONE_DAY, until + 2 * ONE_DAY
    window = _window(since, until, (here, there))
    return bool(weekly(one, here, window) & weekly(other, there, window))


def _meeting(
    interval: Interval, places: Mapping[int, LocationFacts], extra: Iterable[HoursException]
) -> Complaint | None:
    """The first extra hours at another place that fall into an interval."""
    here = places[interval.location_id]
    for row in extra:
        there = places.get(row.location_id or 0)
        if there is None or there is here:
            continue
        first, last = row.starts_at.date() - ONE_DAY, row.ends_at.date() + ONE_DAY
        window = _window(first, last, (here, there))
        if weekly(interval, here, window) & ticks_in([ticks_of(row)], window.first, window.last):
            on = long_day(row.starts_at.astimezone(there.zone).date())
            return Complaint("starts", f"On {on} there are extra hours at {there.name} then.")
    return None


def _window(first: date, last: date, places: Sequence[LocationFacts]) -> Window:
    return Window(
        first,
        last,
        min(local_day(first, place.zone).first for place in places),
        max(local_day(last, place.zone).last for place in places),
    )


def times_in_words(interval: Interval | WorkingHours) -> str:
    """`09:00–12:30`."""
    return f"{_time(interval.starts_minute)}–{_time(interval.ends_minute)}"


def hours_in_words(
    times: str, place: str, since: str, until: str, visit_types: Iterable[str]
) -> str:
    """`09:00–12:00, Main Street Practice from 2026-12-01 only Check-up and Vaccination`."""
    said = [f"{times}, {place}"]
    said += [f"from {since}"] if since else []
    said += [f"until {until}"] if until else []
    if only := " and ".join(sorted(visit_types)):
        said.append(f"only {only}")
    return " ".join(said)


def _time(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
