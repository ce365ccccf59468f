"""The home page is the search: who fits, who is free first, and the times ready to choose."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, request, url_for

from app.directory.catalogue import Catalogue
from app.directory.languages import LANGUAGES
from app.formats import long_day
from app.htmx import at_address, respond
from app.inputs import a_day, a_page
from app.models import VisitMode
from app.scheduling import openings, search
from app.scheduling.search import Query
from app.security import public
from app.site import bp

LONGEST_NAME = 80
MODES = {VisitMode.IN_PERSON: "In person", VisitMode.ONLINE: "Online"}


@bp.get("/")
@public
def home() -> Response:
    """Doctors that fit the filters of the address, who is free first at the top."""
    desk = openings.desk()
    query, unknown = read_query(desk.catalogue, request.args)
    results = search.find(desk, query, a_page(request.args.get("page")))
    response = respond(
        "site/home.html",
        "site/_results.html",
        desk=desk,
        query=query,
        results=results,
        unknown=unknown,
        modes=MODES,
        in_use=_in_use(query),
        hindrances=_hindrances(desk.catalogue, query) if not results.rows else [],
        page_address=lambda number: _address(query, page=number),
        is_filtered=bool(request.args),
    )
    return at_address(response, _address(query, page=results.number))


def read_query(catalogue: Catalogue, given: Mapping[str, str]) -> tuple[Query, list[str]]:
    """The filters that an address names, and the names of those that say nothing we know."""
    mode = given.get("mode", "")
    language = given.get("language", "")
    query = Query(
        name=given.get("name", "")[:LONGEST_NAME].strip(),
        specialty=catalogue.specialty(given.get("specialty", "")),
        location=catalogue.location(given.get("location", "")),
        mode=VisitMode(mode) if mode in set(VisitMode) else None,
        language=language if language in LANGUAGES else None,
        earliest=a_day(given.get("earliest")),
    )
    names = ("specialty", "location", "mode", "language", "earliest")
    unknown = [name for name in names if given.get(name) and getattr(query, name) is None]
    return query, unknown


def _address(query: Query, **changes: object) -> str:
    values: dict[str, object] = {
        "name": query.name or None,
        "specialty": query.specialty.slug if query.specialty else None,
        "location": query.location.slug if query.location else None,
        "mode": query.mode.value if query.mode else None,
        "language": query.language,
        "earliest": query.earliest,
    }
    values.update(changes)
    if values.get("page") == 1:
        values["page"] = None
    return url_for("site.home", **values)  # type: ignore[arg-type]


def _in_use(query: Query) -> list[tuple[str, str]]:
    """What each filter in use says, with the address that takes it away."""
    words = {
        "name": f"“{query.name}”",
        "specialty": query.specialty.name if query.specialty else "",
        "location": query.location.name if query.location else "",
        "mode": MODES[query.mode] if query.mode else "",
        "language": LANGUAGES[query.language] if query.language else "",
        "earliest": f"From {long_day(query.earliest)}" if query.earliest else "",
    }
    return [
        (words[name], _address(query.without(name)))
        for name in (*query.filters, *(["earliest"] if query.earliest else []))
    ]


def _hindrances(catalogue: Catalogue, query: Query) -> list[tuple[str, int, str]]:
    """For each filter that stands in the way: its words, how many fit without it, the way there."""
    words = {
        "name": f"the name “{query.name}”",
        "specialty": query.specialty.name if query.specialty else "",
        "location": f"the location {query.location.name}" if query.location else "",
        "mode": MODES[query.mode].lower() if query.mode else "",
        "language": LANGUAGES[query.language] if query.language else "",
    }
    return [
        (words[name], number, _address(query.without(name)))
        for name, number in search.why_nothing(catalogue, query)
    ]
