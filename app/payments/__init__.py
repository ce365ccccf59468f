"""What visits cost and how they are paid."""

from flask import Blueprint

bp = Blueprint("payments", __name__)

from app.payments import prices  # noqa: E402, F401
