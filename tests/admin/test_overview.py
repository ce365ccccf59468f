"""What the admin's first page says of parts that fail, and what it costs."""

from __future__ import annotations

from app.scheduling import floors, openings
from tests.admin.conftest import Office
from tests.builders import a_doctor, a_patient, booked, tomorrow_at
from tests.scheduling.conftest import queries


def work(office: Office) -> None:
    """Do what a worker does every few minutes."""
    with office.app.app_context():
        for doctor in floors.stale(openings.desk(), 100):
            floors.raise_for(doctor)


def test_a_worker_that_is_not_seen_is_missed_and_one_that_is_seen_is_not(office: Office) -> None:
    with office.app.app_context():
        a_doctor("Ada Berg")
    assert "The worker does not run" in office.admin.get("/admin/").text
    work(office)
    assert "Nothing needs you just now" in office.admin.get("/admin/").text
    office.clock.advance(minutes=16)
    office.admin.sign_in(office.admin_id)
    assert "The worker does not run" in office.admin.get("/admin/").text


def test_it_takes_as_many_queries_for_many_doctors_as_for_one(office: Office) -> None:
    def cost() -> int:
        office.admin.get("/admin/")
        with office.app.app_context(), queries() as seen:
            assert office.admin.get("/admin/").status == 200
        return len(seen)

    with office.app.app_context():
        booked(a_patient(), a_doctor(), tomorrow_at("10:00"))
    few = cost()
    with office.app.app_context():
        for hour in range(10, 15):
            booked(a_patient(), a_doctor(), tomorrow_at(f"{hour}:00"))
        a_doctor(published=False)
    assert cost() == few <= 14
