"""Looking never changes anything."""

from __future__ import annotations

import pytest

from tests.pages import ORIGIN
from tests.project.cast import Person
from tests.project.house import PARTIAL, House, differences
from tests.project.matrix import ROUTES, filled


@pytest.mark.parametrize("endpoint", sorted(ROUTES))
def test_a_get_leaves_the_database_as_it_was(house: House, endpoint: str) -> None:
    row, things = ROUTES[endpoint], house.cast.of
    for rule in house.rules("GET"):
        if rule.endpoint != endpoint:
            continue
        path = house.address(rule, filled(row.path, things))
        before = house.picture()
        for person in Person:
            browser = house.browser(person)
            for query in (filled(row.query, things), filled(row.form, things), {}):
                for method, headers in (("GET", {}), ("HEAD", {}), ("GET", PARTIAL)):
                    house.ask(browser, method, path, query=query, headers=headers)
        assert list(differences(before, house.picture())) == []


def test_a_get_of_a_post_address_is_refused(house: House) -> None:
    get = {rule.rule for rule in house.rules("GET")}
    for rule in house.rules("POST"):
        if rule.rule not in get:
            row = ROUTES[rule.endpoint]
            path = house.address(rule, filled(row.path, house.cast.of))
            for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH"):
                answer = house.ask(Person.ADMIN, method, path)
                is_another_page = method in {"GET", "HEAD"} and _is_page(house, path)
                assert answer.status_code in {400, 404, 405} or is_another_page, (method, path)


def _is_page(house: House, path: str) -> bool:
    """Whether the path is also an address with something in its place, like `…/<token>/`."""
    with house.app.test_request_context(path, base_url=ORIGIN) as context:
        return context.request.url_rule is not None
