"""The public pages: finding a doctor, a doctor's page, calendar feeds, and the server's health."""

from flask import Blueprint

bp = Blueprint("site", __name__)

from app.site import doctors, feeds, health, home, pages, portraits  # noqa: E402, F401
