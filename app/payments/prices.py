"""The public list of prices."""

from __future__ import annotations

from flask import Response, make_response, render_template

from app.directory import catalogue
from app.payments import bp
from app.security import public


@bp.get("/prices/", endpoint="prices")
@public
def price_list() -> Response:
    """Each visit type that somebody offers, the shortest first, and its price."""
    kinds = sorted(catalogue.current().visit_types, key=lambda kind: (kind.minutes, kind.name))
    return make_response(render_template("payments/prices.html", visit_types=kinds))
