"""What the last reconciliation found, kept for the next one and for the admins' page."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from app.extensions import db
from app.models import Setting
from app.transaction import Overtaken, rows_changed, transactional

NAME = "payments_reconciled"
MOST_KEPT = 100


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was repaired, or that somebody has to look into; by our reference where
    there is one, and by Stripe's."""

    what: str
    payment: str = ""
    stripe_id: str = ""


@dataclass(slots=True)
class Result:
    """What a reconciliation looked at since an instant, and what came of it."""

    at: datetime
    since: datetime
    looked_at: dict[str, int] = field(default_factory=dict)
    repaired: list[Finding] = field(default_factory=list)
    problems: list[Finding] = field(default_factory=list)

    def saw(self, what: str, number: int = 1) -> None:
        """Count things that were looked at."""
        self.looked_at[what] = self.looked_at.get(what, 0) + number


def last() -> Result | None:
    """The last reconciliation that came to its end, if there was one."""
    kept: Any = db.session.scalar(select(Setting.value).where(Setting.name == NAME))
    if kept is None:
        return None
    return Result(
        at=datetime.fromisoformat(kept["at"]),
        since=datetime.fromisoformat(kept["since"]),
        looked_at=kept["looked_at"],
        repaired=[Finding(**one) for one in kept["repaired"]],
        problems=[Finding(**one) for one in kept["problems"]],
    )


@transactional
def keep(result: Result) -> None:
    """Keep a result in place of the last one. By a bare statement, since openings do not depend on
    it and caches need not be emptied."""
    value = {
        "at": result.at.isoformat(),
        "since": result.since.isoformat(),
        "looked_at": result.looked_at,
        "repaired": [asdict(one) for one in result.repaired[:MOST_KEPT]],
        "problems": [asdict(one) for one in result.problems[:MOST_KEPT]],
    }
    if rows_changed(update(Setting).where(Setting.name == NAME).values(value=value)):
        return
    if db.session.scalar(select(Setting.name).where(Setting.name == NAME)) is not None:
        return  # another one has just kept the very same
    try:
        db.session.execute(insert(Setting).values(name=NAME, value=value))
    except IntegrityError as fault:
        raise Overtaken from fault
