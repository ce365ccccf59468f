"""The agenda: a doctor's week, or one day of it, with visits, openings and hours; and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Response, make_response, render_template, request, url_for

from app.clock import instant_of, tick_of
from app.directory import approvals
from app.directory.catalogue import DoctorFacts, VisitTypeFacts
from app.doctor import bp, reasons
from app.formats import clock_time
from app.htmx import respond, tag_of, tagged, unchanged, varies, wants_fragment
from app.inputs import FIRST_YEAR, LAST_YEAR, a_day, a_tick
from app.models import Doctor, Role
from app.scheduling import appointments, diary, openings, week, why
from app.scheduling.openings import Desk
from app.scheduling.week import Plan
from app.scheduling.why import Why
from app.security import me, my_doctor, only, quiet

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


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one visit type has to say about a time."""

    visit_type: VisitTypeFacts
    why: Why
    sentence: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A time that was tapped, and what each visit type has to say about it."""

    starts_at: datetime
    verdicts: Sequence[Verdict]

    @property
    def tick(self) -> int:
        return tick_of(self.starts_at)


@bp.get("/board/week/", endpoint="week")
@only(Role.DOCTOR, Role.ADMIN)
def agenda() -> Response:
    """The agenda of a week or a day; admins choose whose."""
    return _page(None)


@bp.get("/board/week/live/")
@only(Role.DOCTOR, Role.ADMIN)
@quiet
def week_live() -> Response:
    """The part of the agenda that lives."""
    scene = _scene()
    if not wants_fragment() or scene is None or scene.doctor.approved_at is None:
        return _page(None)
    plan = scene.plan()
    tag = _tag(scene, plan)
    same = unchanged(tag)
    if same is not None:
        return same
    part = render_template("doctor/_week.html", scene=scene, plan=plan)
    return tagged(make_response(part), tag)


@bp.get("/board/week/why/")
@only(Role.DOCTOR, Role.ADMIN)
def week_why() -> Response:
    """Why a time can be booked, or why not; beside the agenda where there are no scripts."""
    tick = a_tick(request.args.get("at"))
    if not wants_fragment():
        return _page(tick)
    scene = _scene()
    asked = _asked(scene, tick) if scene and tick is not None else None
    return _whole("doctor/_why.html", scene=scene, asked=asked)


@bp.get("/board/sheet/")
@only(Role.DOCTOR, Role.ADMIN)
def day_sheet() -> Response:
    """A day's visits for paper, one line each."""
    scene = _scene()
    if scene is None or scene.doctor.approved_at is None:
        return _page(None)
    rows = appointments.board_of(scene.doctor, scene.on)
    return _whole("doctor/sheet.html", scene=scene, rows=rows)


def _page(tick: int | None) -> Response:
    scene = _scene()
    if scene is None:
        doctors = openings.desk().catalogue.doctors
        return _whole("doctor/week_choose.html", doctors=doctors)
    if scene.doctor.approved_at is None:
        return _whole("doctor/waiting.html", doctor=scene.doctor)
    return respond(
        "doctor/week.html",
        "doctor/_week.html",
        scene=scene,
        plan=scene.plan(),
        asked=_asked(scene, tick) if tick is not None else None,
        doctors=scene.desk.catalogue.doctors if me().role is Role.ADMIN else (),
    )


def _whole(template: str, **context: object) -> Response:
    return varies(make_response(render_template(template, **context)))


def _scene() -> Scene | None:
    desk = openings.desk()
    doctor = _chosen_doctor()
    if doctor is None:
        return None
    facts = desk.catalogue.by_id.get(doctor.id)
    zone = facts.locations[0].zone if facts and facts.locations else desk.settings.zoneinfo
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


def _chosen_doctor() -> Doctor | None:
    if me().role is Role.DOCTOR:
        return my_doctor()
    ref = request.args.get("doctor")
    return approvals.doctor_of(ref) if ref else None


def _asked(scene: Scene, tick: int) -> Asked:
    """The chosen visit type speaks first."""
    starts_at = instant_of(tick)
    on = starts_at.astimezone(scene.zone).date()
    known = diary.read(scene.desk, scene.doctor.id, on, on)
    kinds = sorted(scene.visit_types, key=lambda kind: kind is not scene.visit_type)
    verdicts = []
    for kind in kinds:
        found = why.explain(known, kind, tick)
        said = reasons.sentence(found, kind, scene.zone, scene.desk.settings)
        verdicts.append(Verdict(kind, found, said))
    return Asked(starts_at, verdicts)


def _tag(scene: Scene, plan: Plan) -> str:
    """The same as long as the agenda would look the same; the present moves on by rows."""
    now = tick_of(scene.desk.at) if scene.is_present else 0
    people = [
        (one.ref, one.visit.status, one.visit.patient.name if one.visit.patient else "")
        for day in plan.days
        for block in day.blocks
        if isinstance(block, week.Visits)
        for lane in block.lanes
        for one in lane
    ]
    return tag_of(scene.doctor.id, scene.view, scene.on, now, repr(plan), people)
