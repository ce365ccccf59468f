"""What can go wrong in the clinic's terms. Each error carries the sentence that the user reads."""

from __future__ import annotations


class ClinicError(Exception):
    """A rule said no. `status` is the HTTP status it is answered with."""

    status = 409
    sentence = "That is not possible."

    def __init__(self, sentence: str | None = None) -> None:
        if sentence is not None:
            self.sentence = sentence
        super().__init__(self.sentence)


class NotFound(ClinicError):
    """No such thing, or none that this person may know of."""

    status = 404
    sentence = "We could not find that."


class NotAllowed(ClinicError):
    """This person may not do this."""

    status = 403
    sentence = "You may not do that."


class ChangedMeanwhile(ClinicError):
    """Somebody else changed the thing between seeing and saving."""

    sentence = "This was changed by somebody else meanwhile. Look at it again before you go on."


class Busy(ClinicError):
    """The database could not serve this now; trying again later is safe."""

    status = 503
    sentence = "We are very busy just now. Nothing was changed; please try again in a moment."
