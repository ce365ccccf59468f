"""The parts of the bench. Each answers with lines of a table: what, figure, aim, whether met."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import Any

from flask import Flask
from sqlalchemy import select

from app import clock
from app.extensions import db
from app.models import Appointment, AppointmentStatus
from app.scheduling import openings
from app.scheduling.soundness import count_faults
from bench import lists as lists_
from bench import mail as mail_
from bench import rush as rush_
from bench.clinic import Size, an_app, build, sign_in_everybody
from bench.load import Rate, hammer
from bench.rush import Goal
from bench.serving import free_port, fresh_database, memory_of_workers, served
from config import ROOT

SMALL = Size(doctors=20, appointments=1_000, patients=1_000)
LARGE = Size(doctors=2_000, appointments=1_000_000, patients=20_000)
TURNS = 5
LEAST_SHARE, MOST_MIB = 0.40, 150
MOST_GROWTH, MOST_SEARCH_GROWTH = 1.2, 2.0
MOST_BOOKING_MS = 500
MOST_LIST_MS = 100
MOST_ADDED, LEAST_LETTERS = 0.10, 200
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table; without an aim it is for information."""

    what: str
    figure: str
    aim: str = ""
    is_met: bool | None = None


@contextmanager
def clinic(name: str, size: Size) -> Iterator[tuple[str, Flask]]:
    """A filled database and this process's application on it."""
    address = fresh_database(name)
    app = an_app(address, tempfile.mkdtemp(prefix="docket-bench-"))
    build(app, size)
    try:
        yield address, app
    finally:
        with app.app_context():
            db.engine.dispose()


def speed(seconds: int) -> Iterator[Line]:
    """The openings fragment against a bare Flask route, and a worker's memory after it. The two
    take turns, so that whatever else the machine does meanwhile hits both alike."""
    with clinic("bench_speed", SMALL) as (address, app):
        path = _fragment_path(app, _a_day_ahead(9))
        tick = clock.tick_of(clock.now()) // 288 * 288 + 9 * 288
        ports = free_port(), free_port() + 1
        bare = f"http://127.0.0.1:{ports[0]}/openings/?doctor=1&first={tick}"
        docket = f"http://127.0.0.1:{ports[1]}{path}"
        asked = {
            "bare": (bare, {}),
            "docket": (docket, HTMX),
            "poll": (docket, {**HTMX, "HX-PTag": _tag(app, path)}),
        }
        with (
            served("bench.bare:app", ports[0], address),
            served("wsgi:app", ports[1], address) as web,
        ):
            rates = _take_turns(asked, seconds)
            memory = memory_of_workers(web)
    middle = {name: median(rate.per_second for rate in of_one) for name, of_one in rates.items()}
    errors = sum(rate.errors for of_one in rates.values() for rate in of_one)
    share = _median_ratio(rates["docket"], rates["bare"])
    yield Line("bare Flask route, one query", f"{middle['bare']:,.0f}/s")
    yield Line("openings fragment", f"{middle['docket']:,.0f}/s")
    yield Line(
        "  of the bare route", f"{share:.0%}", f"at least {LEAST_SHARE:.0%}", share >= LEAST_SHARE
    )
    yield Line("unchanged poll (304)", f"{middle['poll']:,.0f}/s")
    yield Line("  of the bare route", f"{_median_ratio(rates['poll'], rates['bare']):.0%}")
    yield Line("errors", f"{errors}", "none", not errors)
    yield Line(
        "memory of a web worker",
        f"{max(memory):.0f} MiB",
        f"under {MOST_MIB} MiB",
        max(memory) < MOST_MIB,
    )


def lists() -> Iterator[Line]:
    """The admins' lists over 100,000 users, 100,000 appointments and a million events."""
    with clinic("bench_lists", lists_.HUNDRED_THOUSAND) as (_, app):
        for cost in lists_.costs(app):
            figure = f"{cost.ms:.1f} ms, {cost.queries} queries"
            aim = f"under {MOST_LIST_MS} ms"
            yield Line(cost.page, figure, aim, cost.ms < MOST_LIST_MS)


def mail() -> Iterator[Line]:
    """What the message's row adds to a booking, and a worker that empties the outbox."""
    for name in ("SQLite", "MariaDB"):
        settings = {"mail_server": "127.0.0.1", "mail_port": free_port(), "mail_starttls": False}
        address = "" if name == "SQLite" else fresh_database("bench_mail")
        app = an_app(address, tempfile.mkdtemp(prefix="docket-bench-"), **settings)
        build(app, mail_.SIZE)
        share, run = mail_.share_of_the_row(app), mail_.emptying(app)
        with app.app_context():
            db.engine.dispose()
        yield Line(
            f"{name}: booking {share.without:.2f} ms, with its message {share.with_row:.2f} ms",
            f"{share.added:+.1%}",
            f"at most +{MOST_ADDED:.0%}",
            share.added <= MOST_ADDED,
        )
        yield Line(
            f"{name}: {run.messages:,} letters in {run.seconds:.1f} s",
            f"{run.per_second:,.0f}/s",
            f"at least {LEAST_LETTERS}/s",
            run.per_second >= LEAST_LETTERS,
        )


