"""Doctors' pictures, by the names of their files."""

from __future__ import annotations

from pathlib import Path

from flask import Response, current_app, g, send_from_directory
from flask_login import current_user

from app.directory import catalogue, portraits
from app.errors import NotFound
from app.models import Role
from app.security import public
from app.site import bp

STAFF = frozenset({Role.DOCTOR, Role.ADMIN})
FOR_EVER = 31_536_000  # seconds; the name changes with the picture


@bp.get("/portraits/<name>")
@public
def portrait(name: str) -> Response:
    """A picture that a published doctor has; for the clinic's people also one that is to be looked
    at first."""
    folder = Path(current_app.instance_path) / portraits.FOLDER
    is_shown = any(doctor.portrait == name for doctor in catalogue.current().doctors)
    is_staff = current_user.is_authenticated and current_user.role in STAFF
    if not (is_shown or is_staff) or not portraits.is_kept(folder, name):
        raise NotFound("There is no picture at this address.")
    response = send_from_directory(folder, name, mimetype="image/webp", max_age=FOR_EVER)
    if is_shown:
        response.cache_control.public = True
        response.cache_control.immutable = True
        g.is_the_same_for_all = True
    return response
