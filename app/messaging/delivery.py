"""From a letter to an e-mail on its way. There is one way out, `Send`, and two that take it: a
mail server, or a folder of files for a laptop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from pathlib import Path
from smtplib import SMTPRecipientsRefused
from urllib.parse import urlsplit

from app import clock
from app.messaging.letters import Letter
from app.messaging.plain import one_line
from app.models import OutboxMessage
from app.signing import Signer

Send = Callable[[EmailMessage], None]


@dataclass(frozen=True, slots=True)
class Post:
    """How this installation writes: its links begin with `base_url` and those that carry their own
    permission are signed by `links`; its letters come from `sender` (`Name <address>`) and leave
    by `send`, which raises what went wrong."""

    base_url: str
    sender: str
    send: Send
    links: Signer


def compose(message: OutboxMessage, letter: Letter, post: Post) -> EmailMessage:
    """The e-mail for a letter. Its Message-ID is the same at each try, so that a mail server or a
    reader can drop the second copy. Raises ValueError for a recipient that is no address."""
    email = EmailMessage(policy=SMTP)
    email["From"] = _address(post.sender)
    email["To"] = _address(message.recipient)
    email["Subject"] = letter.subject
    email["Date"] = format_datetime(clock.now())
    email["Message-ID"] = _message_id(message, post.base_url)
    email["Auto-Submitted"] = "auto-generated"
    email.set_content(letter.text)
    email.add_alternative(letter.html, subtype="html")
    if letter.calendar is not None:
        email.add_attachment(
            letter.calendar.file,
            maintype="text",
            subtype="calendar",
            filename="appointment.ics",
            params={"method": letter.calendar.method, "charset": "utf-8"},
        )
    return email


def into_folder(folder: Path) -> Send:
    """A way out that leaves each e-mail as an .eml file, whole or not at all."""

    def send(email: EmailMessage) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = email["Message-ID"].strip("<>").partition("@")[0]
        path = folder / f"{email['Date'].datetime:%Y%m%d-%H%M%S}-{number}.eml"
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(email.as_bytes())
        unfinished.replace(path)

    return send


def is_final(fault: Exception) -> bool:
    """Whether the mail server has said that it will never take anything for the recipient."""
    return isinstance(fault, SMTPRecipientsRefused) and all(
        code >= 500 for code, _ in fault.recipients.values()
    )


def _message_id(message: OutboxMessage, base_url: str) -> str:
    written = int(message.created_at.timestamp())
    return f"<outbox-{message.id}.{written}@{urlsplit(base_url).hostname}>"


def _address(text: str) -> Address:
    name, address = parseaddr(text) if "<" in text else ("", text)
    local, _, domain = address.rpartition("@")
    ascii_domain = domain.encode("idna").decode("ascii")
    return Address(one_line(name), addr_spec=f"{local}@{ascii_domain}")
