"""Which part of whose agenda an address asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from flask import request, url_for

from app.clock import instant_of
from app.directory.facts import DoctorFacts, VisitTypeFacts
from app.doctor.whose import chosen_doctor, zone_of
from app.formats import clock_time, local_day, short_day, zone_name
from app.inputs import FIRST_YEAR, LAST_YEAR, a_day, a_tick
from app.models import Appointment, Doctor, Role
from app.scheduling import diary, openings, week
from app.scheduling.openings import Desk
from app.scheduling.week import Plan
from app.security import me

DAY, WEEK = "day", "week"
CELL_MINUTES = {DAY: 15, WEEK: 30}


@dataclass(frozen=True, slots=True)
class Scene:
    """Whose agenda of which days is asked for, and through the eyes of which visit type."""

    doctor: Doctor
    facts: DoctorFacts | None
    desk: Desk
    zone: ZoneInfo
    view: str
    on: date
    today: date
    visit_type: VisitTypeFacts | None

    @property
    def days(self) -> Sequence[date]:
        if self.view == DAY:
            return [self.on]
        first = week.monday_of(self.on)
        return [first + timedelta(n) for n in range(7)]

    @property
    def step(self) -> timedelta:
        return timedelta(1 if self.view == DAY else 7)

    @property
    def before(self) -> date | None:
        """A day of the page before; nothing where the calendar ends."""
        day = self.on - self.step
        return day if day.year >= FIRST_YEAR else None

    @property
    def after(self) -> date | None:
        day = self.on + self.step
        return day if day.year <= LAST_YEAR else None

    @property
    def is_present(self) -> bool:
        return self.today in self.days

    @property
    def visit_types(self) -> Sequence[VisitTypeFacts]:
        return self.facts.bookable_by_staff if self.facts else ()

    @property
    def has_several_zones(self) -> bool:
        places = self.facts.locations if self.facts else ()
        return len({place.zone.key for place in places}) > 1

    def plan(self) -> Plan:
        known = diary.read(self.desk, self.doctor.id, self.days[0], self.days[-1])
        cells = CELL_MINUTES[self.view]
        return week.lay_out(known, self.zone, self.days, self.visit_type, cells)

    def time_of(self, tick: int) -> str:
        """A tick on the wall of the agenda."""
        return clock_time(instant_of(tick), self.zone)

    def abroad(self, visit: Appointment) -> str:
        """When a visit is on the wall of its own place, with the date where that is another one."""
        zone = visit.zone
        on = local_day(visit.starts_at, zone)
        is_same = on == local_day(visit.starts_at, self.zone)
        day = "" if is_same else f"{short_day(on)}, "
        return f"{day}{clock_time(visit.starts_at, zone)} {zone_name(zone, visit.starts_at)}"

    def address(self, endpoint: str = "doctor.week", **changed: object) -> str:
        """A page of this agenda, with some of it changed."""
        asked: dict[str, object] = {
            "day": self.on if self.on != self.today else None,
            "view": DAY if self.view == DAY else None,
            "doctor": self.doctor.ref if me().role is Role.ADMIN else None,
            "type": self._chosen_ref,
        }
        return url_for(endpoint, **(asked | changed))  # type: ignore[arg-type]

    @property
    def _chosen_ref(self) -> str | None:
        kind = self.visit_type
        return kind.ref if kind and kind is not _shortest(self.visit_types) else None


def scene_asked_for() -> Scene | None:
    """The agenda that the address asks for; nothing where it has to be said whose."""
    desk = openings.desk()
    doctor = chosen_doctor()
    if doctor is None:
        return None
    facts = desk.catalogue.by_id.get(doctor.id)
    zone = zone_of(desk, facts)
    today = desk.at.astimezone(zone).date()
    kinds = facts.bookable_by_staff if facts else ()
    wanted = next((kind for kind in kinds if kind.ref == request.args.get("type")), None)
    return Scene(
        doctor=doctor,
        facts=facts,
        desk=desk,
        zone=zone,
        view=DAY if request.args.get("view") == DAY else WEEK,
        on=a_day(request.args.get("day")) or _day_asked_about(zone) or today,
        today=today,
        visit_type=wanted or _shortest(kinds),
    )


def _day_asked_about(zone: ZoneInfo) -> date | None:
    tick = a_tick(request.args.get("at"))
    if tick is None:
        return None
    on = instant_of(tick).astimezone(zone).date()
    return on if FIRST_YEAR <= on.year <= LAST_YEAR else None


def _shortest(kinds: Sequence[VisitTypeFacts]) -> VisitTypeFacts | None:
    return min(kinds, key=lambda kind: kind.minutes, default=None)
