"""The payments of a period as a file for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime

from flask import Response, stream_with_context

from app.admin import bp
from app.admin.payments import wanted_now
from app.billing import sums, takings
from app.billing.takings import Wanted
from app.formats import amount
from app.models import Payment, Role
from app.security import only

FORMULAS = ("=", "+", "-", "@", "\t", "\r")
LINES_AT_ONCE = 200
COLUMNS = (
    "Reference", "Begun", "Paid", "State", "Patient", "Doctor", "Visit", "Visit type", "Currency",
    "Asked for", "Charged", "Refunded", "Disputed", "Fee", "Net", "Method", "Session",
    "Payment intent", "Problem",
)  # fmt: skip


@bp.get("/admin/payments.csv")
@only(Role.ADMIN)
def payments_file() -> Response:
    """The same payments, all of them, as a file for a spreadsheet."""
    wanted = wanted_now()
    lines = _lines(takings.every(wanted), wanted)
    response = Response(stream_with_context(_bites(lines)), content_type="text/csv; charset=utf-8")
    name = f"payments-{wanted.first_day}-{wanted.last_day}.csv"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def _lines(found: Iterable[Payment], wanted: Wanted) -> Iterator[list[str]]:
    yield list(COLUMNS)
    for one in found:
        visit, total = one.appointment, sums.of_one(one)
        patient = visit.patient.name if visit.patient else ""
        moved = (total.charged, total.refunded, total.disputed, total.fee, total.net)
        yield [
            *map(_harmless, (one.ref, _instant(one.started_at, wanted))),
            _harmless(_instant(one.settled_at, wanted)),
            *map(_harmless, (one.state.value, patient, visit.doctor.name)),
            *map(_harmless, (_instant(visit.starts_at, wanted), visit.visit_type.name)),
            _harmless(one.currency),
            *(amount(cents, one.currency) for cents in (one.cents, *moved)),
            *map(_harmless, (one.method, one.session_id or "", one.intent_id or "", one.problem)),
        ]


def _instant(at: datetime | None, wanted: Wanted) -> str:
    return at.astimezone(wanted.zone).strftime("%Y-%m-%d %H:%M") if at else ""


def _harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULAS) else text


def _bites(lines: Iterable[list[str]]) -> Iterator[str]:
    """The file, a few hundred lines at a time; the mark at its head tells Excel of UTF-8."""
    bite = io.StringIO()
    writer = csv.writer(bite)
    bite.write("\ufeff")
    for number, line in enumerate(lines, 1):
        writer.writerow(line)
        if number % LINES_AT_ONCE == 0:
            yield bite.getvalue()
            bite.seek(0)
            bite.truncate()
    yield bite.getvalue()
