"""What patients do: choose, hold, book, and look after their appointments."""

from flask import Blueprint

bp = Blueprint("patient", __name__)

from app.patient import booking, changing, holding, mine  # noqa: E402, F401
