"""Closures: times in which a whole location is closed, with the reason that the public reads."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload

from app import clock
from app.clinic import audit, removals, revision
from app.clinic.removals import Irretrievable
from app.clock import instant_of
from app.directory import entries
from app.errors import ChangedMeanwhile, ClinicError, NotFound
from app.extensions import db
from app.models import Closure, Location, User
from app.paging import Page, page_of
from app.scheduling import hits
from app.scheduling.days import ONE_DAY, WHOLE_DAY, local_day
from app.scheduling.hits import NO_ANSWER, Answer, Hit
from app.scheduling.wishes import TIME_OFF, Span, Wish, spans_of
from app.transaction import transactional

LONGEST_REASON = 120


class Over(ClinicError):
    sentence = "This closure is over, and stays in the records as it was."


class When(StrEnum):
    """Which closures are listed: those that are not over, the next first; or the others, the
    latest first."""

    UPCOMING = "upcoming"
    PAST = "past"


@dataclass(frozen=True, slots=True)
class Times:
    """On the wall of the location: from a minute of the first day until a minute of the last."""

    first_day: date
    last_day: date
    starts_minute: int = 0
    ends_minute: int = WHOLE_DAY

    @property
    def are_whole_days(self) -> bool:
        return self.starts_minute == 0 and self.ends_minute == WHOLE_DAY


@dataclass(frozen=True, slots=True)
class Line:
    """A closure in the list, and when it is as people say it."""

    closure: Closure
    times: Times


def find(when: When, location: Location | None, number: int) -> Page[Line]:
    """A page of the closures of a location, or of all."""
    query = select(Closure).options(joinedload(Closure.location))
    if location is not None:
        query = query.where(Closure.location_id == location.id)
    is_ahead = Closure.ends_at > clock.now()
    query = query.where(is_ahead if when is When.UPCOMING else ~is_ahead)
    order: list[ColumnElement[Any]] = [Closure.starts_at.asc(), Closure.id.asc()]
    if when is When.PAST:
        order = [Closure.starts_at.desc(), Closure.id.desc()]
    page = page_of(query, Closure.id.expression, order, number)
    lines = [Line(row, times_of(row)) for row in page.rows]
    return Page(lines, page.number, page.total, is_more=page.is_more)


def of_number(number: int) -> Closure:
    """The closure of that number. Raises NotFound."""
    query = select(Closure).options(joinedload(Closure.location)).where(Closure.id == number)
    found = db.session.scalars(query).one_or_none()
    if found is None:
        raise NotFound("We could not find that closure. Somebody may have deleted it.")
    return found


def times_of(closure: Closure) -> Times:
    """When a closure is, on the wall of its location."""
    zone = closure.location.zoneinfo
    begin, end = closure.starts_at.astimezone(zone), closure.ends_at.astimezone(zone)
    last_day, ends_minute = end.date(), end.hour * 60 + end.minute
    if closure.ends_at == instant_of(local_day(last_day, zone).first):
        last_day, ends_minute = last_day - ONE_DAY, WHOLE_DAY
    starts_minute = begin.hour * 60 + begin.minute
    if closure.starts_at == instant_of(local_day(begin.date(), zone).first):
        starts_minute = 0
    return Times(begin.date(), last_day, starts_minute, ends_minute)


def version_of(closure: Closure) -> str:
    """A short name of a closure as it stands: another time or reason, another name."""
    stands = repr((closure.starts_at.isoformat(), closure.ends_at.isoformat(), closure.reason))
    return hashlib.blake2b(stands.encode(), digest_size=9).hexdigest()


def is_over(closure: Closure) -> bool:
    """Whether a closure has passed, and stays as it was."""
    return closure.ends_at <= clock.now()


@transactional
def add(
    places: Sequence[Location],
    times: Times,
    reason: str,
    actor: User,
    *,
    answer: Answer = NO_ANSWER,
) -> tuple[Hit, ...]:
    """Close some locations, each at these times on its own wall; the visits that this has hit.
    Where it is closed so already, nothing is added.

    Raises Faulty, hits.Unanswered (and NoReason), NotAllowed.
    """
    _begin(actor)
    wanted = [(place, *_span(place, times)) for place in places]
    spans = [closing for closing in wanted if not _is_closed(*closing, reason)]
    hit = [one for place, begin, end in spans for one in hits.of_closure(place, begin, end)]
    for place, begin, end in spans:
        closure = _close(place, begin, end, reason)
        audit.record(
            actor, "closure.created", closure, name=place.name, after=_facts(closure, place)
        )
    hits.settle(hit, answer, actor)
    return tuple(hit)


@transactional
def change(
    closure: Closure,
    times: Times,
    reason: str,
    actor: User,
    *,
    version: str,
    answer: Answer = NO_ANSWER,
) -> tuple[Hit, ...]:
    """Give a closure other times or another reason; the visits that this has hit anew. The time
    that becomes free can be booked.

    Raises Over, Faulty, hits.Unanswered (and NoReason), NotAllowed, NotFound, ChangedMeanwhile.
    """
    place = _lock(closure, actor, version)
    begin, end = _span(place, times)
    before = _facts(closure, place)
    hit = hits.of_closure(place, begin, end)
    closure.starts_at, closure.ends_at, closure.reason = begin, end, reason
    db.session.flush()
    after = _facts(closure, place)
    changed = [name for name in after if after[name] != before[name]]
    if changed:
        audit.record(
            actor,
            "closure.changed",
            closure,
            name=place.name,
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
        )
    hits.settle(hit, answer, actor)
    return hit


@transactional
def remove(closure: Closure, actor: User, *, version: str) -> int:
    """Open a location again; the number by which `restore` closes it as before. Visits that were
    cancelled for the closure stay cancelled. Raises Over, NotAllowed, NotFound, ChangedMeanwhile.
    """
    place = _lock(closure, actor, version)
    number = removals.record(actor, closure, name=place.name, before=_facts(closure, place))
    db.session.delete(closure)
    return number


@transactional
def restore(number: int, actor: User, *, answer: Answer = NO_ANSWER) -> tuple[Hit, ...]:
    """Close a location again as it was before a removal; the visits that this has hit.

    Raises NotFound, removals.Irretrievable, hits.Unanswered (and NoReason), NotAllowed.
    """
    _begin(actor)
    removal, stored = removals.to_take_back("closure", number)
    named = select(Location).where(Location.name == stored["location"])
    place = db.session.scalars(named).first()
    if place is None:
        raise Irretrievable(f"No location is called {stored['location']} any more.")
    begin, end = (datetime.fromisoformat(stored[name]) for name in ("starts_at", "ends_at"))
    if end <= clock.now():
        raise Irretrievable("The time of this closure is over, so there is nothing to bring back.")
    hit = hits.of_closure(place, begin, end)
    closure = _close(place, begin, end, stored["reason"])
    removals.record_return(actor, closure, removal, _facts(closure, place))
    hits.settle(hit, answer, actor)
    return hit


def _begin(actor: User) -> None:
    # Before any other lock, and in the order in which bookings take theirs.
    revision.bump()
    entries.check_admin(actor)


def _lock(closure: Closure, actor: User, version: str) -> Location:
    """Let nobody book or close until this transaction ends; where the closure is."""
    number = entries.number_of(closure)
    _begin(actor)
    query = select(Closure).where(Closure.id == number).with_for_update()
    if db.session.scalars(query.execution_options(populate_existing=True)).first() is None:
        raise NotFound("Somebody has deleted this closure meanwhile.")
    if version_of(closure) != version:
        raise ChangedMeanwhile
    if is_over(closure):
        raise Over
    return closure.location


def _is_closed(place: Location, begin: datetime, end: datetime, reason: str) -> bool:
    same = {"location_id": place.id, "starts_at": begin, "ends_at": end, "reason": reason}
    return db.session.scalars(select(Closure.id).filter_by(**same)).first() is not None


def _close(place: Location, begin: datetime, end: datetime, reason: str) -> Closure:
    closure = Closure(location_id=place.id, starts_at=begin, ends_at=end, reason=reason)
    db.session.add(closure)
    db.session.flush()
    return closure


def _span(place: Location, times: Times) -> Span:
    return spans_of(
        Wish(
            TIME_OFF,
            place.zoneinfo,
            times.first_day,
            times.last_day,
            times.starts_minute,
            times.ends_minute,
        )
    )[0]


def _facts(closure: Closure, place: Location) -> dict[str, Any]:
    return {
        "location": place.name,
        "starts_at": closure.starts_at.isoformat(timespec="seconds"),
        "ends_at": closure.ends_at.isoformat(timespec="seconds"),
        "reason": closure.reason,
    }
