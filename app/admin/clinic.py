"""The clinic: where all that an admin sets up is found."""

from __future__ import annotations

from flask import Response, make_response, render_template

from app.admin import bp
from app.models import Role
from app.security import only


@bp.get("/admin/clinic/")
@only(Role.ADMIN)
def clinic() -> Response:
    """Ways to all that makes the clinic."""
    return make_response(render_template("admin/clinic.html"))
