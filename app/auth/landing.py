"""Where somebody goes once they are in: back to what they were doing, or to their own place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import ceil

from flask import Response, request, session, url_for

from app import clock
from app.clock import tick_of
from app.directory import setup
from app.formats import local_day
from app.htmx import see_other
from app.inputs import own_path
from app.models import Appointment, Role, User
from app.scheduling import holders
from app.security import holder, may_hold, may_open, me, sign_in

PLACES = {
    Role.PATIENT: "patient.appointments",
    Role.DOCTOR: "doctor.today",
    Role.ADMIN: "admin.overview",
}


def wanted_address() -> str | None:
    """The page of this site that somebody wanted before they had to sign in."""
    return own_path(request.values.get("next"))


def place_of(user: User, *wanted: str | None) -> str:
    """The first of the wanted pages that there is and that is open to them; else their own."""
    open_ones = (address for address in wanted if address and may_open(user.role, address))
    return next(open_ones, None) or url_for(_own_place(user))


def _own_place(user: User) -> str:
    """The endpoint of somebody's first page; where there is no clinic yet, an admin makes one."""
    is_first_run = user.role is Role.ADMIN and setup.is_needed()
    return "admin.setup" if is_first_run else PLACES[user.role]


def let_in(user: User, *, with_notice: bool = False) -> Response:
    """Sign somebody in and send them on: to the page they wanted, to the time they hold, or to
    their own place. `with_notice` the owner is told of a browser that is new to the account."""
    noted = own_path(session.pop("next", None))
    wanted = wanted_address()
    held = held_time()
    sign_in(user, with_notice=with_notice)
    return see_other(place_of(user, wanted, noted, held.address if held else None))


def to_own_place() -> Response:
    """Send somebody who is signed in already to where they wanted to go."""
    return see_other(place_of(me(), wanted_address()))


@dataclass(frozen=True, slots=True)
class HeldTime:
    """The time that waits for this browser meanwhile, seen at the instant `at`."""

    appointment: Appointment
    at: datetime

    @property
    def minutes_left(self) -> int:
        """Whole minutes, the one that has begun included."""
        ends_at = self.appointment.hold_expires_at or self.at
        return max(1, ceil((ends_at - self.at).total_seconds() / 60))

    @property
    def address(self) -> str:
        """The page on which it is booked."""
        visit = self.appointment
        return url_for(
            "patient.book",
            doctor=visit.doctor.ref,
            visit_type=visit.visit_type.ref,
            day=local_day(visit.starts_at, visit.zone),
            opening=tick_of(visit.starts_at),
        )


def held_time() -> HeldTime | None:
    """The time that this browser holds, if it holds one."""
    held = holders.held_by(holder()) if may_hold() else None
    return HeldTime(held, clock.now()) if held else None
