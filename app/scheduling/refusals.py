"""Why a time cannot be had. Each refusal is a sentence and, by its name, a way on."""

from __future__ import annotations

from app.errors import ChangedMeanwhile, ClinicError


class NotBookable(ClinicError):
    """The time was never open. Its children say why."""

    sentence = "This time cannot be booked."


class OpeningTaken(NotBookable):
    sentence = "Somebody else has just taken this time. These are the nearest that are free."


class OutsideHours(NotBookable):
    sentence = "The doctor does not see patients at this time."


class InThePast(NotBookable):
    sentence = "This time has passed."


class TooSoon(NotBookable):
    sentence = "This time is too soon to book online."


class TooFarAhead(NotBookable):
    sentence = "This time is too far ahead to book yet."


class OwnOverlap(NotBookable):
    sentence = "You already have an appointment at this time."


class OverTheCap(ClinicError):
    sentence = "You have as many open appointments as can be booked online."


class TooManyHolds(ClinicError):
    status = 429
    sentence = (
        "Too many times are being held from your connection. "
        "Wait until one is released, then choose again."
    )


class HoldEnded(ClinicError):
    sentence = "The time was held for you, but the hold has ended. Choose it again if it is free."


class ToBePaidFirst(ClinicError):
    sentence = "This visit is paid for when it is booked."


class KeyUsedElsewhere(ClinicError):
    sentence = "This form has already been used to book another time. Start again."


class TooLate(ClinicError):
    """Past the clinic's cut-off."""


class NotNow(ClinicError):
    """The step is not possible in the appointment's present state."""


class OnlyHeld(NotNow):
    sentence = "This time is only held. The hold ends by itself."


__all__ = [
    "ChangedMeanwhile",
    "HoldEnded",
    "InThePast",
    "KeyUsedElsewhere",
    "NotBookable",
    "NotNow",
    "OnlyHeld",
    "OpeningTaken",
    "OutsideHours",
    "OverTheCap",
    "OwnOverlap",
    "TooFarAhead",
    "TooLate",
    "TooManyHolds",
    "TooSoon",
]
