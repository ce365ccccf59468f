"""The board: one doctor's visits of one day, in order of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Response, make_response, render_template, request, url_for

from app.directory.facts import DoctorFacts
from app.doctor import bp, whose
from app.doctor.rows import Row, rows_of
from app.formats import clock_time
from app.htmx import respond, tag_of, tagged, unchanged, wants_fragment
from app.inputs import a_day
from app.models import AppointmentStatus as Status
from app.models import Doctor, Role
from app.scheduling import appointments, openings, strip
from app.scheduling.moves import Actor
from app.scheduling.openings import Desk
from app.scheduling.strip import Day, DayState
from app.security import me, only, quiet

ONE_DAY = timedelta(1)
NOT_COMING = frozenset({Status.CANCELLED, Status.NO_SHOW})


@dataclass(frozen=True, slots=True)
class Board:
    """A day of one doctor. `now_before` is the row above which the line of the present stands:
    one past the last for the end, nothing on other days."""

    doctor: Doctor
    on: date
    today: date
    now: datetime
    zone: ZoneInfo
    rows: Sequence[Row]
    day: Day | None

    @property
    def is_past(self) -> bool:
        return self.on < self.today

    @property
    def now_before(self) -> int | None:
        if self.on != self.today or not self.rows:
            return None
        ahead = (n for n, row in enumerate(self.rows) if row.visit.starts_at > self.now)
        return next(ahead, len(self.rows))

    @property
    def coming(self) -> int:
        """Visits that take place, or took place."""
        return sum(row.visit.status not in NOT_COMING for row in self.rows)

    @property
    def waiting(self) -> int:
        return self._with(Status.ARRIVED)

    @property
    def to_answer(self) -> int:
        return self._with(Status.REQUESTED)

    @property
    def done(self) -> int:
        return self._with(Status.COMPLETED)

    @property
    def unclosed(self) -> int:
        return sum(row.is_unclosed for row in self.rows)

    @property
    def tag(self) -> str:
        """The same as long as the page would look the same."""
        now = clock_time(self.now, self.zone) if self.on == self.today else ""
        return tag_of(self.doctor.id, self.on, now, self.day, [repr(row) for row in self.rows])

    def _with(self, status: Status) -> int:
        return sum(row.visit.status is status for row in self.rows)


@bp.get("/board/")
@only(Role.DOCTOR, Role.ADMIN)
def board() -> Response:
    """The board of a day; admins choose whose."""
    doctor = whose.chosen_doctor()
    if doctor is None:
        return whose.choose("doctor.board")
    if doctor.approved_at is None:
        return whose.waiting(doctor)
    desk = openings.desk()
    shown = _board_of(doctor, desk)
    return respond(
        "doctor/board.html",
        "doctor/_visits.html",
        board=shown,
        doctors=desk.catalogue.doctors if me().role is Role.ADMIN else (),
        day_address=lambda on: _address(shown, on),
        live_address=_live_address(shown),
    )


@bp.get("/board/visits/")
@only(Role.DOCTOR, Role.ADMIN)
@quiet
def board_visits() -> Response:
    """The part of the board that lives."""
    doctor = whose.chosen_doctor()
    if not wants_fragment() or doctor is None or doctor.approved_at is None:
        whole: Response = board()
        return whole
    shown = _board_of(doctor, openings.desk())
    same = unchanged(shown.tag)
    if same is not None:
        return same
    part = render_template("doctor/_visits.html", board=shown, live_address=_live_address(shown))
    return tagged(make_response(part), shown.tag)


def _board_of(doctor: Doctor, desk: Desk) -> Board:
    facts = desk.catalogue.by_id.get(doctor.id)
    zone = whose.zone_of(desk, facts)
    today = desk.at.astimezone(zone).date()
    on = a_day(request.args.get("day")) or today
    rows = rows_of(appointments.board_of(doctor, on), Actor.of(me()).who, desk)
    day = None if rows else _what_the_day_offers(desk, facts, on)
    return Board(doctor, on, today, desk.at, zone, rows, day)


def _what_the_day_offers(desk: Desk, facts: DoctorFacts | None, on: date) -> Day | None:
    """Why nobody comes: a day off, a closed place, or simply times that are still open."""
    if facts is None or not facts.visit_types:
        return None
    shortest = min(facts.visit_types, key=lambda visit_type: visit_type.minutes)
    day = strip.of_days(desk, [facts], shortest, on, days=1)[0]
    return day if day.state in {DayState.OPEN, DayState.CLOSED} else None


def _address(shown: Board, on: date) -> str:
    return url_for("doctor.board", day=None if on == shown.today else on, doctor=_ref(shown))


def _live_address(shown: Board) -> str:
    return url_for("doctor.board_visits", day=shown.on, doctor=_ref(shown))


def _ref(shown: Board) -> str | None:
    return shown.doctor.ref if me().role is Role.ADMIN else None
