"""What the clinic says of itself: about and contact. Both say something before anybody wrote."""

from __future__ import annotations

from flask import Response, make_response, render_template

from app.clinic import pages
from app.models import PageSlug
from app.scheduling import openings
from app.security import public
from app.site import bp


@bp.get("/about/")
@public
def about() -> Response:
    """The clinic's own words, or what it offers."""
    return _page("site/about.html", PageSlug.ABOUT)


@bp.get("/contact/")
@public
def contact() -> Response:
    """How the clinic is reached and where it is."""
    return _page("site/contact.html", PageSlug.CONTACT)


def _page(template: str, slug: PageSlug) -> Response:
    desk = openings.desk()
    return make_response(render_template(template, desk=desk, text=pages.shown(slug)))
