"""How much of today can be worked at each location, and whether anybody keeps the house."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from sqlalchemy import func, select

from app.extensions import db
from app.models import OpeningFloor
from app.scheduling import agenda
from app.scheduling.availability import count
from app.scheduling.days import local_day
from app.scheduling.openings import ZONES_APART, Desk

WORKER_SILENT = timedelta(minutes=15)


def open_today(desk: Desk) -> dict[int, int]:
    """How many ticks of today the published doctors are open for at each location, by its number,
    on its own date; closures and time off do not count."""
    ids = tuple(doctor.id for doctor in desk.catalogue.doctors)
    first, last = desk.at.date() - ZONES_APART, desk.at.date() + ZONES_APART
    ticks: Counter[int] = Counter()
    for shape in agenda.shapes(desk.revision, ids, first, last).values():
        for place in shape.places:
            day = local_day(desk.today(place.location), place.location.zone)
            whole_day = (1 << (day.last - day.first)) - 1
            ticks[place.location.id] += count(
                place.open >> day.first - shape.window.first & whole_day
            )
    return dict(ticks)


def is_worker_silent(desk: Desk) -> bool:
    """Whether no worker has done for a quarter of an hour what one does every few minutes. Where
    no doctor is published it has nothing to do, and nobody can tell."""
    if not desk.catalogue.doctors:
        return False
    last = db.session.scalar(select(func.max(OpeningFloor.raised_at)))
    return last is None or last < desk.at - WORKER_SILENT
