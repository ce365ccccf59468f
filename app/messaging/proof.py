"""One real message that proves the mail settings, and what to do when it does not leave."""

from __future__ import annotations

import smtplib
import socket
import ssl
from email.message import EmailMessage
from email.utils import make_msgid
from urllib.parse import urlsplit

from app.mail_server import Unavailable
from app.messaging import delivery
from app.messaging.delivery import Post

SUBJECT = "Docket can send e-mail"
TEXT = """This message shows that Docket's mail settings work.

It was sent by the command "flask check mail", for {address}.
"""
GMAIL = {"smtp.gmail.com", "smtp.googlemail.com", "smtp-relay.gmail.com"}


def write(post: Post, recipient: str) -> EmailMessage:
    """The message. Raises NotAnAddress for a sender or a recipient that is none."""
    message_id = make_msgid("check", urlsplit(post.base_url).hostname)
    email = delivery.envelope(post, recipient, SUBJECT, message_id)
    email.set_content(TEXT.format(address=post.base_url))
    return email


def advice(fault: BaseException, server: str) -> str:
    """What an operator can do about a fault, in the names of the settings; empty when nobody
    knows."""
    if isinstance(fault, Unavailable) and fault.__cause__ is not None:
        fault = fault.__cause__
    match fault:
        case smtplib.SMTPAuthenticationError() if server.lower() in GMAIL:
            return (
                "Gmail takes an app password here, not the password of the account. Turn on 2-step"
                " verification, make an app password at https://myaccount.google.com/apppasswords"
                " and set MAIL_PASSWORD to its 16 letters. MAIL_USERNAME is the whole address."
            )
        case smtplib.SMTPAuthenticationError():
            return "Check MAIL_USERNAME and MAIL_PASSWORD."
        case smtplib.SMTPSenderRefused(smtp_code=530):
            return "The server wants a login: set MAIL_USERNAME and MAIL_PASSWORD."
        case smtplib.SMTPSenderRefused():
            return "Set MAIL_SENDER to an address that this account may write from."
        case smtplib.SMTPRecipientsRefused():
            return (
                "Check the address. If it is right, the server may take mail for other places"
                " only after a login: set MAIL_USERNAME and MAIL_PASSWORD."
            )
        case smtplib.SMTPNotSupportedError():
            return (
                "Most servers offer STARTTLS and a login at port 587, or TLS at once at port 465:"
                " check MAIL_PORT."
            )
        case smtplib.SMTPServerDisconnected() | TimeoutError():
            return (
                "Check MAIL_PORT: 587 begins in the clear and goes on with STARTTLS, 465 is"
                " encrypted at once. A firewall may be in the way, too; port 25 is often closed."
            )
    return _advice_on_the_network(fault)


def _advice_on_the_network(fault: BaseException) -> str:
    match fault:
        case ssl.SSLCertVerificationError():
            return (
                "MAIL_SERVER must be the name that the certificate is for. For a certificate of"
                " your own authority set SSL_CERT_FILE to the authority's."
            )
        case ssl.SSLError():
            return "Check MAIL_PORT: 587 is for STARTTLS, 465 for TLS at once."
        case socket.gaierror():
            return "Check MAIL_SERVER, and whether this machine can look names up (DNS)."
        case ConnectionRefusedError():
            return "Check MAIL_SERVER and MAIL_PORT; most servers take mail at 587."
    return ""
