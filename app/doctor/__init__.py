"""The doctor's day: the board, its steps, and the page of one visit. Admins see every board."""

from flask import Blueprint

bp = Blueprint("doctor", __name__)

from app.doctor import (  # noqa: E402, F401
    board,
    booking,
    find,
    follow_up,
    hours,
    new_patient,
    overbook,
    page,
    patient_address,
    steps,
    time_off,
    today,
    visit,
    week,
)
