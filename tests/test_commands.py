"""What an operator types, and what the worker does besides mail."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import ColumnElement, func, select, update

from app import clock, create_app
from app.accounts import housekeeping, links, passwords, sessions
from app.accounts.sessions import Device
from app.clock import tick_of
from app.demo import DEMO_SIGN_INS
from app.extensions import Base, db
from app.models import (
    Appointment,
    AppointmentStatus,
    Claim,
    LoginSession,
    OneTimeToken,
    OpeningFloor,
    Patient,
    Role,
    SignInFailures,
    TokenPurpose,
    User,
)
from app.scheduling import holds
from app.scheduling.holders import Holder
from app.transaction import rows_changed, transactional
from app.worker import Worker
from config import Config
from tests.builders import a_doctor, a_patient, a_user, booked, tomorrow_at

ROOT = Path(__file__).resolve().parents[1]
STRONG = "seven quiet herons"

change = transactional(rows_changed)


def number_of(table: type[Base], *conditions: ColumnElement[bool]) -> int:
    db.session.rollback()
    return db.session.scalars(select(func.count()).select_from(table).where(*conditions)).one()


def create_admin(app: Flask, email: str = "chief@example.org", password: str = STRONG):
    arguments = ["create-admin", "--email", email, "--name", "Ada Chief"]
    return app.test_cli_runner().invoke(args=arguments, input=f"{password}\n")


def test_the_first_admin_comes_from_the_command_line(app: Flask) -> None:
    answer = create_admin(app, email="Chief@Example.org")
    assert answer.exit_code == 0
    with app.app_context():
        admin = db.session.scalars(select(User)).one()
        assert (admin.role, admin.confirmed_email) == (Role.ADMIN, "chief@example.org")
        assert passwords.matches(STRONG, admin.password_hash)


def test_what_create_admin_is_not_told_it_asks_for(app: Flask) -> None:
    typed = f"chief@example.org\nAda Chief\n{STRONG}\n"
    answer = app.test_cli_runner().invoke(args=["create-admin"], input=typed)
    assert answer.exit_code == 0
    assert STRONG not in answer.output


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("chief@example.org", "short"),
        ("chief@example.org", "chief@example.org"),
        ("chief@example.org", "password1234"),
        ("no address", STRONG),
    ],
)
def test_create_admin_refuses_what_is_unsafe_or_wrong(
    app: Flask, email: str, password: str
) -> None:
    answer = create_admin(app, email, password)
    assert answer.exit_code != 0
    assert "Error" in answer.output
    with app.app_context():
        assert number_of(User) == 0


def test_create_admin_refuses_an_address_that_is_taken(app: Flask) -> None:
    with app.app_context():
        a_user(email="chief@example.org")
    answer = create_admin(app)
    assert answer.exit_code == 1
    assert "exists already" in answer.output


def test_check_claims_is_content_with_a_sound_clinic(app: Flask) -> None:
    with app.app_context():
        booked(a_patient(), a_doctor(), tomorrow_at("10:30"))
    answer = app.test_cli_runner().invoke(args=["check-claims"])
    assert (answer.exit_code, answer.output.split()[0]) == (0, "0")


def test_check_claims_fails_when_anything_is_wrong(app: Flask) -> None:
    with app.app_context():
        booked(a_patient(), a_doctor(), tomorrow_at("10:30"))
        change(update(Appointment).values(status=AppointmentStatus.CANCELLED))
    answer = app.test_cli_runner().invoke(args=["check-claims"])
    assert answer.exit_code == 1
    assert "12 claims belong to no visit" in answer.output


def test_the_worker_sends_and_stops_cleanly_when_told(app: Flask) -> None:
    with app.app_context():
        booked(a_patient(), a_doctor(), tomorrow_at("10:30"))
    environment = {"INSTANCE_PATH": app.instance_path, "DATABASE_URL": "", "DEMO": "0"}
    worker = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", "worker"],
        cwd=ROOT,
        env=os.environ | environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert worker.stderr is not None
    lines = iter(worker.stderr.readline, "")
    assert any("Mail: 1 sent" in line for line in lines)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=10) == 0
    assert "has stopped" in worker.stderr.read()
    worker.stderr.close()
    assert len(list(Path(app.instance_path, "mail").glob("*.eml"))) == 1


def test_a_turn_of_the_worker_without_a_database_fails_and_says_so(tmp_path: Path) -> None:
    nowhere = "mysql+pymysql://nobody@127.0.0.1:1/none"
    app = create_app(Config(instance=tmp_path, database_url=nowhere, demo=False))
    assert Worker(app).once().failed
    answer = app.test_cli_runner().invoke(args=["worker", "--once"])
    assert answer.exit_code == 1


def test_the_worker_ends_holds_raises_floors_and_purges_old_claims(
    app: Flask, frozen_clock
) -> None:
    with app.app_context():
        doctor, patient = a_doctor(), a_patient()
        booked(patient, doctor, tomorrow_at("10:30"))
        kind = doctor.visit_types[0]
        at = tick_of(tomorrow_at("12:00"))
        holds.hold(Holder("another browser"), doctor.ref, kind.ref, at, "key")
        frozen_clock.advance(minutes=11)
    assert not Worker(app).once().failed
    with app.app_context():
        assert number_of(Appointment, Appointment.status == AppointmentStatus.EXPIRED) == 1
        assert number_of(OpeningFloor) == 1
        assert number_of(Claim) == 12
        frozen_clock.advance(days=2, hours=12)
    assert not Worker(app).once().failed
    with app.app_context():
        assert number_of(Claim) == 0


def test_what_accounts_leave_behind_goes_after_a_week(app: Flask, frozen_clock) -> None:
    with app.app_context():
        user = a_user()
        sessions.end(sessions.start(user, Device("a browser", "192.0.2.1")))
        links.issue(user, TokenPurpose.RESET_PASSWORD)
        failed()
        frozen_clock.advance(days=6)
        housekeeping.tidy()
        tables = (LoginSession, OneTimeToken, SignInFailures)
        assert [number_of(table) for table in tables] == [1, 1, 1]
        frozen_clock.advance(days=2)
        sessions.start(user, Device("a browser", "192.0.2.1"))
        housekeeping.tidy()
        assert [number_of(table) for table in tables] == [1, 0, 0]


@transactional
def failed() -> None:
    db.session.add(SignInFailures(email_hash="0" * 64, count=3, last_at=clock.now()))


def test_accounts_never_confirmed_and_never_used_are_forgotten(app: Flask, frozen_clock) -> None:
    with app.app_context():
        unused = a_patient("Unused", confirmed_email=None)
        links.issue(unused.user, TokenPurpose.CONFIRM_EMAIL)
        booked(a_patient("Booked", confirmed_email=None), a_doctor(), tomorrow_at("10:30"))
        a_patient("Confirmed")
        frozen_clock.advance(days=13)
        assert housekeeping.forget_unconfirmed() == 0
        late = a_patient("Late", confirmed_email=None)
        frozen_clock.advance(days=2)
        assert housekeeping.forget_unconfirmed() == 1
        names = {patient.name for patient in db.session.scalars(select(Patient))}
        assert names == {"Booked", "Confirmed", late.name}


@pytest.mark.parametrize("confirmed", [True, False])
def test_production_refuses_a_database_with_demo_accounts(app: Flask, confirmed: bool) -> None:
    demo = DEMO_SIGN_INS[0][0]
    with app.app_context():
        a_user(Role.ADMIN, email=demo, confirmed_email=demo if confirmed else None)
    config = replace(
        app.config["DOCKET"],
        production=True,
        secret_key="a secret of many letters, for production",
        base_url="https://clinic.example",
    )
    expected = pytest.raises(RuntimeError, match="demo clinic") if confirmed else nullcontext()
    with expected:
        create_app(config)


def test_production_starts_before_its_tables_are_made(tmp_path: Path) -> None:
    create_app(
        Config(
            instance=tmp_path,
            production=True,
            demo=False,
            secret_key="a secret of many letters, for production",
            base_url="https://clinic.example",
        )
    )
