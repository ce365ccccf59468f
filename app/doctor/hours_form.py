"""The form of a doctor's week: rows that can be added, removed and copied before anything is saved.

What is typed stays text until it is saved, so that nothing is lost whatever it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from app.fields import NOT_A_DAY_NOR_EMPTY, NOT_A_TIME, typed
from app.inputs import a_day, a_number, a_time
from app.models import WorkingHours
from app.scheduling.days import WHOLE_DAY
from app.scheduling.intervals import WEEKDAYS as NAMES
from app.scheduling.intervals import Interval, hours_in_words
from app.scheduling.timetable import FULL, MOST, Choices

WEEKDAYS = range(1, 8)
LONGEST = 40  # characters of anything that is typed here
FIELDS = ("place", "starts", "ends", "since", "until")
HIGHEST = 3 * MOST  # rows keep their number while others come and go


@dataclass(slots=True)
class Row:
    """Some hours as they are typed; `kinds` are references of visit types, none of them for all."""

    number: int
    weekday: int
    place: str = ""
    starts: str = ""
    ends: str = ""
    since: str = ""
    until: str = ""
    kinds: frozenset[str] = frozenset()
    errors: dict[str, str] = field(default_factory=dict)
    is_new: bool = False

    @property
    def is_special(self) -> bool:
        """Whether more is said than a place and two times."""
        return bool(self.since or self.until or self.kinds or {"since", "until"} & set(self.errors))

    @property
    def name(self) -> str:
        """What tells this row from the others: `Monday 09:00–12:00`."""
        day = NAMES[self.weekday - 1]
        return f"{day} {self.starts}–{self.ends}" if self.starts and self.ends else f"{day}, new"


class Week:
    """The rows of a week."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = list(rows)
        self.error = ""  # about the week as a whole

    @classmethod
    def of(cls, stored: Iterable[WorkingHours]) -> Week:
        """The week as it is stored."""
        return cls(
            Row(
                number,
                row.weekday,
                str(row.location_id),
                typed(row.starts_minute),
                typed(row.ends_minute),
                row.valid_from.isoformat() if row.valid_from else "",
                row.valid_until.isoformat() if row.valid_until else "",
                frozenset(kind.ref for kind in row.visit_types),
            )
            for number, row in enumerate(stored)
        )

    @classmethod
    def sent(cls, form: Mapping[str, str], choices: Choices) -> Week:
        """The week as it is typed."""
        rows = []
        for number in range(HIGHEST):
            weekday = a_number(form.get(f"weekday_{number}"), 1, 7)
            if weekday is not None:
                place, starts, ends, since, until = (
                    form.get(f"{name}_{number}", "").strip()[:LONGEST] for name in FIELDS
                )
                kinds = {kind.ref for kind in choices.kinds if f"kind_{number}_{kind.ref}" in form}
                rows.append(
                    Row(number, weekday, place, starts, ends, since, until, frozenset(kinds))
                )
        return cls(rows)

    def of_day(self, weekday: int) -> list[Row]:
        return [row for row in self.rows if row.weekday == weekday]

    @property
    def errors(self) -> list[tuple[str, str]]:
        """(id of the field, sentence) of each row that is refused."""
        return [
            (f"{name}_{row.number}", f"{row.name}: {sentence}")
            for day in WEEKDAYS
            for row in self.of_day(day)
            for name, sentence in row.errors.items()
        ]

    def in_words(self, choices: Choices) -> dict[str, list[str]]:
        """What is typed, told as `timetable.in_words` tells what is stored."""
        return {
            name: words
            for weekday, name in zip(WEEKDAYS, NAMES, strict=True)
            if (words := [_in_words(row, choices) for row in self.of_day(weekday)])
        }

    def add(self, weekday: int) -> None:
        """One more row, at the place of the one before it."""
        earlier = self.of_day(weekday) or self.rows
        self._append(Row(0, weekday, earlier[-1].place if earlier else "", is_new=True))

    def remove(self, number: int | None) -> None:
        self.rows = [row for row in self.rows if row.number != number]

    def copy(self, weekday: int, to: Iterable[int]) -> None:
        """Put a day's rows in the place of those of other days."""
        for other in set(to) - {weekday}:
            self.rows = [row for row in self.rows if row.weekday != other]
            for row in self.of_day(weekday):
                self._append(replace(row, weekday=other, errors={}))

    def read(self, choices: Choices) -> list[tuple[Row, Interval]]:
        """What the rows say. Those that cannot be read get their errors, and are left out."""
        read = ((row, _read(row, choices)) for row in self.rows)
        return [(row, interval) for row, interval in read if interval is not None]

    def _append(self, row: Row) -> None:
        if len(self.rows) >= MOST:
            self.error = FULL
            return
        taken = {one.number for one in self.rows}
        highest = max(taken, default=-1)
        free = (number for number in range(HIGHEST) if number not in taken)
        row.number = highest + 1 if highest + 1 < HIGHEST else next(free)
        self.rows.append(row)


def _read(row: Row, choices: Choices) -> Interval | None:
    row.errors = {}
    place = next((one for one in choices.places if str(one.id) == row.place), None)
    if place is None:
        row.errors["place"] = "Choose a location."
    starts, ends = _minute(row, "starts"), _minute(row, "ends")
    since, until = _date(row, "since"), _date(row, "until")
    if row.errors or place is None or starts is None or ends is None:
        return None
    return Interval(
        row.weekday,
        place.id,
        starts,
        ends or WHOLE_DAY,
        since,
        until,
        frozenset(kind.id for kind in choices.kinds if kind.ref in row.kinds),
    )


def _in_words(row: Row, choices: Choices) -> str:
    place = next((one.name for one in choices.places if str(one.id) == row.place), "")
    ends = "24:00" if row.ends == "00:00" else row.ends
    kinds = [kind.name for kind in choices.kinds if kind.ref in row.kinds]
    return hours_in_words(f"{row.starts}–{ends}", place, row.since, row.until, kinds)


def _minute(row: Row, name: str) -> int | None:
    minute = a_time(getattr(row, name))
    if minute is None:
        row.errors[name] = NOT_A_TIME
    return minute


def _date(row: Row, name: str) -> date | None:
    day = a_day(getattr(row, name))
    if getattr(row, name) and day is None:
        row.errors[name] = NOT_A_DAY_NOR_EMPTY
    return day
