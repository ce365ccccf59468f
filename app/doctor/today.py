"""The doctor's first page: today at a glance, what wants an answer, the week and the next time
off."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from flask import Response, make_response, render_template

from app.doctor import bp, whose
from app.doctor.time_off import in_words
from app.htmx import respond, tag_of, tagged, unchanged, wants_fragment
from app.models import Appointment, Doctor, Role
from app.scheduling import openings, workload
from app.scheduling.openings import Desk
from app.scheduling.workload import Glance
from app.security import my_doctor, only, quiet


@dataclass(frozen=True, slots=True)
class Scene:
    """Whose day it is, and by which wall it is told."""

    doctor: Doctor
    desk: Desk
    zone: ZoneInfo
    glance: Glance

    @property
    def time_off(self) -> str:
        """The next time off in words."""
        off = self.glance.time_off
        return in_words(off, self.zone) if off else ""

    @property
    def tag(self) -> str:
        """The same as long as the page would look the same."""
        seen = self.glance
        visits = [*seen.visits, *seen.requests]
        people = [(one.ref, one.version, _name(one), one.reason) for one in visits]
        waiting = [(one.visit.ref, one.since) for one in seen.waiting]
        coming = seen.coming.ref if seen.coming else ""
        off = (self.time_off, seen.time_off.note if seen.time_off else "")
        return tag_of(self.doctor.id, seen.today, people, waiting, coming, repr(seen.week), off)


@bp.get("/board/today/")
@only(Role.DOCTOR)
def today() -> Response:
    """The whole page."""
    doctor = my_doctor()
    if doctor.approved_at is None:
        return whose.waiting(doctor)
    return respond("doctor/today.html", "doctor/_today.html", scene=_scene(doctor))


@bp.get("/board/today/live/")
@only(Role.DOCTOR)
@quiet
def today_live() -> Response:
    """The part of it that lives."""
    doctor = my_doctor()
    if not wants_fragment() or doctor.approved_at is None:
        whole: Response = today()
        return whole
    scene = _scene(doctor)
    same = unchanged(scene.tag)
    if same is not None:
        return same
    part = render_template("doctor/_today.html", scene=scene)
    return tagged(make_response(part), scene.tag)


def _scene(doctor: Doctor) -> Scene:
    desk = openings.desk()
    facts = desk.catalogue.by_id.get(doctor.id)
    zone = whose.zone_of(desk, facts)
    return Scene(doctor, desk, zone, workload.read(desk, doctor, zone))


def _name(visit: Appointment) -> str:
    return visit.patient.name if visit.patient else ""
