"""What admins see opens on every database that Docket runs on, not only on the laptop's."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask

from tests.project.cast import Person, build
from tests.project.house import PARTIAL, House
from tests.project.matrix import ROUTES, filled

# What the matrix does not ask for: every order, filter and search of the long lists.
LISTS = {
    "/admin/users/": ["q=al", "role=doctor", "state=active", "state=inactive", "state=unconfirmed"],
    "/admin/appointments/": ["q=alma", "when=past", "status=confirmed", "concern=unanswered"],
    "/admin/doctors/": ["standing=published", "standing=hidden", "q=ada"],
    "/admin/specialties/": ["q=card"],
    "/admin/locations/": ["q=main"],
    "/admin/visit-types/": ["q=con", "state=inactive"],
    "/admin/closures/": ["when=past"],
    "/admin/audit/": ["who=ana", "what=phrenology", "kind=closure", "action=specialty.removed"],
}
ORDERS = {
    "/admin/users/": ["name", "email", "created"],
    "/admin/appointments/": ["time", "status", "booked"],
    "/admin/doctors/": ["name", "since"],
    "/admin/specialties/": ["name"],
    "/admin/locations/": ["name", "city"],
    "/admin/visit-types/": ["name", "minutes", "price"],
}


def addresses(house: House) -> Iterator[str]:
    things = house.cast.of
    for rule in house.rules("GET"):
        if rule.endpoint.startswith("admin."):
            row = ROUTES[rule.endpoint]
            path, query = house.address(rule, filled(row.path, things)), filled(row.query, things)
            yield path
            yield path + "?" + "&".join(f"{name}={value}" for name, value in query.items())
    for path, queries in LISTS.items():
        yield from (f"{path}?{query}" for query in queries)
    for path, names in ORDERS.items():
        yield from (f"{path}?sort={turned}{name}" for name in names for turned in ("", "-"))


def test_every_page_of_admins_opens_on_each_database(database: Flask) -> None:
    with database.app_context():
        house = House(database, build())
    admin = house.browser(Person.ADMIN)
    opened = list(dict.fromkeys(addresses(house)))
    assert len(opened) > 60
    for address in opened:
        for headers in ({}, PARTIAL):
            answer = house.ask(admin, "GET", address, headers=headers)
            assert answer.status_code == 200, f"{address} {headers}"
