"""The page of something that many doctors share costs as much as that of what few share."""

from __future__ import annotations

import pytest

from app.extensions import db
from app.models import Location, Specialty, VisitType
from tests.admin.conftest import Office
from tests.builders import a_doctor, a_location, a_specialty, a_visit_type
from tests.scheduling.conftest import queries

PAGES = ["specialties/{specialty}/", "locations/{location}/", "visit-types/{visit_type}/"]


@pytest.mark.parametrize("where", PAGES)
def test_many_doctors_cost_as_many_queries_as_few(office: Office, where: str) -> None:
    with office.app.app_context():
        shared = [a_specialty().id, a_location().id, a_visit_type().id]
        address = "/admin/" + where.format(
            specialty=a_specialty().slug,
            location=a_location().slug,
            visit_type=db.session.get_one(VisitType, shared[2]).ref,
        )

    def cost_with(more: int) -> int:
        with office.app.app_context():
            for _ in range(more):
                a_doctor(
                    specialties=[db.session.get_one(Specialty, shared[0])],
                    location=db.session.get_one(Location, shared[1]),
                    visit_types=[db.session.get_one(VisitType, shared[2])],
                )
        office.admin.get(address)  # what stays the same until the clinic changes is read once
        with office.app.app_context(), queries() as seen:
            assert office.admin.get(address).status == 200
        return len(seen)

    assert cost_with(2) == cost_with(8)
