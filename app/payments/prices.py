"""The public list of prices."""

from __future__ import annotations

from flask import Response, make_response, render_template

from app.directory import catalogue
from app.payments import bp
from app.security import public


@bp.get("/prices/", endpoint="prices")
@public
def price_list() -> Response:
    """Each visit type that somebody offers, the shortest first, and what doctors ask for it."""
    known = catalogue.current()
    kinds = sorted(known.visit_types, key=lambda kind: (kind.minutes, kind.name))
    terms = {
        kind: [own for doctor in known.doctors if (own := doctor.offers(kind.id)) is not None]
        for kind in kinds
    }
    return make_response(render_template("payments/prices.html", visit_types=kinds, terms=terms))
