"""The audit trail as admins read it."""

from __future__ import annotations

import pytest

from app.clinic import audit
from app.clock import tick_of
from app.extensions import db
from app.models import User
from app.scheduling import holds
from app.scheduling.holders import Holder
from app.transaction import transactional
from tests.admin.conftest import Office
from tests.builders import a_doctor, a_patient, tomorrow_at
from tests.pages import HTMX
from tests.scheduling.conftest import queries


@pytest.fixture
def patient_ref(office: Office) -> str:
    """Ana has closed Ines's account."""
    with office.app.app_context():
        ref = a_patient("Ines Carvalho").user.ref
    office.admin.submit(
        office.admin.get(f"/admin/users/{ref}/").form("/active/"), reason="Asked us to"
    )
    return ref


@transactional
def record_many(actor_id: int, number: int) -> None:
    actor = db.session.get_one(User, actor_id)
    for n in range(number):
        audit.record(actor, "user.counted", actor, name="A count", after={"number": n})


def test_an_event_reads_who_what_before_and_after(office: Office, patient_ref: str) -> None:
    text = office.admin.get("/admin/audit/").text
    assert "Ana Sousa (admin) : User: active , user Ines Carvalho" in text
    assert "Active yes no" in text
    assert "Asked us to" in text
    assert "Tuesday 24 November, 08:00:00" in text


@pytest.mark.parametrize(
    "asked",
    [
        "who=ana",
        "who=ana@example.org",
        "kind=user",
        "action=user.active",
        "from=2026-11-24",
        "to=2026-11-24",
        "from=2026-11-24&to=2026-11-24",
        "what=ines",
        "what=carvalho&kind=user",
    ],
)
def test_events_are_narrowed(office: Office, patient_ref: str, asked: str) -> None:
    assert "Asked us to" in office.admin.get(f"/admin/audit/?{asked}").text


@pytest.mark.parametrize(
    "asked",
    [
        "who=nobody",
        "kind=doctor",
        "action=user.role",
        "to=2026-11-23",
        "from=2026-11-25",
        "what=ana",
        "before=1",
    ],
)
def test_events_that_do_not_fit_are_left_out(office: Office, patient_ref: str, asked: str) -> None:
    page = office.admin.get(f"/admin/audit/?{asked}")
    assert page.status == 200
    assert "No event fits" in page.text


@pytest.mark.parametrize("asked", ["before=x", "before=99999999999999", "from=2026-13-01", "to=x"])
def test_what_makes_no_sense_narrows_nothing(office: Office, patient_ref: str, asked: str) -> None:
    assert "Asked us to" in office.admin.get(f"/admin/audit/?{asked}").text


def test_stretches_follow_each_other_without_gap_while_events_come_in(office: Office) -> None:
    with office.app.app_context():
        record_many(office.admin_id, 60)
    page, seen = office.admin.get("/admin/audit/"), []
    while True:
        numbers = [int(part.split("<")[0]) for part in page.html.split("<ins>")[1:]]
        seen += numbers
        with office.app.app_context():
            record_many(office.admin_id, 1)
        if 'rel="next"' not in page.html:
            break
        older = page.html.split("before=")[-1].split('"')[0]
        page = office.admin.get(f"/admin/audit/?before={older}")
    assert seen == list(range(59, -1, -1))


def test_the_trail_takes_as_many_queries_for_thousands_as_for_one(
    office: Office, patient_ref: str
) -> None:
    def cost() -> int:
        with office.app.app_context(), queries() as seen:
            assert office.admin.get("/admin/audit/?who=ana").status == 200
        return len(seen)

    office.admin.get("/admin/audit/")
    few = cost()
    with office.app.app_context():
        record_many(office.admin_id, 2000)
    assert cost() == few <= 9


def test_htmx_gets_the_events_alone(office: Office, patient_ref: str) -> None:
    page = office.admin.get("/admin/audit/", **HTMX)
    assert page.html.lstrip().startswith('<div id="events"')


def test_nothing_in_the_trail_can_be_changed(office: Office, patient_ref: str) -> None:
    page = office.admin.get("/admin/audit/")
    assert {form.action for form in page.forms if form.method == "post"} == {"/logout/"}


def test_instants_read_as_dates(office: Office) -> None:
    with office.app.app_context():
        ref = a_doctor("Ada Berg", published=False).ref
    form = office.admin.get(f"/admin/doctors/{ref}/").form("/approve/")
    office.admin.submit(form, licence_number="B 1")
    text = office.admin.get("/admin/audit/?action=doctor.approved").text
    assert "Approved nothing Tuesday 24 November, 08:00" in text


@pytest.mark.parametrize("step", ["approve", "cancel"])
def test_the_trail_leads_to_a_time_that_was_only_held_and_nothing_can_be_done_with_it(
    office: Office, step: str
) -> None:
    with office.app.app_context():
        doctor = a_doctor()
        holder = Holder("a browser", None, "192.0.2.1")
        kind, start = doctor.visit_types[0].ref, tick_of(tomorrow_at("10:30"))
        ref = holds.hold(holder, doctor.ref, kind, start, "a-key-of-mine").ref
    page = office.admin.get(f"/board/visit/{ref}/")
    token = page.form("/logout/").values["csrf_token"]
    values = {"csrf_token": token, "version": "1", "reason": "A reason"}
    assert f"/board/visit/{ref}/" in office.admin.get("/admin/audit/").html
    assert (page.status, "Held" in page.text) == (200, True)
    assert office.admin.post(f"/board/{ref}/{step}/", values).status == 409


def test_events_about_one_thing_are_found_by_its_reference_and_lead_to_it(
    office: Office, patient_ref: str
) -> None:
    page = office.admin.get(f"/admin/audit/?what={patient_ref}")
    assert "Asked us to" in page.text
    assert f'href="/admin/users/{patient_ref}/"' in page.html
    assert "No event fits" in office.admin.get(f"/admin/audit/?what={patient_ref[::-1]}").text


def test_the_next_stretch_keeps_the_filters(office: Office) -> None:
    with office.app.app_context():
        record_many(office.admin_id, 30)
    html = office.admin.get(
        "/admin/audit/?who=ana&what=ana&kind=user&from=2026-11-24&to=2026-11-24"
    ).html
    older = next(part for part in html.split('"') if "before=" in part).replace("&amp;", "&")
    assert all(word in older for word in ("who=ana", "what=ana", "kind=user", "from=", "to="))
    assert office.admin.get(older).html.count("<article") == 5
