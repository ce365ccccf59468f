"""Who may call what: every route says so, refuses strangers, and shows nobody another's things."""

from __future__ import annotations

import pytest

from app.models import Role
from app.security import Access
from tests.project.cast import Person
from tests.project.house import PARTIAL, House
from tests.project.matrix import BY_ADDRESS_ALONE, ROUTES, Row, filled

METHODS = ("GET", "POST")
REFUSALS = {401, 403, 404, 405}


def test_every_route_says_who_may_call_it(house: House) -> None:
    silent = [
        rule.endpoint
        for rule in house.rules()
        if not hasattr(house.app.view_functions[rule.endpoint], "access")
    ]
    assert silent == []


def test_every_route_stands_in_the_matrix_and_nothing_else_does(house: House) -> None:
    assert {rule.endpoint for rule in house.rules()} == set(ROUTES)


def test_no_route_answers_other_methods_than_get_and_post(house: House) -> None:
    for rule in house.rules():
        assert (rule.methods or set()) <= {"GET", "HEAD", "OPTIONS", "POST"}, rule.endpoint
        assert not {"GET", "POST"} <= (rule.methods or set()), f"{rule.endpoint}: one each"


@pytest.mark.parametrize("endpoint", sorted(ROUTES))
def test_the_declaration_agrees_with_the_matrix(house: House, endpoint: str) -> None:
    access: Access = getattr(house.app.view_functions[endpoint], "access")  # noqa: B009
    may = ROUTES[endpoint].may
    assert access.is_public == (Person.ANONYMOUS in may)
    if not access.is_public:
        assert access.roles == {person.role for person in may}


@pytest.mark.parametrize("endpoint", sorted(ROUTES))
def test_each_person_gets_what_is_theirs_and_no_more(house: House, endpoint: str) -> None:
    row = ROUTES[endpoint]
    for rule in house.rules():
        if rule.endpoint != endpoint:
            continue
        for method in METHODS:
            if method in (rule.methods or ()):
                for person in sorted(Person, key=lambda one: one in row.may):
                    _check_cell(house, row, method, person, rule)


def _check_cell(house: House, row: Row, method: str, person: Person, rule) -> None:
    things = house.cast.of
    path = house.address(rule, filled(row.path, things))
    form = filled(row.form, things) if method == "POST" else None
    for headers in ({}, PARTIAL):
        answer = house.ask(
            person, method, path, query=filled(row.query, things), form=form, headers=headers
        )
        cell = f"{person}: {method} {path} {headers} -> {answer.status_code}"
        if person in row.may:
            assert answer.status_code < 500, cell
            assert answer.status_code not in REFUSALS or _may_be_foreign(row), cell
        elif person is Person.ANONYMOUS:
            assert answer.status_code == (401 if headers else 303), cell
            led_to = answer.headers["HX-Redirect" if headers else "Location"]
            assert led_to.startswith("/login/"), cell
        elif person.role in _roles(row):
            assert answer.status_code == 404, cell
        else:
            assert answer.status_code == 403, cell


def _roles(row: Row) -> set[Role | None]:
    return {person.role for person in row.may}


def _may_be_foreign(row: Row) -> bool:
    """Whether anybody may call the route, so that what the form names may be somebody else's."""
    return Person.ANONYMOUS in row.may and "ref" in row.form


def test_nobody_ends_another_persons_session(house: House) -> None:
    form = {"session": house.cast.of["session of patient A"]}
    for person in (Person.PATIENT_B, Person.DOCTOR_A, Person.ADMIN):
        house.ask(person, "POST", "/profile/sessions/end/", form=form)
    assert house.ask(Person.PATIENT_A, "GET", "/profile/").status_code == 200


def test_forged_headers_of_htmx_open_no_door(house: House) -> None:
    forged = {
        **PARTIAL,
        "HX-Target": "admin",
        "HX-Current-URL": "http://127.0.0.1/admin/",
        "HX-Boosted": "true",
        "HX-Trigger-Name": "role",
        "HX-Prompt": "admin",
    }
    for endpoint, row in ROUTES.items():
        for rule in house.rules("GET"):
            if rule.endpoint == endpoint and Person.ADMIN in row.may - {Person.ANONYMOUS}:
                path = house.address(rule, filled(row.path, house.cast.of))
                strangers = {Person.ANONYMOUS, *Person} - row.may
                for person in strangers:
                    query = filled(row.query, house.cast.of)
                    answer = house.ask(person, "GET", path, query=query, headers=forged)
                    assert answer.status_code in {401, 403, 404}, (person, path)


@pytest.mark.parametrize("endpoint", sorted(set(ROUTES) - BY_ADDRESS_ALONE))
def test_a_form_without_its_token_changes_nothing(house: House, endpoint: str) -> None:
    row, things = ROUTES[endpoint], house.cast.of
    for rule in house.rules("POST"):
        if rule.endpoint != endpoint:
            continue
        before = house.picture()
        path = house.address(rule, filled(row.path, things))
        form = filled(row.form, things)
        for person in sorted(row.may):
            for token in ({}, {"csrf_token": "forged"}):
                client = house.browser(person)
                answer = client.post(path, data={**form, **token}, base_url="http://127.0.0.1")
                assert answer.status_code == 400, (person, path)
        assert house.picture() == before
