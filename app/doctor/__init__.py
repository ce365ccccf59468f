"""The doctor's day: the board, its steps, and the page of one visit. Admins see every board."""

from flask import Blueprint

bp = Blueprint("doctor", __name__)

from app.doctor import board, find, hours, page, steps, time_off, visit, week  # noqa: E402, F401
