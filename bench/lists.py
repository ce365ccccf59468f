"""What the admins' long lists cost the server: one process, one request after the other."""

from __future__ import annotations

import secrets
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, select

from app.accounts import sessions
from app.accounts.sessions import Device
from app.clock import now
from app.extensions import db
from app.models import AuditEvent, Doctor, Role, User
from app.models.reference import new_ref
from bench import payments
from bench.clinic import Size
from bench.inside import counted

HUNDRED_THOUSAND = Size(doctors=200, appointments=100_000, patients=99_800)
EVENTS = 1_000_000
MESSAGES = 99_800
LEAST_HTML, MOST_HTML = 6_500, 9_500  # bytes of a letter
ROUNDS, WARM = 15, 3
ORIGIN = "http://localhost"
FIRST = ("Ada", "Bruno", "Chiara", "Dmitri", "Elif", "Farah", "Goran", "Hanna", "Ines", "Jonas")
LAST = ("Abel", "Bauer", "Costa", "Dietz", "Eriksen", "Fuchs", "Greco", "Haas", "Ivanova", "Jung")
ACTIONS = ("appointment.booked", "appointment.confirmed", "appointment.cancelled", "user.profile")

PAGES = {
    "users": "/admin/users/",
    "users, last page that is turned to": "/admin/users/?page=400",
    "users, by name down": "/admin/users/?sort=-name",
    "users, by e-mail": "/admin/users/?sort=email",
    "users, by e-mail down, last page": "/admin/users/?sort=-email&page=400",
    "users, newest": "/admin/users/?sort=-created",
    "users, oldest, last page": "/admin/users/?sort=created&page=400",
    "users, a first name (one in ten)": "/admin/users/?q=chiara",
    "users, both names (one in a hundred)": "/admin/users/?q=chiara+costa",
    "users, one e-mail": "/admin/users/?q=77777@example.org",
    "users, nobody": "/admin/users/?q=zz+nobody",
    "users, doctors": "/admin/users/?role=doctor",
    "users, not confirmed": "/admin/users/?state=unconfirmed",
    "users, inactive": "/admin/users/?state=inactive&sort=-created",
    "users, searched and turned": "/admin/users/?q=chiara&role=patient&sort=-name&page=300",
    "appointments": "/admin/appointments/",
    "appointments, past, last page": "/admin/appointments/?when=past&page=400",
    "appointments, by status": "/admin/appointments/?sort=status",
    "appointments, by status, last page": "/admin/appointments/?when=past&sort=-status&page=400",
    "appointments, newest": "/admin/appointments/?sort=-booked",
    "appointments, oldest, last page": "/admin/appointments/?when=past&sort=booked&page=400",
    "appointments, newest of a status": "/admin/appointments/?sort=-booked&status=cancelled",
    "appointments, of a person": "/admin/appointments/?when=past&q=77777@example.org",
    "appointments, of many people": "/admin/appointments/?when=past&q=chiara",
    "appointments, cancelled": "/admin/appointments/?when=past&status=cancelled",
    "appointments, of a day": "/admin/appointments/?day={day}",
    "doctors": "/admin/doctors/?standing=published",
    "doctors, by name": "/admin/doctors/?standing=published&q=chiara",
    "audit trail": "/admin/audit/",
    "audit trail, far back": "/admin/audit/?before=1000",
    "audit trail, somebody": "/admin/audit/?who=77777@example.org",
    "audit trail, many people": "/admin/audit/?who=chiara",
    "audit trail, an admin's": "/admin/audit/?who=admin@bench.example",
    "audit trail, about somebody": "/admin/audit/?what=77777@example.org",
    "audit trail, about many people": "/admin/audit/?what=chiara",
    "audit trail, a rare kind": "/admin/audit/?kind=specialty",
    "audit trail, a common kind": "/admin/audit/?kind=appointment",
    "audit trail, a rare change": "/admin/audit/?action=user.role",
    "audit trail, a day long ago": "/admin/audit/?from=2024-03-01&to=2024-03-01",
    "audit trail, rare on a day": "/admin/audit/?from=2024-03-01&to=2024-03-31&kind=specialty",
    "overview": "/admin/",
    "messages": "/admin/messages/",
    "messages, last page that is turned to": "/admin/messages/?page=400",
    "messages, oldest, last page": "/admin/messages/?sort=when&page=400",
    "messages, by address": "/admin/messages/?sort=to",
    "messages, by address down, last page": "/admin/messages/?sort=-to&page=400",
    "messages, not arrived": "/admin/messages/?state=undelivered",
    "messages, sent, last page": "/admin/messages/?state=sent&page=400",
    "messages, given up": "/admin/messages/?state=dead",
    "messages, of a common kind": "/admin/messages/?kind=appointment_confirmed&page=400",
    "messages, of a rare kind": "/admin/messages/?kind=doctor_approved",
    "messages, part of one address": "/admin/messages/?q=7777@example",
    "messages, part of every address": "/admin/messages/?q=example&page=400",
    "messages, a first name": "/admin/messages/?q=chiara",
    "messages, nobody": "/admin/messages/?q=zz+nobody",
    "messages, a day long ago": "/admin/messages/?from=2024-03-01&to=2024-03-01",
    "messages, given up in a month": "/admin/messages/?state=dead&from=2024-03-01&to=2024-03-31",
    "messages, rare in a month": "/admin/messages/?kind=doctor_approved&from=2024-03-01",
    "a message": "/admin/messages/77777/",
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What a page costs: the median of some requests, and how many questions to the database."""

    page: str
    ms: float
    queries: int


def costs(app: Flask) -> Iterator[Cost]:
    """The cost of each list in a filled clinic, for an admin."""
    with app.app_context():
        with db.engine.begin() as connection:
            _name_people(connection)
            _write_trail(connection)
            _write_messages(connection)
            payments.write(connection)
        admin = _admin()
        token = sessions.start(admin, Device("the bench", "127.0.0.1"))
    client = app.test_client()
    with client.session_transaction(base_url=ORIGIN) as session:
        session["_user_id"] = token
    today = now().date()
    with app.app_context():
        doctor = db.session.scalars(select(Doctor.ref).limit(1)).one()
    asked = {
        "day": today.isoformat(),
        "two_months_ago": (today - timedelta(60)).isoformat(),
        "year_ago": (today - timedelta(365)).isoformat(),
        "doctor": doctor,
    }
    for page, address in (PAGES | payments.PAGES).items():
        yield _cost(app, client, page, address.format(**asked))


def _cost(app: Flask, client: FlaskClient, page: str, address: str) -> Cost:
    times = []
    for _ in range(ROUNDS + WARM):
        begun = time.perf_counter()
        answer = client.get(address, base_url=ORIGIN)
        times.append((time.perf_counter() - begun) * 1000)
        if answer.status_code != 200:
            raise SystemExit(f"{address} answered {answer.status_code}.")
    with app.app_context(), counted() as queries:
        client.get(address, base_url=ORIGIN)
    return Cost(page, statistics.median(times[WARM:]), len(queries))


def _admin() -> User:
    admin = User(
        ref=new_ref(),
        name="Bench Admin",
        email="admin@bench.example",
        confirmed_email="admin@bench.example",
        role=Role.ADMIN,
        password_hash=secrets.token_hex(16),
    )
    db.session.add(admin)
    db.session.flush()
    some = select(AuditEvent.id).where(AuditEvent.id % 5000 == 0)
    for event in db.session.scalars(select(AuditEvent).where(AuditEvent.id.in_(some))):
        event.actor_id = admin.id
    db.session.commit()
    return admin


def _name_people(connection: Connection) -> None:
    """A hundred names for everybody, and what a clinic has a few of: closed and unconfirmed."""
    first, last = ("', '".join(names) for names in (FIRST, LAST))
    connection.exec_driver_sql(
        f"UPDATE users SET name = CONCAT(ELT(1 + id MOD 10, '{first}'), ' ', "  # noqa: S608
        f"ELT(1 + (id DIV 10) MOD 10, '{last}'), ' ', id)"
    )
    connection.exec_driver_sql("UPDATE users SET is_active = 0 WHERE id MOD 1000 = 3")
    connection.exec_driver_sql("UPDATE users SET confirmed_email = NULL WHERE id MOD 500 = 7")
    connection.exec_driver_sql("UPDATE appointments SET status = 'cancelled' WHERE id MOD 50 = 9")


def _write_trail(connection: Connection) -> None:
    """A million events, three years of them; a few are of rare kinds."""
    actions = "', '".join(ACTIONS)
    connection.exec_driver_sql(
        "INSERT INTO audit_events (id, at, actor_id, action, object_kind, object_id, object_name,"  # noqa: S608
        " `before`, `after`, reason)"
        f" SELECT seq, NOW() - INTERVAL ({EVENTS} - seq) * 90 SECOND, 1 + seq * 7 MOD 99800,"
        " CASE WHEN seq MOD 40000 = 1 THEN 'specialty.saved'"
        " WHEN seq MOD 25000 = 2 THEN 'user.role'"
        f" ELSE ELT(1 + seq MOD 4, '{actions}') END,"
        " CASE WHEN seq MOD 40000 = 1 THEN 'specialty' WHEN seq MOD 4 = 3 THEN 'user'"
        " ELSE 'appointment' END,"
        " 1 + seq * 13 MOD 99800, '', '{\"a\": 1}', '{\"a\": 2}', ''"
        f" FROM seq_1_to_{EVENTS}"
    )
    for table in ("users", "appointments", "audit_events"):
        connection.exec_driver_sql(f"ANALYZE TABLE {table}")


def _write_messages(connection: Connection) -> None:
    """A message for each appointment, three years of them, with text and HTML of a usual length;
    a hundred are given up, a hundred fail, and a few are of a rare kind."""
    kinds = "appointment_confirmed', 'appointment_reminder', 'appointment_moved"
    html = '<p style="margin: 0 0 16px">Your visit is confirmed.</p>' * (1 + MOST_HTML // 56)
    connection.exec_driver_sql(
        "INSERT INTO outbox_messages (id, kind, dedupe_key, recipient, language, user_id,"  # noqa: S608
        " appointment_id, details, state, not_before, next_try_at, tries, error, created_at,"
        " sent_at, subject, text, html)"
        " SELECT seq, CASE WHEN seq MOD 20000 = 5 THEN 'doctor_approved'"
        f" ELSE ELT(1 + seq MOD 3, '{kinds}') END,"
        " CONCAT('bench:', seq), CONCAT(seq, '@example.org'), 'en', seq, seq, '{}',"
        " CASE seq MOD 1000 WHEN 1 THEN 'dead' WHEN 2 THEN 'failed' ELSE 'sent' END,"
        " written, written, 1, '', written, written, 'Your visit is confirmed',"
        f" REPEAT('Your visit is confirmed. ', 30),"
        f" LEFT(%s, {LEAST_HTML} + seq MOD 7 * {(MOST_HTML - LEAST_HTML) // 6})"
        f" FROM (SELECT seq, NOW() - INTERVAL ({MESSAGES} - seq) * 900 SECOND AS written"
        f" FROM seq_1_to_{MESSAGES}) AS numbered",
        (html,),
    )
    connection.exec_driver_sql("ANALYZE TABLE outbox_messages")
