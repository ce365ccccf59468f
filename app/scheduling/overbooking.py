"""Booking on purpose where nothing is open: over another visit, or outside the hours.

It takes two steps. The first says what stands in the way; the second books only what was said.
Such a visit claims nothing of the doctor's time. The patient's own time is claimed all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from app.clinic import audit
from app.clock import instant_of
from app.directory.facts import DoctorFacts, LocationFacts, VisitTypeFacts
from app.errors import ChangedMeanwhile, ClinicError
from app.models import Appointment, Patient, User
from app.scheduling import diary, openings, refusals, staff_bookings, why
from app.scheduling.days import date_of, local_day, run
from app.scheduling.diary import Diary
from app.scheduling.openings import Desk, Opening, length_of
from app.scheduling.staff_bookings import Wanted
from app.scheduling.why import Why
from app.transaction import transactional

FARTHEST = timedelta(days=366)
OVERBOOKED = "appointment.overbooked"


class StillOpen(ClinicError):
    sentence = "This time is open, so nothing has to be overbooked. Book it as usual."


class NoWord(ClinicError):
    status = 422
    sentence = "Write why; whoever reads the board wants to know."


class OtherClash(ChangedMeanwhile):
    sentence = "Meanwhile something else stands in the way. Look at it, and decide again."


@dataclass(frozen=True, slots=True)
class Clash:
    """What stands in the way of a visit: other visits, and why the time is not open."""

    opening: Opening
    visits: tuple[Appointment, ...]
    why: Why

    @property
    def is_open(self) -> bool:
        return self.why.is_bookable

    @property
    def seen(self) -> frozenset[str]:
        """Words for all that stands in the way, for a form to say what its reader has seen."""
        return frozenset({self.why.reason.value, *(visit.ref for visit in self.visits)})


def clash(desk: Desk, doctor: DoctorFacts, kind: VisitTypeFacts, tick: int) -> Clash:
    """What stands in the way of a visit at a tick. Raises InThePast, TooFarAhead, NotBookable."""
    if instant_of(tick) <= desk.at:
        raise refusals.InThePast
    if instant_of(tick) > desk.at + FARTHEST:
        raise refusals.TooFarAhead
    on = date_of(tick, desk.settings.zoneinfo)
    known = diary.read(desk, doctor.id, on, on)
    length = length_of(kind)
    first, last = tick - length.before, tick + length.ticks + length.after
    meeting = (
        visit
        for visit in known.visits
        if visit.busy_from_tick < last and first < visit.busy_until_tick
    )
    opening = Opening(doctor, kind, _place(known, doctor, tick), tick)
    return Clash(opening, tuple(meeting), why.explain(known, kind, tick))


@transactional
def overbook(
    actor: User, patient: Patient, wanted: Wanted, word: str, seen: frozenset[str]
) -> Appointment:
    """Book a visit over what the actor has `seen` to stand in the way, and keep the `word` why.

    Raises StillOpen, NoWord, OtherClash, and what `clash` and `staff_bookings.book` raise.
    """
    desk = openings.desk(lock=True)
    doctor, kind = staff_bookings.offered(desk, actor, wanted)
    earlier = staff_bookings.begin(desk, actor, patient, doctor, wanted)
    if earlier is not None:
        return earlier
    found = clash(desk, doctor, kind, wanted.tick)
    if found.is_open:
        raise StillOpen
    if not word.strip():
        raise NoWord
    if found.seen - seen:
        raise OtherClash
    appointment = staff_bookings.add(desk, found.opening, actor, patient, wanted)
    appointment.is_overbooked = True
    appointment.overbooked_by_id = actor.id
    audit.record(
        actor,
        OVERBOOKED,
        appointment,
        name=appointment.ref,
        after={"is_overbooked": True, "over": [visit.ref for visit in found.visits]},
        reason=word.strip()[: staff_bookings.LONGEST_REASON],
    )
    return staff_bookings.confirm(appointment, actor, patient)


def _place(known: Diary, doctor: DoctorFacts, tick: int) -> LocationFacts:
    """Where the doctor is then, or else on that day, or else usually."""
    for place in known.places:
        if known.has(place.planned, tick):
            return place.location
    for place in known.places:
        day = local_day(date_of(tick, place.location.zone), place.location.zone)
        if place.planned >> (day.first - known.window.first) & run(day.last - day.first):
            return place.location
    usual = (*doctor.locations, *(place.location for place in known.places))
    if not usual:
        raise refusals.NotBookable("This doctor has no place to see patients at yet.")
    return usual[0]
