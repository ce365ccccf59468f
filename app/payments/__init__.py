"""What visits cost and how they are paid."""

from flask import Blueprint

bp = Blueprint("payments", __name__)

from app.payments import paying, prices, receipts, webhook  # noqa: E402, F401