def _take_turns(
    asked: dict[str, tuple[str, dict[str, str]]], seconds: int
) -> dict[str, list[Rate]]:
    for address, headers in asked.values():
        hammer(address, headers, 2)
    rates: dict[str, list[Rate]] = {name: [] for name in asked}
    for _ in range(TURNS):
        for name, (address, headers) in asked.items():
            rates[name].append(hammer(address, headers, seconds))
    return rates


def _median_ratio(some: list[Rate], others: list[Rate]) -> float:
    return median(
        one.per_second / other.per_second for one, other in zip(some, others, strict=True)
    )


def growth(large: Size = LARGE) -> Iterator[Line]:
    """The same requests in a small clinic and in a very large one."""
    with clinic("bench_small", SMALL) as (few, _), clinic("bench_large", large) as (many, _):
        runs = [(_inside(few), _inside(many)) for _ in range(2)]
    yield Line("small clinic", f"{SMALL.appointments:,} visits, {SMALL.doctors} doctors")
    yield Line("large clinic", f"{large.appointments:,} visits, {large.doctors:,} doctors")
    for name in runs[0][0]:
        small = min(run[0][name]["ms"] for run in runs)
        grown = min(run[1][name]["ms"] for run in runs)
        most = MOST_SEARCH_GROWTH if name == "search" else MOST_GROWTH
        queries = f"{runs[0][0][name]['queries']} queries, {runs[0][1][name]['queries']} when large"
        aimed = name != "choosing"
        yield Line(
            f"{name}: {small:.2f} ms, large {grown:.2f} ms",
            f"× {grown / small:.2f}",
            f"at most × {most}" if aimed else "",
            grown / small <= most if aimed else None,
        )
        yield Line("", queries)


def rush() -> Iterator[Line]:
    """2,000 people in five seconds for 240 places."""
    size = Size(rush_.DOCTORS, appointments=0, patients=rush_.PEOPLE, specialties=1)
    with clinic("bench_rush", size) as (address, app):
        people = rush_.cookies_for(app, sign_in_everybody(app, rush_.PEOPLE))
        goal = _goal(app)
        port = free_port()
        proxied = {"TRUSTED_PROXIES": "1", "RATE_LIMITS": "1"}
        with served("wsgi:app", port, address, **proxied) as server:
            hammer(f"http://127.0.0.1:{port}{_fragment_path(app, goal.day)}", HTMX, 1)
            figures = asyncio.run(rush_.rush(port, people, goal))
            memory = memory_of_workers(server)
        with app.app_context():
            sold = _sold(goal.day)
            faults = count_faults()
    yield Line("people, places", f"{rush_.PEOPLE:,} in {rush_.SECONDS:.0f} s for {rush_.PLACES}")
    yield Line("sold", f"{sold}", f"all {rush_.PLACES}", sold == rush_.PLACES)
    yield Line("sold twice", f"{faults.overlapping}", "none", faults.none)
    strange = ", ".join(sorted(set(figures.strange))[:4]) or "none"
    yield Line("errors", f"{len(figures.strange)} ({strange})", "none", not figures.strange)
    yield Line(
        "told politely",
        f"{figures.full:,}, {figures.with_alternatives:,} of them with other days' times;"
        f" {figures.refused:,} by 409 on the way; {figures.gave_up:,} gave up",
    )
    slowest = figures.p(figures.bookings, 0.99)
    yield Line(
        "booking, p50 and p99",
        f"{figures.p(figures.bookings, 0.5):.0f} and {slowest:.0f} ms",
        f"p99 under {MOST_BOOKING_MS} ms",
        slowest < MOST_BOOKING_MS,
    )
    for name, times in (("refusal", figures.refusals), ("look", figures.looks)):
        p50, p99 = figures.p(times, 0.5), figures.p(times, 0.99)
        yield Line(f"{name}, p50 and p99", f"{p50:.0f} and {p99:.0f} ms")
    yield Line("memory of a web worker", f"{max(memory):.0f} MiB")


def _inside(address: str) -> dict[str, dict[str, Any]]:
    command = [sys.executable, "-m", "bench.inside", address]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise SystemExit(answer.stderr)
    figures: dict[str, dict[str, Any]] = json.loads(answer.stdout)
    return figures


def _a_day_ahead(days: int) -> date:
    return (clock.now() + timedelta(days=days)).date()


def _fragment_path(app: Flask, day: date) -> str:
    with app.app_context():
        doctor = openings.desk().catalogue.doctors[0]
    kind = doctor.visit_types[0].ref
    return f"/appointment/openings/?doctor={doctor.ref}&visit_type={kind}&day={day}"


def _tag(app: Flask, path: str) -> str:
    answer = app.test_client().get(path, headers=HTMX, base_url="http://127.0.0.1")
    return answer.headers["HX-PTag"]


def _goal(app: Flask) -> Goal:
    """A day on which five doctors have 240 places: eight hours of ten-minute visits each."""
    with app.app_context():
        doctor = openings.desk().catalogue.doctors[0]
    kind = next(one for one in doctor.visit_types if one.minutes == 10)
    return Goal(doctor.specialties[0].slug, kind.ref, _a_day_ahead(9))


def _sold(day: date) -> int:
    confirmed = select(Appointment).where(Appointment.status == AppointmentStatus.CONFIRMED)
    return sum(one.starts_at.date() == day for one in db.session.scalars(confirmed))
