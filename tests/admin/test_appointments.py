"""All appointments, and what the overview says of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert

from app import clock
from app.extensions import db
from app.models import Appointment, MessageState, OutboxMessage
from app.transaction import transactional
from tests.admin.conftest import Office
from tests.builders import a_doctor, a_location, a_patient, a_visit_type, at, booked, tomorrow_at
from tests.pages import HTMX
from tests.scheduling.conftest import queries


@pytest.fixture
def refs(office: Office) -> dict[str, str]:
    """Ines sees Ada in Berlin tomorrow; Jonas asks Otto in Lisbon for the day after."""
    with office.app.app_context():
        ada = a_doctor("Ada Berg")
        otto = a_doctor(
            "Otto Lima",
            location=a_location("Chiado", "Europe/Lisbon"),
            visit_types=[a_visit_type("Surgery", needs_approval=True)],
        )
        ines = booked(a_patient("Ines Carvalho", "ines@mail.example"), ada, tomorrow_at("10:00"))
        jonas = booked(a_patient("Jonas Weber"), otto, tomorrow_at("12:00") + timedelta(1))
        return {
            "ines": ines.ref,
            "jonas": jonas.ref,
            "ada": ada.ref,
            "otto": otto.ref,
            "chiado": "chiado",
        }


@pytest.mark.parametrize(
    "asked",
    [
        "q=carv",
        "q=ines@mail",
        "q={ines}",
        "doctor={ada}",
        "status=confirmed",
        "day=2026-11-25",
        "location=main-street-practice",
    ],
)
def test_an_appointment_is_found_in_every_way(
    office: Office, refs: dict[str, str], asked: str
) -> None:
    page = office.admin.get("/admin/appointments/?" + asked.format(**refs))
    assert f"/board/visit/{refs['ines']}/" in page.html
    assert f"/board/visit/{refs['jonas']}/" not in page.html


def test_filters_narrow_together(office: Office, refs: dict[str, str]) -> None:
    page = office.admin.get(f"/admin/appointments/?q=carv&doctor={refs['otto']}")
    assert "No appointment fits" in page.text


@pytest.mark.parametrize(
    "asked",
    ["status=dancing", "doctor=nobody", "day=9999-99-99", "page=-1", "location=x", "when=x"],
)
def test_a_filter_that_makes_no_sense_narrows_nothing(
    office: Office, refs: dict[str, str], asked: str
) -> None:
    page = office.admin.get(f"/admin/appointments/?{asked}")
    assert page.status == 200
    assert refs["ines"] in page.html


def test_past_appointments_come_latest_first(office: Office, refs: dict[str, str]) -> None:
    office.clock.move_to(at("2026-11-27 08:00"))
    office.admin.sign_in(office.admin_id)
    assert "No appointment fits" in office.admin.get("/admin/appointments/").text
    html = office.admin.get("/admin/appointments/?when=past").html
    assert html.index(refs["jonas"]) < html.index(refs["ines"])


def order_of(html: str, *refs: str) -> list[int]:
    """The places of some references in the order in which a page shows them."""
    return sorted(range(len(refs)), key=lambda place: html.index(f"appointment-{refs[place]}"))


@pytest.fixture
def three(office: Office, refs: dict[str, str]) -> list[str]:
    """Those of Ines and Jonas, and one that was booked last and comes first."""
    with office.app.app_context():
        nora = booked(a_patient("Nora Neu"), a_doctor("Eva Erste"), tomorrow_at("09:00"))
        return [refs["ines"], refs["jonas"], nora.ref]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("", [2, 0, 1]),
        ("time", [2, 0, 1]),
        ("-time", [1, 0, 2]),
        ("booked", [0, 1, 2]),
        ("-booked", [2, 1, 0]),
        ("status", [2, 0, 1]),  # confirmed before requested, each by time
        ("-status", [1, 0, 2]),
        ("patient", [2, 0, 1]),  # no column of the allow-list: as usual
        ("id;drop", [2, 0, 1]),
    ],
)
def test_the_list_is_ordered_by_its_address(
    office: Office, three: list[str], sort: str, order: list[int]
) -> None:
    page = office.admin.get(f"/admin/appointments/?sort={sort}")
    assert order_of(page.html, *three) == order


def test_what_the_list_is_ordered_by_is_said_and_kept(office: Office, three: list[str]) -> None:
    usual = office.admin.get("/admin/appointments/").html
    assert usual.count("aria-sort") == 1
    assert 'aria-sort="ascending"><a href="/admin/appointments/?sort=-time"' in usual
    page = office.admin.get("/admin/appointments/?sort=-booked&status=confirmed")
    assert 'aria-sort="descending"><a href="/admin/appointments/?' in page.html
    assert "Booked on" in page.text
    search = page.form("/admin/appointments/")
    assert (search.values["sort"], search.values["status"]) == ("-booked", "confirmed")
    assert order_of(page.html, three[0], three[2]) == [1, 0]
    for link in ("sort=booked", "when=past"):
        (address,) = [one for one in page.html.split('"') if link in one and "/admin/" in one][:1]
        assert "status=confirmed" in address


def test_an_order_is_kept_from_page_to_page_and_from_coming_to_past(
    office: Office, refs: dict[str, str]
) -> None:
    with office.app.app_context():
        _copy_many(60)
    page = office.admin.get("/admin/appointments/?sort=booked")
    assert "1 to 25 of 62 appointments" in page.text
    links = [link.replace("&amp;", "&") for link in page.html.split('"') if "?" in link]
    assert all("sort=booked" in link for link in links if "page=2" in link or "when=past" in link)
    assert any("page=2" in link for link in links)
    assert any("when=past" in link for link in links)


def test_a_row_leads_to_the_page_where_it_is_cancelled(
    office: Office, refs: dict[str, str]
) -> None:
    page = office.admin.get(f"/board/visit/{refs['ines']}/")
    done = office.admin.submit(page.form("/cancel/"), reason="The doctor is ill")
    assert "Cancelled by you" in done.text
    assert "Cancelled" in office.admin.get("/admin/appointments/?status=cancelled").text


def test_htmx_gets_the_list_alone(office: Office, refs: dict[str, str]) -> None:
    page = office.admin.get("/admin/appointments/", **HTMX)
    assert page.html.lstrip().startswith('<div id="appointments"')


def test_the_list_takes_as_many_queries_for_thousands_as_for_two(
    office: Office, refs: dict[str, str]
) -> None:
    addresses = [
        "",
        "?sort=-booked",
        "?sort=status",
        "?q=carv",
        "?day=2026-11-25",
        "?status=confirmed",
        "?concern=unclosed",
    ]

    def costs() -> list[int]:
        found = []
        for address in addresses:
            with office.app.app_context(), queries() as seen:
                assert office.admin.get(f"/admin/appointments/{address}").status == 200
            found.append(len(seen))
        return found

    costs()
    few = costs()
    with office.app.app_context():
        _copy_many(2000)
    assert costs() == few
    assert max(few) <= 8


def test_the_overview_says_that_nothing_is_to_do(office: Office) -> None:
    assert "Nothing needs you just now" in office.admin.get("/admin/").text


def test_the_overview_leads_to_what_needs_attention(office: Office, refs: dict[str, str]) -> None:
    with office.app.app_context():
        a_doctor("Emre Waiting", published=False)
    page = office.admin.get("/admin/")
    assert "Doctor to approve" in page.text
    assert "unanswered" not in page.text
    office.clock.move_to(clock.now() + timedelta(hours=25))
    office.admin.sign_in(office.admin_id)
    page = office.admin.get("/admin/")
    assert "Request unanswered for a day" in page.text
    listed = office.admin.get("/admin/appointments/?concern=unanswered").html
    assert refs["jonas"] in listed
    assert refs["ines"] not in listed
    office.clock.move_to(at("2026-11-26 08:00"))
    office.admin.sign_in(office.admin_id)
    assert "Past visit not closed yet" in office.admin.get("/admin/").text
    assert refs["ines"] in office.admin.get("/admin/appointments/?concern=unclosed").html


def test_the_overview_counts_todays_visits_by_location(
    office: Office, refs: dict[str, str]
) -> None:
    office.clock.move_to(tomorrow_at("08:00"))
    office.admin.sign_in(office.admin_id)
    page = office.admin.get("/admin/")
    assert "Main Street Practice Wed 25 Nov 1 0 0 0 0 6 %" in page.text
    assert "/admin/appointments/?location=main-street-practice&amp;day=2026-11-25" in page.html


def test_the_overview_shows_messages_that_do_not_arrive(
    office: Office, refs: dict[str, str]
) -> None:
    @transactional
    def give_up() -> None:
        message = db.session.query(OutboxMessage).first()
        assert message is not None
        message.state, message.tries, message.error = MessageState.DEAD, 9, "No such mailbox"

    with office.app.app_context():
        give_up()
    text = office.admin.get("/admin/").text
    assert "Message has not arrived" in text
    assert "1 given up" in text
    office.clock.advance(minutes=11)
    assert "flask worker" in office.admin.get("/admin/").text


@transactional
def _copy_many(number: int) -> None:
    """Many cancelled and confirmed appointments like the first one; nothing claims their time."""
    first = db.session.query(Appointment).order_by(Appointment.id).first()
    assert first is not None
    kept = {
        column.name: getattr(first, column.name)
        for column in Appointment.__table__.columns
        if column.name not in {"id", "ref", "booking_key"}
    }
    rows = [{**kept, "ref": f"copy{n:012}", "booking_key": None} for n in range(number)]
    db.session.execute(insert(Appointment), rows)
