"""The demo clinic: whole, quick, believable, and obedient to every rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from app import clock
from app.accounts import passwords
from app.billing import attention, ledger
from app.clinic import revision, settings
from app.demo import DEMO_PASSWORD, DEMO_SIGN_INS, history, load_if_empty
from app.directory import catalogue
from app.extensions import db
from app.models import (
    Appointment,
    AuditEvent,
    Claim,
    Closure,
    Doctor,
    HoursException,
    OutboxMessage,
    Patient,
    Payment,
    PaymentStatus,
    PayWhen,
    Receipt,
    Refund,
    RefundState,
    User,
    VisitMode,
)
from app.models import AppointmentStatus as Status
from app.scheduling import appointments, no_shows, openings, strip
from app.scheduling.states import OPEN, OWNS_CLAIMS
from app.scheduling.strip import DayState
from tests.builders import a_user
from tests.databases import an_app

NOW = datetime(2026, 11, 24, 12, 20, tzinfo=UTC)  # Tuesday, twenty past one in Berlin
SATURDAY_NIGHT = datetime(2026, 10, 24, 21, 50, tzinfo=UTC)  # ten minutes before the clocks' night


@dataclass
class Loaded:
    app: Flask


def load(folder: Path, now: datetime) -> Loaded:
    """A database with the demo clinic as it is at `now`."""
    app = an_app(folder)
    with standing(app, now):
        assert load_if_empty()
        return Loaded(app)


@contextmanager
def standing(app: Flask, now: datetime) -> Iterator[None]:
    revision.forget()  # each of these databases has revisions of its own
    with app.app_context(), clock.frozen(now):
        yield
        db.session.rollback()
        db.engine.dispose()
    revision.forget()


@pytest.fixture(scope="module")
def tuesday(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return load(tmp_path_factory.mktemp("tuesday"), NOW)


@pytest.fixture(scope="module")
def saturday(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return load(tmp_path_factory.mktemp("saturday"), SATURDAY_NIGHT)


@pytest.fixture
def demo(tuesday: Loaded) -> Iterator[Loaded]:
    """The demo clinic at `NOW`."""
    with standing(tuesday.app, NOW):
        yield tuesday


@pytest.fixture
def on_saturday_night(saturday: Loaded) -> Iterator[Loaded]:
    with standing(saturday.app, SATURDAY_NIGHT):
        yield saturday


def everything() -> list[Appointment]:
    return list(db.session.scalars(select(Appointment)))


def the_doctor() -> Doctor:
    return db.session.scalars(
        select(Doctor).join(Doctor.user).where(User.email == "doctor@demo.docket")
    ).one()


def the_patient() -> Patient:
    return db.session.scalars(
        select(Patient).join(Patient.user).where(User.email == "patient@demo.docket")
    ).one()


def test_it_is_not_loaded_twice(demo):
    assert not load_if_empty()


def test_everybody_who_is_named_can_sign_in(demo):
    for email, role in DEMO_SIGN_INS:
        user = db.session.scalars(select(User).where(User.confirmed_email == email)).one()
        assert user.role.value == role
        assert passwords.matches(DEMO_PASSWORD, user.password_hash)


def test_the_password_would_pass_at_registration():
    assert passwords.complaint(DEMO_PASSWORD, "Robin Sommer", "patient@demo.docket") is None


def test_the_clinic_is_as_large_as_promised(demo):
    found = catalogue.current()
    zones = {location.zone.key for location in found.locations}
    assert (len(found.doctors), len(found.specialties)) == (24, 8)
    assert (len(found.locations), len(zones)) == (3, 2)
    assert db.session.scalar(select(func.count(Patient.id))) == 150


def test_visit_types_differ(demo):
    kinds = catalogue.current().visit_types
    assert {kind.mode for kind in kinds} == set(VisitMode)
    assert {kind.needs_approval for kind in kinds} == {True, False}
    assert {kind.price_cents > 0 for kind in kinds} == {True, False}
    assert (min(kind.minutes for kind in kinds), max(kind.minutes for kind in kinds)) == (15, 60)
    assert any(kind.buffer_before for kind in kinds)
    assert any(kind.preparation for kind in kinds)


def test_one_doctor_works_at_two_places(demo):
    assert max(len(doctor.locations) for doctor in catalogue.current().doctors) == 2


def test_there_is_time_off_extra_hours_and_a_closure(demo):
    kinds = set(db.session.scalars(select(HoursException.kind)))
    assert len(kinds) == 2
    assert db.session.scalar(select(func.count(Closure.id))) == 1


def test_two_doctors_wait_for_approval(demo):
    waiting = db.session.scalars(select(Doctor).where(Doctor.approved_at.is_(None))).all()
    assert [doctor.is_published for doctor in waiting] == [False, False]


def test_every_address_is_of_nobody(demo):
    domains = {email.rpartition("@")[2] for email in db.session.scalars(select(User.email))}
    assert domains == {"demo.docket", "example.org"}


def test_eight_weeks_lie_behind_and_four_ahead(demo):
    starts = [each.starts_at for each in everything()]
    assert NOW - timedelta(57) < min(starts) < NOW - timedelta(49)
    assert NOW + timedelta(21) < max(starts) < NOW + timedelta(29)


def test_the_past_has_been_lived_through(demo):
    past = {each.status for each in everything() if each.ends_at < NOW - timedelta(days=1)}
    assert past == {Status.COMPLETED, Status.NO_SHOW, Status.CANCELLED}


def test_the_future_is_still_open(demo):
    ahead = {each.status for each in everything() if each.starts_at > NOW + timedelta(hours=1)}
    assert ahead == {Status.CONFIRMED, Status.REQUESTED, Status.CANCELLED}


def test_days_are_empty_open_and_full(demo):
    desk = openings.desk()
    states = Counter(
        day.state
        for doctor in desk.catalogue.doctors
        for day in strip.of_days(desk, [doctor], doctor.visit_types[0], NOW.date())
    )
    assert states[DayState.FULL] > 3
    assert states[DayState.OPEN] > 300
    assert states[DayState.CLOSED] > 100


def test_the_demo_doctors_day_is_full_and_under_way(demo):
    board = appointments.board_of(the_doctor(), NOW.date())
    by_status = Counter(each.status for each in board)
    assert len(board) >= 10
    assert by_status[Status.COMPLETED] >= 3
    assert by_status[Status.CONFIRMED] >= 3


def test_requests_wait_for_the_demo_doctor_today_and_later(demo):
    waiting = [
        each
        for each in everything()
        if each.doctor_id == the_doctor().id and each.status is Status.REQUESTED
    ]
    assert any(each.starts_at.date() == NOW.date() for each in waiting)
    assert any(each.starts_at.date() > NOW.date() for each in waiting)


def test_the_demo_patient_has_a_past_and_plans(demo):
    mine = [each for each in everything() if each.patient_id == the_patient().id]
    assert sum(each.starts_at > NOW for each in mine) >= 3
    assert sum(each.starts_at < NOW for each in mine) >= 4
    assert any(each.doctor_id == the_doctor().id and each.starts_at > NOW for each in mine)


def test_every_standing_visit_owns_its_claims_and_no_other_does(demo):
    have = dict(
        db.session.execute(
            select(Claim.appointment_id, func.count()).group_by(Claim.appointment_id)
        ).all()
    )
    wanted = {
        each.id: each.busy_until_tick - each.busy_from_tick + each.minutes // 5
        for each in everything()
        if each.status in OWNS_CLAIMS
    }
    assert have == wanted


def test_nobody_is_over_the_caps(demo):
    policy = settings.current()
    open_ones = [each for each in everything() if each.status in OPEN and each.ends_at > NOW]
    by_patient = Counter(each.patient_id for each in open_ones)
    by_pair = Counter((each.patient_id, each.doctor_id) for each in open_ones)
    assert max(by_patient.values()) <= policy.open_bookings_per_patient
    assert max(by_pair.values()) <= policy.open_bookings_per_doctor


def test_the_audit_trail_is_in_the_order_of_time(demo):
    times = list(db.session.scalars(select(AuditEvent.at).order_by(AuditEvent.id)))
    assert times == sorted(times)
    assert times[-1] <= NOW


def test_only_the_latest_mail_is_still_to_go_out(demo):
    waiting = db.session.scalars(select(OutboxMessage.created_at)).all()
    assert 0 < len(waiting) <= 12
    assert min(waiting) > NOW - timedelta(days=1)


def test_some_visits_are_paid_first_some_either_way_and_some_at_the_clinic(demo):
    priced = {kind.pay_when for kind in catalogue.current().visit_types if kind.price_cents}
    assert priced == set(PayWhen)


def test_the_past_has_been_paid_for_as_the_ledger_says(demo):
    payments = list(db.session.scalars(select(Payment)))
    assert 15 < len(payments) < 150
    for payment in payments:
        visit = payment.appointment
        assert visit.ends_at < NOW - timedelta(days=1)
        assert visit.payment_status is ledger.status_of(visit.price_cents, [payment])
        assert payment.session_id is payment.intent_id is None, "no gateway knows of it"
    assert any(each.appointment.doctor_id == the_doctor().id for each in payments)


def test_receipts_have_no_gap_and_are_in_the_order_of_time(demo):
    receipts = list(db.session.scalars(select(Receipt).order_by(Receipt.number)))
    assert [each.number for each in receipts] == list(range(1, len(receipts) + 1))
    assert [each.issued_at for each in receipts] == sorted(each.issued_at for each in receipts)


def test_the_demo_patient_has_paid_and_got_money_back(demo):
    mine = [each for each in everything() if each.patient_id == the_patient().id]
    states = {each.payment_status for each in mine}
    assert {PaymentStatus.PAID, PaymentStatus.REFUNDED} <= states


def test_no_money_of_the_past_is_still_on_its_way_or_in_need_of_somebody(demo):
    assert set(db.session.scalars(select(Refund.state))) == {RefundState.SUCCEEDED}
    assert attention.troubles().total == 0
    assert no_shows.settle_up() == 0


def test_some_appointments_were_moved(demo):
    moved = select(func.count()).where(AuditEvent.action == "appointment.moved")
    assert (db.session.scalar(moved) or 0) > 5


def test_a_saturday_night_has_its_demo_too(on_saturday_night):
    board = appointments.board_of(the_doctor(), SATURDAY_NIGHT.date())
    assert {each.status for each in board} <= {
        Status.COMPLETED,
        Status.NO_SHOW,
        Status.CANCELLED,
    }
    assert len(board) >= 8


def test_a_saturday_night_has_requests_for_the_day_after(on_saturday_night):
    tomorrow = SATURDAY_NIGHT.date() + timedelta(1)
    board = appointments.board_of(the_doctor(), tomorrow)
    assert any(each.status is Status.REQUESTED for each in board)


def story() -> list[tuple[datetime, str, str, str]]:
    """Who saw whom, when, and what became of it."""
    return sorted(
        (each.starts_at, each.doctor.name, each.patient.name, each.status.value)
        for each in everything()
        if each.patient is not None
    )


def test_a_load_that_was_broken_off_goes_on_to_the_same_end(tuesday, tmp_path, monkeypatch):
    with standing(tuesday.app, NOW):
        whole = story()
    with standing(an_app(tmp_path), NOW):
        with monkeypatch.context() as patched:
            patched.setattr(history, "give_to_patients", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                load_if_empty()
        assert load_if_empty()
        assert story() == whole


def test_a_database_in_use_is_left_alone(app):
    with standing(app, NOW):
        a_user()
        assert not load_if_empty()
