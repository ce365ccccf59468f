"""The agenda: a doctor's week, or one day of it, with visits, openings and hours; and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Response, make_response, render_template, request

from app.clock import instant_of, tick_of
from app.directory.facts import VisitTypeFacts
from app.doctor import bp, reasons, whose
from app.doctor.scene import Scene, scene_asked_for
from app.htmx import respond, tag_of, tagged, unchanged, varies, wants_fragment
from app.inputs import a_tick
from app.messaging import told
from app.models import Role
from app.scheduling import appointments, diary, week, why
from app.scheduling.week import Plan
from app.scheduling.why import Why
from app.security import me, only, quiet


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
    scene = scene_asked_for()
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
    scene = scene_asked_for()
    asked = _asked(scene, tick) if scene and tick is not None else None
    return _whole("doctor/_why.html", scene=scene, asked=asked)


@bp.get("/board/sheet/")
@only(Role.DOCTOR, Role.ADMIN)
def day_sheet() -> Response:
    """A day's visits for paper, one line each."""
    scene = scene_asked_for()
    if scene is None or scene.doctor.approved_at is None:
        return _page(None)
    rows = appointments.board_of(scene.doctor, scene.on)
    tellings = told.of(rows, scene.desk.at)
    return _whole("doctor/sheet.html", scene=scene, rows=rows, tellings=tellings)


def _page(tick: int | None) -> Response:
    scene = scene_asked_for()
    if scene is None:
        return whose.choose("doctor.week")
    if scene.doctor.approved_at is None:
        return whose.waiting(scene.doctor)
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
