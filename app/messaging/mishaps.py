"""What can go wrong between the outbox and a mailbox: in words, and whether it is final."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl

from app.mail_server import Unavailable
from app.messaging.delivery import NotAnAddress
from app.messaging.plain import one_line

LONGEST = 1000
NOT_SIGNED_IN = {530, 535, 538}
QUOTA = re.compile(rb"5\.4\.5\b")  # how Gmail says that we have sent enough for one day


def is_final(fault: Exception) -> bool:
    """Whether the mail server will never take this message: 5xx for the recipient or for what the
    message says. A 5xx that is about us, not signed in or above our quota, will pass."""
    if isinstance(fault, smtplib.SMTPRecipientsRefused):
        return all(_is_refusal(*answer) for answer in fault.recipients.values())
    if isinstance(fault, smtplib.SMTPDataError | smtplib.SMTPSenderRefused):
        return _is_refusal(fault.smtp_code, fault.smtp_error)
    return False


def in_words(fault: BaseException) -> str:
    """What went wrong, for an admin or an operator, in one line."""
    if isinstance(fault, Unavailable):
        return in_words(fault.__cause__) if fault.__cause__ is not None else str(fault)
    return one_line(_sentence(fault))[:LONGEST]


def _sentence(fault: BaseException) -> str:
    if isinstance(fault, smtplib.SMTPException):
        return _words_of_smtp(fault)
    if isinstance(fault, OSError):
        return _words_of_network(fault)
    if isinstance(fault, NotAnAddress):
        return str(fault)
    return f"{type(fault).__name__}: {fault}"


def _words_of_smtp(fault: smtplib.SMTPException) -> str:
    match fault:
        case smtplib.SMTPRecipientsRefused():
            answers = "; ".join(_said(*answer) for answer in fault.recipients.values())
            return f"The mail server refuses the recipient: {answers}"
        case smtplib.SMTPSenderRefused():
            return f"The mail server refuses the sender {fault.sender}: {_answer_of(fault)}"
        case smtplib.SMTPDataError():
            return f"The mail server refuses the message: {_answer_of(fault)}"
        case smtplib.SMTPAuthenticationError():
            return f"The mail server refuses the user name or the password: {_answer_of(fault)}"
        case smtplib.SMTPResponseException():
            return f"The mail server answers: {_answer_of(fault)}"
        case smtplib.SMTPServerDisconnected():
            return f"The connection to the mail server broke: {fault}"
    return f"The mail server cannot do what is needed: {fault}"


def _words_of_network(fault: OSError) -> str:
    match fault:
        case ssl.SSLCertVerificationError():
            return f"The mail server's certificate is not trusted: {fault.verify_message}"
        case ssl.SSLError():
            return f"No encrypted connection to the mail server could be made: {fault.reason}"
        case socket.gaierror():
            return f"No mail server of this name is known: {fault.strerror}"
        case ConnectionRefusedError():
            return "Nothing takes mail at this server and port: the connection was refused"
        case TimeoutError():
            return "The mail server did not answer in time: timed out"
    return f"{type(fault).__name__}: {fault}"


def _is_refusal(code: int, text: bytes | str) -> bool:
    said = text.encode() if isinstance(text, str) else text
    return code >= 500 and code not in NOT_SIGNED_IN and not QUOTA.match(said)


def _answer_of(fault: smtplib.SMTPResponseException) -> str:
    return _said(fault.smtp_code, fault.smtp_error)


def _said(code: int, text: bytes | str) -> str:
    return f"{code} {text.decode(errors='replace') if isinstance(text, bytes) else text}"
