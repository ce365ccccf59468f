"""The home page is the search: who fits, who is free first, and the times ready to choose."""

from __future__ import annotations

from flask import Response, request

from app.clinic import pages
from app.htmx import at_address, respond
from app.inputs import a_page
from app.models import PageSlug
from app.scheduling import openings, search
from app.security import public
from app.site import bp
from app.site.filters import MODES, Filters

POPULAR = 6


@bp.get("/")
@public
def home() -> Response:
    """Doctors that fit the filters of the address, who is free first at the top."""
    desk = openings.desk()
    filters = Filters.read(desk.catalogue, request.args)
    results = search.find(desk, filters.query, a_page(request.args.get("page")))
    is_nothing = not any(found.openings for found in results.rows) and results.number == 1
    response = respond(
        "site/home.html",
        "site/_results.html",
        desk=desk,
        filters=filters,
        query=filters.query,
        results=results,
        modes=MODES,
        detours=filters.detours(desk.catalogue) if not results.rows else [],
        nearest=filters.nearest(desk) if is_nothing else None,
        popular=search.popular_specialties(desk.catalogue, POPULAR),
        is_filtered=any(request.args.values()),
        words=pages.shown(PageSlug.HOME),
    )
    return at_address(response, filters.address(page=results.number))
