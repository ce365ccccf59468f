"""Open times on an open page, and those of any doctor."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from app.extensions import db
from app.models import (
    Doctor,
)
from app.scheduling import holds
from app.scheduling.holders import Holder
from tests.builders import (
    a_doctor,
    a_location,
    a_patient,
    a_specialty,
    a_visit_type,
    booked,
    tick,
    tomorrow_at,
)
from tests.conftest import FrozenClock
from tests.pages import HTMX, ORIGIN, Visitor
from tests.patient.steps import (
    TOMORROW,
    Known,
    takes_time_off,
)


def test_any_doctor_shows_each_time_once_with_a_name(
    app: Flask, visitor: Visitor, frozen_clock: FrozenClock
) -> None:
    with app.app_context():
        kind, hearts = a_visit_type(minutes=30), a_specialty("Cardiology")
        for name in ("Ada Berg", "Bea Cruz"):
            a_doctor(name, visit_types=[kind], specialties=[hearts])
        ref = kind.ref

    page = visitor.get(
        f"/appointment/?specialty=cardiology&doctor=any&visit_type={ref}&day={TOMORROW}"
    )

    ticks = [
        value.split(".")[1]
        for form in page.forms
        for name, value in form.buttons
        if name == "opening"
    ]
    assert len(ticks) == len(set(ticks)) == 31
    assert "Dr. Ada Berg" in page.text
    assert "Dr. Bea Cruz" in page.text


def test_an_unchanged_poll_costs_an_empty_304(visitor: Visitor, doctor: Known) -> None:
    address = f"/appointment/openings/?doctor={doctor.ref}&visit_type={doctor.kind}&day={TOMORROW}"
    first = visitor.client.get(address, base_url=ORIGIN, headers=HTMX)
    tag = first.headers["HX-PTag"]

    second = visitor.client.get(address, base_url=ORIGIN, headers={**HTMX, "HX-PTag": tag})

    assert (second.status_code, second.data) == (304, b"")


def test_a_poll_shows_a_time_that_was_taken_and_one_that_became_free(
    app: Flask, visitor: Visitor, doctor: Known
) -> None:
    address = f"/appointment/openings/?doctor={doctor.ref}&visit_type={doctor.kind}&day={TOMORROW}"
    value = f"{doctor.ref}.{tick(f'{TOMORROW} 10:30')}"
    holder = Holder("another browser", None, "192.0.2.9")
    with app.app_context():
        held = holds.hold(
            holder,
            doctor.ref,
            doctor.kind,
            tick(f"{TOMORROW} 10:30"),
            "a-key-of-mine",
        )
        ref = held.ref
    assert value not in visitor.get(address, **HTMX).html
    with app.app_context():
        holds.release(holder, ref)
    assert value in visitor.get(address, **HTMX).html


@pytest.mark.parametrize("path", ["", "openings/"])
def test_a_day_without_times_offers_the_nearest_ones(
    app: Flask, visitor: Visitor, doctor: Known, path: str
) -> None:
    with app.app_context():
        takes_time_off(db.session.scalars(select(Doctor)).one(), TOMORROW)

    page = visitor.get(
        f"/appointment/{path}?doctor={doctor.ref}&visit_type={doctor.kind}&day={TOMORROW}", **HTMX
    )

    assert "No time is open on this day" in page.text
    offered = [value for value in page.html.split('"') if value.startswith(f"{doctor.ref}.")]
    nearest = ("2026-11-24 16:00", "2026-11-24 16:15", "2026-11-24 16:30")
    assert offered == [f"{doctor.ref}.{tick(time)}" for time in nearest]


def test_a_fragment_opened_directly_is_a_whole_page(visitor: Visitor, doctor: Known) -> None:
    page = visitor.get(
        f"/appointment/openings/?doctor={doctor.ref}&visit_type={doctor.kind}&day={TOMORROW}"
    )

    assert page.html.startswith("<!doctype html>")


def test_a_poll_for_a_doctor_who_is_gone_leads_to_the_page_that_says_so(
    visitor: Visitor, doctor: Known
) -> None:
    response = visitor.client.get(
        f"/appointment/openings/?doctor=gone&visit_type={doctor.kind}&day={TOMORROW}",
        base_url=ORIGIN,
        headers=HTMX,
    )

    assert response.data == b""
    assert "HX-Push-Url" not in response.headers
    assert "names a doctor that we do not know" in visitor.get(response.headers["HX-Redirect"]).text


@pytest.fixture
def two_hearts(app: Flask, frozen_clock: FrozenClock) -> str:
    """The reference of what Ada Berg and Bea Cruz both do, each at a place of her own."""
    with app.app_context():
        kind, hearts = a_visit_type(minutes=30), a_specialty("Cardiology")
        for name, place in (("Ada Berg", "Main Street Practice"), ("Bea Cruz", "Harbour Clinic")):
            a_doctor(name, visit_types=[kind], specialties=[hearts], location=a_location(place))
        return kind.ref


def any_doctor(kind: str, page: str = "") -> str:
    return f"/appointment/{page}?specialty=cardiology&doctor=any&visit_type={kind}&day={TOMORROW}"


def test_a_poll_shows_who_is_free_instead_at_the_same_time(
    app: Flask, visitor: Visitor, two_hearts: str
) -> None:
    address = any_doctor(two_hearts, "openings/")
    first = visitor.client.get(address, base_url=ORIGIN, headers=HTMX)
    time = tick(f"{TOMORROW} 09:00")
    with app.app_context():
        shown = next(
            one for one in db.session.scalars(select(Doctor)) if f"{one.ref}.{time}" in first.text
        )
        booked(a_patient(), shown, tomorrow_at("09:00"))
        gone = f"{shown.ref}.{time}"

    second = visitor.client.get(
        address, base_url=ORIGIN, headers={**HTMX, "HX-PTag": first.headers["HX-PTag"]}
    )

    assert second.status_code == 200
    assert gone not in second.text
    assert f".{time}" in second.text


def test_any_doctor_stays_any_doctor_when_a_time_is_taken(
    app: Flask, visitor: Visitor, two_hearts: str
) -> None:
    page = visitor.get(any_doctor(two_hearts))
    with app.app_context():
        ada, bea = db.session.scalars(select(Doctor).order_by(Doctor.id))
        booked(a_patient(), ada, tomorrow_at("09:00"))
        ada_ref, bea_ref = ada.ref, bea.ref

    refused = visitor.submit(
        page.form("/appointment/hold/"), opening=f"{ada_ref}.{tick(f'{TOMORROW} 09:00')}"
    )

    assert refused.status == 409
    assert any(value.startswith(bea_ref) for _, value in refused.forms[0].buttons)
    assert "Dr. Bea Cruz" in refused.text
    assert refused.form("/appointment/hold/").values["doctor"] == "any"


def test_times_at_more_than_one_place_say_where(visitor: Visitor, two_hearts: str) -> None:
    page = visitor.get(any_doctor(two_hearts))

    assert "Main Street Practice" in page.text
    assert "Harbour Clinic" in page.text
