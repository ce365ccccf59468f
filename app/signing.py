"""Links that carry their own permission: signed, for one purpose, until an instant.

Nothing about them is stored. Whoever has the link may do the one thing that it is for, so pages
behind one show no more than that needs; the secret key of the installation makes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from itsdangerous import BadData, URLSafeSerializer

LONGEST = 300


class Purpose(StrEnum):
    """What a signed link is for. A link for one thing is no link for another."""

    SEE_VISIT = "see-visit"
    MOVE_VISIT = "move-visit"
    CANCEL_VISIT = "cancel-visit"
    STOP_REMINDERS = "stop-reminders"
    STOP_AGENDA = "stop-agenda"
    CALENDAR_FEED = "calendar-feed"


@dataclass(frozen=True, slots=True)
class Signer:
    """Makes and reads the links of one installation, by its secret key."""

    key: str

    def token(self, purpose: Purpose, subject: str, until: datetime | None = None) -> str:
        """A token, safe in an address, that `subject` may be dealt with until an instant; without
        one it ends only with the subject or the key."""
        ends = int(until.timestamp()) if until is not None else 0
        return str(self._serializer(purpose).dumps([subject, ends]))

    def subject(self, purpose: Purpose, token: str, at: datetime) -> str | None:
        """Whom or what a token serves at the instant `at`; None for one that is forged, for
        another purpose, or over."""
        if len(token) > LONGEST:
            return None
        try:
            subject, ends = self._serializer(purpose).loads(token)
        except (BadData, ValueError, TypeError):
            return None
        return str(subject) if not ends or at.timestamp() < ends else None

    def _serializer(self, purpose: Purpose) -> URLSafeSerializer:
        return URLSafeSerializer(self.key, salt=f"docket.{purpose.value}")
