"""What happened to a visit, in words: for its history, and for whoever comes too late."""

from __future__ import annotations

from datetime import datetime

from app.formats import clock_time, local_day, long_time
from app.models import Appointment, AuditEvent, User

BECAME = {
    "held": "Time held",
    "requested": "Requested",
    "confirmed": "Confirmed",
    "arrived": "Marked as arrived",
    "in_consultation": "Started",
    "completed": "Completed",
    "no_show": "Marked as a no-show",
    "cancelled": "Cancelled",
    "expired": "Given back",
}


def deed(event: AuditEvent, visit: Appointment) -> str:
    """`Marked as arrived`, `Moved from Tuesday 24 November, 10:30`, `Taken back to confirmed`."""
    before, after = event.before or {}, event.after or {}
    status = BECAME.get(after.get("status", ""), "Changed")
    if event.action == "appointment.moved" and "starts_at" in before:
        return f"Moved from {long_time(datetime.fromisoformat(before['starts_at']), visit.zone)}"
    if event.action == "appointment.overbooked":
        return "Overbooked on purpose"
    if event.action == "appointment.undo":
        return f"Taken back to {status[:1].lower()}{status[1:]}"
    return status


def doer(event: AuditEvent, me: User) -> str:
    """Who it was, as this reader would say."""
    if event.actor is None:
        return "nobody in person"
    return "you" if event.actor_id == me.id else event.actor.name


def meanwhile(event: AuditEvent, visit: Appointment, me: User, now: datetime) -> str:
    """What somebody is told whose click came too late."""
    what = deed(event, visit)
    is_today = local_day(event.at, visit.zone) == local_day(now, visit.zone)
    when = (clock_time if is_today else long_time)(event.at, visit.zone)
    done = f"{what[:1].lower()}{what[1:]} by {doer(event, me)}"
    return f"Meanwhile this visit was {done}, at {when}. Nothing else was changed."
