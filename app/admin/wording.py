"""What events in the audit trail say, in words: fields and values as people call them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.formats import long_time
from app.messaging.choices import leads_in_words

NAMES = {
    "about": "About",
    "approved_at": "Approved",
    "cancel_reason": "Reason of cancelling",
    "confirmed_email": "Confirmed e-mail",
    "email": "E-mail",
    "ends_at": "End",
    "into": "Joined with",
    "is_active": "Active",
    "is_published": "Published",
    "must_change_password": "Has to choose a new password",
    "needs_approval": "Doctor approves",
    "reminder_hours": "Reminders",
    "starts_at": "Start",
    "who_may_book": "Who may book",
}
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NOTHING = "nothing"
LEADS = frozenset({"own_reminders", "reminder_hours"})
UNSAID = frozenset({"ref", "removal", "slug", "version"})  # what only the program reads


@dataclass(frozen=True, slots=True)
class Difference:
    """One field: what it is called, and what it was and is in words, where the event says."""

    name: str
    before: str | None
    after: str | None


def differences(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, zone: ZoneInfo
) -> list[Difference]:
    """The fields of an event, in the order in which it names them; those that stayed and those that
    nobody would understand are left out."""
    old, new = before or {}, after or {}
    return [
        Difference(
            of_field(field),
            in_words(field, old[field], zone) if field in old else None,
            in_words(field, new[field], zone) if field in new else None,
        )
        for field in dict.fromkeys([*old, *new])
        if field not in UNSAID
        and (field not in old or field not in new or old[field] != new[field])
    ]


def of_field(field: str) -> str:
    """`licence_number` is the Licence number."""
    if field in NAMES:
        return NAMES[field]
    plain = field.removesuffix("_cents").removesuffix("_minute").removesuffix("_at")
    return plain.replace("_", " ").capitalize()


def of_action(action: str) -> str:
    """`user.password_asked` is User: password asked."""
    kind, _, change = action.replace("_", " ").partition(".")
    return f"{kind.capitalize()}: {change}" if change else kind.capitalize()


def in_words(field: str, value: Any, zone: ZoneInfo) -> str:
    """A stored value as people would say it."""
    if value is None or value in ("", [], {}):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return "; ".join(f"{of_field(k)}: {in_words(k, one, zone)}" for k, one in value.items())
    if field in LEADS and isinstance(value, list):
        return leads_in_words(value)
    if isinstance(value, list):
        return ", ".join(in_words(field, one, zone) for one in value)
    if isinstance(value, int):
        return _number_in_words(field, value)
    return _text_in_words(field, str(value), zone)


def _number_in_words(field: str, value: int) -> str:
    if field.endswith("_cents"):
        return f"{value / 100:.2f}"
    if field.endswith("_minute"):
        return f"{value // 60:02}:{value % 60:02}"
    if field == "weekday" and 1 <= value <= len(WEEKDAYS):
        return WEEKDAYS[value - 1]
    return str(value)


def _text_in_words(field: str, value: str, zone: ZoneInfo) -> str:
    if field.endswith("_at"):
        try:
            instant = datetime.fromisoformat(value)
        except ValueError:
            return value
        return long_time(instant, zone) if instant.tzinfo else value
    is_word = field in {"status", "role", "mode", "who_may_book"}
    return value.replace("_", " ") if is_word else value
