"""The only module that assigns an appointment's status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, inspect, select, update
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.attributes import set_committed_value

from app.clinic import audit
from app.errors import NotAllowed
from app.extensions import db
from app.models import Appointment, AuditEvent, Role, User
from app.models import AppointmentStatus as Status
from app.scheduling import claims, floors
from app.scheduling.refusals import ChangedMeanwhile, NotNow
from app.scheduling.states import OWNS_CLAIMS, Who, may_move
from app.transaction import rows_changed

STATUS_ACTION = "appointment.status"
UNDO_ACTION = "appointment.undo"
SEEN_IN_CALENDARS = frozenset({Status.REQUESTED, Status.CONFIRMED, Status.CANCELLED})


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody, in the capacity in which they act; nobody, for time."""

    user: User | None
    who: Who

    @classmethod
    def of(cls, user: User) -> Actor:
        by_role = {Role.ADMIN: Who.STAFF, Role.DOCTOR: Who.DOCTOR, Role.PATIENT: Who.PATIENT}
        return cls(user, by_role[user.role])


TIME = Actor(None, Who.TIME)


def move_on(
    appointment: Appointment,
    to: Status,
    actor: Actor,
    *,
    version: int,
    why: str = "",
    **also: Any,
) -> None:
    """Move an appointment to another status: compare-and-set, audit event, claims given up when
    the new status owns none. `why` is kept with the event; `also` are columns that change too.

    `version` is the one that the actor has seen. Doing again what one has just done oneself (a
    double click, a replay after a lost connection) is no fault. Raises NotAllowed when this actor
    may never make this move, NotNow when the present status has no such move, ChangedMeanwhile
    when somebody else was faster; the transaction must then end.
    """
    before = appointment.status
    if appointment.version != version:
        if _did_it_already(appointment, to, actor, version):
            return
        raise ChangedMeanwhile
    if not may_move(before, to, actor.who):
        if any(may_move(before, to, who) for who in Who):
            raise NotAllowed
        raise NotNow
    _set(appointment, to, {"cancel_reason": why, **also} if to is Status.CANCELLED else also)
    audit.record(
        actor.user,
        STATUS_ACTION,
        appointment,
        name=appointment.ref,
        before={"status": before.value},
        after={"status": to.value},
        reason=why,
    )


def go_back(appointment: Appointment, to: Status, actor: Actor, *, version: int) -> None:
    """Take the last move back to the status `to`. Raises ChangedMeanwhile."""
    before = appointment.status
    if appointment.version != version:
        raise ChangedMeanwhile
    _set(appointment, to, {"cancel_reason": ""})
    audit.record(
        actor.user,
        UNDO_ACTION,
        appointment,
        name=appointment.ref,
        before={"status": before.value},
        after={"status": to.value},
    )


def last_move(appointment: Appointment) -> AuditEvent | None:
    """The latest event that changed the appointment's status or time."""
    return db.session.scalars(
        select(AuditEvent)
        .where(
            AuditEvent.object_kind == audit.kind_of(appointment),
            AuditEvent.object_id == appointment.id,
        )
        .order_by(AuditEvent.id.desc())
        .limit(1)
    ).first()


def last_moves(appointments: Sequence[Appointment]) -> dict[int, AuditEvent]:
    """The latest event of each appointment, by its id, with who did it; in one query."""
    latest = (
        select(func.max(AuditEvent.id))
        .where(
            AuditEvent.object_kind == "appointment",
            AuditEvent.object_id.in_([appointment.id for appointment in appointments]),
        )
        .group_by(AuditEvent.object_id)
    )
    query = select(AuditEvent).options(joinedload(AuditEvent.actor))
    events = db.session.scalars(query.where(AuditEvent.id.in_(latest)))
    return {event.object_id: event for event in events}


def _set(appointment: Appointment, to: Status, also: dict[str, Any]) -> None:
    owned = appointment.status in OWNS_CLAIMS
    written = {"held_by_browser": None, **also}
    if {appointment.status, to} <= SEEN_IN_CALENDARS:  # which take for an update what has risen
        written["calendar_sequence"] = appointment.calendar_sequence + 1
    changed = rows_changed(
        update(Appointment)
        .where(
            Appointment.id == appointment.id,
            Appointment.status == appointment.status,
            Appointment.version == appointment.version,
        )
        .values(status=to, version=Appointment.version + 1, **written)
    )
    if changed != 1:
        raise ChangedMeanwhile
    if owned and to not in OWNS_CLAIMS:
        claims.release(appointment)
        floors.lower(appointment.doctor_id, appointment.busy_from_tick)
    # The row is as just written: reading it again would tell nothing new.
    for name, value in {"status": to, "version": appointment.version + 1, **written}.items():
        set_committed_value(appointment, name, value)
    db.session.expire(appointment, inspect(Appointment).relationships.keys())


def _did_it_already(appointment: Appointment, to: Status, actor: Actor, version: int) -> bool:
    if appointment.status is not to or appointment.version != version + 1:
        return False
    last = last_move(appointment)
    return last is not None and actor.user is not None and last.actor_id == actor.user.id
