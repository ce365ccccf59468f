"""What admins do: see what needs attention, and look after people, doctors and appointments."""

from flask import Blueprint

bp = Blueprint("admin", __name__)

from app.admin import (  # noqa: E402, F401
    appointments,
    clinic,
    closures,
    doctors,
    inviting,
    locations,
    message,
    outbox,
    overview,
    pages,
    payment,
    payments,
    payments_file,
    profile_changes,
    settings,
    setup,
    specialties,
    trail,
    users,
    visit_types,
)
