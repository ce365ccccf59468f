"""A web worker that books, and stops at a given point of the booking until it is killed."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from app import create_app
from app.extensions import db
from app.messaging import outbox
from app.scheduling import claims, holds
from config import Config
from tests.races.people import confirm, holder_of


def main(database: str, folder: str, point: str, patient: str, doctor: str, kind: str, tick: str):
    def stop(*_: object, **__: object) -> None:
        sys.stdout.write("here\n")
        sys.stdout.flush()
        time.sleep(60)

    app = create_app(Config(instance=Path(folder), database_url=database, demo=False))
    with app.app_context():
        if point in STOPS_OF_A_HOLD:
            STOPS_OF_A_HOLD[point](stop)
        held = holds.hold(holder_of(int(patient)), doctor, kind, int(tick), "the form's key")
        if point in STOPS_OF_A_BOOKING:
            STOPS_OF_A_BOOKING[point](stop)
        confirm(int(patient), held.ref)
        stop()


def before_claims(stop) -> None:
    claims.take = stop


def between_claims(stop) -> None:
    claims.take_for_patient = stop


def before_the_commit_of_the_hold(stop) -> None:
    setattr(db.session(), "commit", stop)  # noqa: B010


def before_the_message(stop) -> None:
    outbox.appointment_booked = stop


def before_the_commit_of_the_booking(stop) -> None:
    setattr(db.session(), "commit", stop)  # noqa: B010


STOPS_OF_A_HOLD = {
    stop.__name__: stop for stop in (before_claims, between_claims, before_the_commit_of_the_hold)
}
STOPS_OF_A_BOOKING = {
    stop.__name__: stop for stop in (before_the_message, before_the_commit_of_the_booking)
}


if __name__ == "__main__":
    main(*sys.argv[1:])
