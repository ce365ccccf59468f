"""Whatever is sent, the answer is sensible: never an error of ours, and nothing breaks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, islice, product
from urllib.parse import quote

import pytest
from werkzeug.routing import Rule

from app.scheduling.soundness import count_faults
from tests.project.cast import Person
from tests.project.hostile import PARTS, VALUES, fields_of
from tests.project.house import PARTIAL, House
from tests.project.matrix import ROUTES, filled

SENSIBLE = {
    200,
    204,
    302,
    303,
    304,
    308,
    400,
    401,
    403,
    404,
    405,
    409,
    410,
    413,
    414,
    415,
    422,
    429,
}
EACH_ALONE = 4  # values that each field gets while the others are in order; other ones each time
TEN_MEGABYTES = "x" * 10_000_000


def rules_of(house: House, endpoint: str) -> list[tuple[Rule, str]]:
    return [
        (rule, method)
        for method in ("GET", "POST")
        for rule in house.rules(method)
        if rule.endpoint == endpoint
    ]


def walkers(endpoint: str) -> Iterator[tuple[Person, dict[str, str]]]:
    """Those who may call a route, in turn: somebody signed in, a stranger; as a page, as a part."""
    may = ROUTES[endpoint].may
    one = min(may, key=lambda person: (person is Person.ANONYMOUS, person))
    people = [one, Person.ANONYMOUS] if Person.ANONYMOUS in may else [one]
    return cycle(product(people, ({}, PARTIAL)))


@pytest.mark.parametrize("endpoint", sorted(ROUTES))
def test_strange_values_in_fields_get_a_sensible_answer(house: House, endpoint: str) -> None:
    row, things = ROUTES[endpoint], house.cast.of
    turns, asking = cycle(VALUES), walkers(endpoint)
    next(islice(turns, len(endpoint) % len(VALUES), None))
    for rule, method in rules_of(house, endpoint):
        path = house.address(rule, filled(row.path, things))
        usual = filled(row.form if method == "POST" else row.query, things)
        names = sorted({*fields_of(house.app.view_functions[endpoint]), *usual})
        fields = [dict.fromkeys(names, value) for value in VALUES]
        for name in names:
            fields += [{**usual, name: value} for value in islice(turns, EACH_ALONE)]
        for sent in fields:
            _expect_sense(house, next(asking), method, path, sent)
    with house.app.app_context():
        assert count_faults().none


def _expect_sense(
    house: House, asking: tuple[Person, dict[str, str]], method: str, path: str, sent: object
) -> None:
    person, headers = asking
    form = sent if method == "POST" else None
    query = sent if method == "GET" else None
    answer = house.ask(person, method, path, query=query, form=form, headers=headers)
    cell = f"{answer.status_code}: {person} {method} {path} {headers} {sent!r:.300}"
    assert answer.status_code in SENSIBLE, cell


@pytest.mark.parametrize("endpoint", sorted(name for name, row in ROUTES.items() if row.path))
def test_strange_values_in_paths_lead_nowhere(house: House, endpoint: str) -> None:
    row, things, asking = ROUTES[endpoint], house.cast.of, walkers(endpoint)
    for rule, method in rules_of(house, endpoint):
        for name in row.path:
            for value in [*PARTS, "\x00", "a\x00b", things["appointment"].upper(), "none"]:
                usual = {**filled(row.path, things), name: "a-strange-value"}
                path = house.address(rule, usual).replace("a-strange-value", quote(value, safe=""))
                form = filled(row.form, things) if method == "POST" else None
                answer = house.ask(next(asking)[0], method, path, form=form)
                assert 300 <= answer.status_code < 500, (
                    f"{answer.status_code}: {method} {path:.200}"
                )


@pytest.mark.parametrize("endpoint", sorted(ROUTES))
def test_missing_repeated_and_oversized_fields_are_refused(house: House, endpoint: str) -> None:
    row, things, asking = ROUTES[endpoint], house.cast.of, walkers(endpoint)
    for rule, method in rules_of(house, endpoint):
        path = house.address(rule, filled(row.path, things))
        usual = filled(row.form if method == "POST" else row.query, things)
        for name in usual:
            without = {other: value for other, value in usual.items() if other != name}
            _expect_sense(house, next(asking), method, path, without)
            twice = {**usual, name: [usual[name], usual[name]]}
            form, query = (twice, None) if method == "POST" else (None, twice)
            answer = house.ask(next(asking)[0], method, path, form=form, query=query)
            many: frozenset[str] = getattr(
                house.app.view_functions[endpoint], "takes_many", frozenset()
            )
            assert answer.status_code == 400 or name in many, (method, path, name)
        if method == "POST":
            huge = {**usual, "reason": TEN_MEGABYTES}
            answer = house.ask(next(asking)[0], method, path, form=huge)
            assert answer.status_code == 413, (method, path)


@pytest.mark.parametrize("endpoint", sorted(ROUTES))
def test_bodies_that_are_no_forms_are_refused(house: House, endpoint: str) -> None:
    row, things, asking = ROUTES[endpoint], house.cast.of, walkers(endpoint)
    for rule, method in rules_of(house, endpoint):
        if method == "POST":
            path = house.address(rule, filled(row.path, things))
            for kind in (
                "application/json",
                "text/plain",
                "multipart/form-data; boundary=",
                "\x7f",
            ):
                client = house.browser(next(asking)[0])
                answer = client.post(
                    path,
                    data=b'{"role": "admin", "deep": [[[[[1]]]]]}\xff\xed\xa0\x80',
                    content_type=kind,
                    base_url="http://127.0.0.1",
                )
                assert answer.status_code in {400, 413, 415}, (path, kind, answer.status_code)
