"""What requests cost in one process: `python -m bench.inside <database>` prints JSON.

A process of its own for each clinic, because what Docket remembers is remembered per process.
"""

from __future__ import annotations

import json
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select

from app import clock
from app.directory.facts import DoctorFacts
from app.extensions import db
from app.models import Patient
from app.scheduling import bookings, holds, openings
from app.scheduling.holders import Holder
from bench.clinic import an_app

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}
ROUNDS = 300
DOCTORS = 20  # who are asked for, among however many
ORIGIN = "http://localhost"


def main(database_url: str) -> None:
    """Print the median milliseconds, and the queries, of what people do most."""
    app = an_app(database_url, tempfile.mkdtemp(prefix="docket-bench-"))
    with app.app_context():
        everybody = openings.desk().catalogue.doctors
        doctors = everybody[:: len(everybody) // DOCTORS][:DOCTORS]
    client = app.test_client()
    day = (clock.now() + timedelta(days=9)).date()

    def fragment(doctor: DoctorFacts, on: date) -> None:
        kind = doctor.visit_types[0].ref
        address = f"/appointment/openings/?doctor={doctor.ref}&visit_type={kind}&day={on}"
        _expect(client.get(address, headers=HTMX, base_url=ORIGIN).status_code, 200)

    def again(n: int) -> None:
        fragment(doctors[n % DOCTORS], day)

    def for_the_first_time(n: int) -> None:
        fragment(doctors[n % DOCTORS], day + timedelta(n // DOCTORS))

    figures: dict[str, Any] = {"openings": _measured(app, again)}
    figures["openings, first look"] = _measured(app, for_the_first_time)
    figures["booking"] = _measured(app, lambda n: _book(app, doctors, n), rounds=120)
    figures["choosing"] = _measured(app, lambda n: _choose(client, doctors, n), rounds=100)
    if search := _search_page(app):
        figures["search"] = _measured(app, lambda n: _search(client, search, n), rounds=60)
    print(json.dumps(figures))


def _measured(app: Flask, act: Callable[[int], None], rounds: int = ROUNDS) -> dict[str, float]:
    for n in range(25):
        act(n)
    with app.app_context(), counted() as queries:
        before = len(queries)
        act(25)
        count = len(queries) - before
    times = []
    for n in range(26, rounds + 26):
        begun = time.perf_counter()
        act(n)
        times.append((time.perf_counter() - begun) * 1000)
    return {"ms": statistics.median(times), "queries": count}


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that reach the database meanwhile."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def _book(app: Flask, doctors: Sequence[DoctorFacts], n: int) -> None:
    """A hold and a booking, as the use cases do them, by another patient each time: the last
    ones, who have no appointments yet."""
    doctor = doctors[n % DOCTORS]
    with app.app_context():
        last = db.session.scalar(select(func.max(Patient.id))) or 0
        patient = db.session.get_one(Patient, last - n)
        desk = openings.desk()
        kind = doctor.visit_types[0]
        day = (desk.at + timedelta(days=20 + n % 20)).date()
        opening = openings.of_day(desk, [doctor], kind, day)[n % 5]
        holder = Holder(f"browser {n}", patient, f"address {n}")
        key = secrets.token_hex(8)
        held = holds.hold(holder, doctor.ref, kind.ref, opening.tick, key)
        bookings.book(holder, patient, held.ref, "")


def _choose(client: FlaskClient, doctors: Sequence[DoctorFacts], n: int) -> None:
    """The booking page's fragment with its strip of six weeks."""
    doctor = doctors[n % DOCTORS]
    address = f"/appointment/?doctor={doctor.ref}&visit_type={doctor.visit_types[0].ref}"
    _expect(client.get(address, headers=HTMX, base_url=ORIGIN).status_code, 200)


def _search_page(app: Flask) -> str:
    """The address of the page that finds doctors, if there is one."""
    by_endpoint = {rule.endpoint: rule.rule for rule in app.url_map.iter_rules()}
    return by_endpoint.get("site.search") or by_endpoint.get("site.home") or ""


def _search(client: FlaskClient, address: str, n: int) -> None:
    specialty = "cardiology" if n % 2 else ""
    _expect(client.get(f"{address}?specialty={specialty}", base_url=ORIGIN).status_code, 200)


def _expect(status: int, wanted: int) -> None:
    if status != wanted:
        raise SystemExit(f"The answer was {status}, not {wanted}.")


if __name__ == "__main__":
    main(sys.argv[1])
