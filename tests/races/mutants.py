"""Ways to build it that look right and are not. Each test of a race must notice its mutants."""

from __future__ import annotations

from threading import Barrier

import pytest
from sqlalchemy import update

from app.clinic import revision
from app.clock import tick_of
from app.extensions import db
from app.models import Appointment
from app.models import AppointmentStatus as Status
from app.scheduling import agenda, claims, holds, openings, refusals
from app.scheduling.days import date_of
from app.scheduling.holders import Holder
from app.scheduling.states import OWNS_CLAIMS
from tests.races.people import Hold
from tests.races.racing import PATIENCE


def check_then_insert(monkeypatch: pytest.MonkeyPatch, together: int = 0) -> Hold:
    """Look whether the time is free; then write the appointment, and nothing that could refuse it.

    With `together`, so many people look before the first of them writes.
    """
    monkeypatch.setattr(claims, "take", lambda *_: None)
    return _hold_after_a_look(monkeypatch, together)


def unique_start_only(monkeypatch: pytest.MonkeyPatch) -> Hold:
    """Look whether the time is free; then let a unique key refuse an equal start."""

    def take(appointment: Appointment, doctor_calendar: int, _: int | None) -> None:
        start = range(tick_of(appointment.starts_at), tick_of(appointment.starts_at) + 1)
        claims._insert(appointment, doctor_calendar, start, refusals.OpeningTaken)

    monkeypatch.setattr(claims, "take", take)
    return _hold_after_a_look(monkeypatch, 0)


def _hold_after_a_look(monkeypatch: pytest.MonkeyPatch, together: int) -> Hold:
    meeting = Barrier(together) if together else None
    hold, look = holds.hold, openings.require

    def held(holder: Holder, doctor_ref: str, visit_type_ref: str, tick: int, key: str):
        desk = openings.desk()
        doctor = desk.catalogue.doctor(doctor_ref)
        visit_type = doctor.visit_type(visit_type_ref) if doctor else None
        assert doctor is not None
        assert visit_type is not None
        look(desk, doctor, visit_type, tick)
        db.session.rollback()
        if meeting is not None:
            meeting.wait(PATIENCE)
        return hold(holder, doctor_ref, visit_type_ref, tick, key)

    def require(desk, doctor, visit_type, tick, apart_from=None):
        day = date_of(tick, desk.settings.zoneinfo)
        shape = agenda.shapes(desk.revision, (doctor.id,), day, day)[doctor.id]
        return openings.Opening(doctor, visit_type, shape.places[0].location, tick)

    monkeypatch.setattr(openings, "require", require)
    return held


def set_without_compare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Change the status, whatever it has become since it was read."""

    def set_anyway(appointment: Appointment, to: Status, also: dict[str, object]) -> None:
        db.session.execute(
            update(Appointment)
            .where(Appointment.id == appointment.id)
            .values(status=to, version=Appointment.version + 1, **also)
        )
        if to not in OWNS_CLAIMS:
            claims.release(appointment)

    monkeypatch.setattr("app.scheduling.moves._set", set_anyway)


def no_revision_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the revision without keeping it."""
    monkeypatch.setattr(revision, "lock", revision.current_with_time)
