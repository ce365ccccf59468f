"""How often this process asks the gateway for one payment: pages that live ask the database as
often as they like, and what the gateway tells by itself stands there at once."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from app import clock

EVERY = timedelta(seconds=10)
MOST = 2000  # payments that are remembered


@dataclass(slots=True)
class Pace:
    """When each payment, by its reference, was last asked for; and which had no answer."""

    _asked: OrderedDict[str, datetime] = field(default_factory=OrderedDict)
    _silent: set[str] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    def is_due(self, ref: str) -> bool:
        """Whether a payment may be asked for now; then that is noted."""
        now = clock.now()
        with self._lock:
            last = self._asked.get(ref)
            if last is not None and last <= now < last + EVERY:
                return False
            self._asked[ref] = now
            self._asked.move_to_end(ref)
            if len(self._asked) > MOST:
                oldest, _ = self._asked.popitem(last=False)
                self._silent.discard(oldest)
            return True

    def heard(self, ref: str, *, answered: bool) -> None:
        """Note whether the gateway has answered."""
        with self._lock:
            (self._silent.discard if answered else self._silent.add)(ref)

    def is_silent(self, ref: str) -> bool:
        """Whether the gateway did not answer when it was last asked."""
        return ref in self._silent


PACE = Pace()
