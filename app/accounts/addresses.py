"""One way to write each e-mail address, so that equal ones are equal in the database."""

from __future__ import annotations

import unicodedata

from email_validator import EmailNotValidError, validate_email

from app.errors import ClinicError

LONGEST = 254
NOBODYS = "-"  # an account without an address has "", which nobody may type


class NotAnAddress(ClinicError):
    status = 422
    sentence = "Enter an e-mail address in the form name@example.org."


def normalised(typed: str) -> str:
    """The address in lower case, compatible letters unified, its domain in ASCII as mail servers
    write it. Whether anybody reads it there only a mailed link can tell. Raises NotAnAddress."""
    try:
        found = validate_email(
            _unified(typed), check_deliverability=False, allow_smtputf8=False, strict=True
        )
    except EmailNotValidError as fault:
        raise NotAnAddress from fault
    return f"{found.local_part}@{found.ascii_domain}".lower()


def as_typed(typed: str) -> str:
    """The normalised address; of what is none, something that belongs to nobody."""
    try:
        return normalised(typed)
    except NotAnAddress:
        return _unified(typed)[:LONGEST] or NOBODYS


def _unified(typed: str) -> str:
    return unicodedata.normalize("NFKC", typed).strip().lower()
