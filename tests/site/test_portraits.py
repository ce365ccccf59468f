"""Pictures are served by name: to everybody when a published doctor has them, else to nobody
outside the clinic."""

from __future__ import annotations

from io import BytesIO

import pytest
from flask import Flask
from PIL import Image

from app.directory import approvals
from app.extensions import db
from app.models import Role
from tests.builders import a_doctor, a_patient, a_portrait, a_user
from tests.pages import ORIGIN, Visitor

UNKNOWN = f"{'a' * 48}.webp"


@pytest.fixture
def name(app: Flask) -> str:
    with app.app_context():
        doctor = a_doctor("Ada Berg")
        doctor.portrait = a_portrait()
        db.session.commit()
        return doctor.portrait


def test_a_published_portrait_is_kept_by_browsers_for_a_year(client, name):
    answer = client.get(f"/portraits/{name}", base_url=ORIGIN)
    assert (answer.status_code, answer.mimetype) == (200, "image/webp")
    assert Image.open(BytesIO(answer.data)).size == (512, 512)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    for word in ("public", "immutable", "max-age=31536000"):
        assert word in answer.headers["Cache-Control"]
    answer.close()


def test_the_doctors_page_and_the_results_show_it(client, name):
    visitor = Visitor(client)
    assert f'src="/portraits/{name}"' in visitor.get("/").html
    ref = visitor.get("/").html.split("/doctors/")[1].split("/")[0]
    assert f'src="/portraits/{name}"' in visitor.get(f"/doctors/{ref}/").html


@pytest.mark.parametrize(
    "hostile",
    [
        UNKNOWN,
        "x.webp",
        "..",
        "../docket.sqlite3",
        "..%2fdocket.sqlite3",
        "%2e%2e%2fdocket.sqlite3",
        "..%5cdocket.sqlite3",
        "%00.webp",
        f"{UNKNOWN}%0a",
        "%2fetc%2fpasswd",
        "a" * 3000,
    ],
)
def test_any_other_name_is_not_there(app, name, hostile):
    with app.app_context():
        admin = a_user(Role.ADMIN).id
    for visitor in (Visitor(app.test_client()), Visitor(app.test_client(), admin)):
        answer = visitor.client.get(f"/portraits/{hostile}", base_url=ORIGIN)
        assert answer.status_code == 404
        assert answer.headers["Cache-Control"] == "no-store"


def test_what_no_published_doctor_has_is_seen_by_the_clinics_people_only(app, name):
    with app.app_context():
        fresh = a_portrait("crimson")
        people = [a_user(Role.ADMIN).id, a_doctor().user_id, a_patient().user_id]
    address, status = f"/portraits/{fresh}", []
    for user_id in people:
        answer = Visitor(app.test_client(), user_id).client.get(address, base_url=ORIGIN)
        status.append(answer.status_code)
        assert answer.headers["Cache-Control"] == "no-store"
        answer.close()
    assert status == [200, 200, 404]
    assert app.test_client().get(address, base_url=ORIGIN).status_code == 404


def test_a_hidden_doctors_portrait_is_no_longer_public(app, client, name):
    with app.app_context():
        doctor = db.session.scalars(approvals._whole()).one()
        approvals.unpublish(doctor, a_user(Role.ADMIN), version=doctor.version)
    assert client.get(f"/portraits/{name}", base_url=ORIGIN).status_code == 404
