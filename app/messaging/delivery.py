"""From a letter to an e-mail on its way. There is one way out, `Send`, and two that take it: a
mail server, or a folder of files for a laptop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from app import clock
from app.mail_server import Unavailable
from app.messaging.headers import POLICY
from app.messaging.letters import CalendarPart, Letter
from app.messaging.plain import one_line
from app.models import OutboxMessage
from app.signing import Signer

Send = Callable[[EmailMessage], None]

CALENDAR_NAME = "appointment.ics"
MOST_KEPT = 60_000  # bytes of text or of HTML; the columns take 65,535


class NotAnAddress(ValueError):
    """Nobody can be written to there."""


@dataclass(frozen=True, slots=True)
class Post:
    """How this installation writes: its links begin with `base_url` and those that carry their own
    permission are signed by `links`; its letters come from `sender` (`Name <address>`) and leave
    by `send`, which raises what went wrong."""

    base_url: str
    sender: str
    send: Send
    links: Signer


@dataclass(frozen=True, slots=True)
class Kept:
    """What stays of a message when it has been sent; an attachment is a row without its place."""

    subject: str
    text: str
    html: str
    attachments: list[dict[str, Any]]
    details: dict[str, Any]


def compose(message: OutboxMessage, letter: Letter, post: Post) -> EmailMessage:
    """The e-mail for a letter. Its Message-ID is the same at each try, so that a mail server or a
    reader can drop the second copy. Raises NotAnAddress for a recipient that is none."""
    number = message_id(message, post.base_url)
    email = envelope(post, message.recipient, letter.subject, number)
    for name, value in letter.headers.items():
        email[name] = value
    email.set_content(letter.text)
    email.add_alternative(letter.html, subtype="html")
    if letter.calendar is not None:
        _add_calendar(email, letter.calendar)
    for file in letter.attachments:
        maintype, _, subtype = file.content_type.partition("/")
        email.add_attachment(file.content, maintype=maintype, subtype=subtype, filename=file.name)
    return email


def envelope(post: Post, recipient: str, subject: str, message_id: str) -> EmailMessage:
    """An e-mail of this installation, without content. Raises NotAnAddress for a recipient or a
    sender that is none."""
    email = EmailMessage(policy=POLICY)
    email["From"] = _address(post.sender)
    email["To"] = _address(recipient)
    email["Subject"] = subject
    email["Date"] = format_datetime(clock.now())
    email["Message-ID"] = message_id
    email["Auto-Submitted"] = "auto-generated"
    return email


def _add_calendar(email: EmailMessage, calendar: CalendarPart) -> None:
    """Put the .ics file in twice: as an alternative, by which Google and Outlook know that the
    e-mail is about a visit, and as a file, which Apple's and older programs open."""
    email.add_alternative(
        calendar.file.decode(), "calendar", cte="base64", params={"method": calendar.method}
    )
    email.add_attachment(
        calendar.file, maintype="application", subtype="ics", filename=CALENDAR_NAME
    )


def into_folder(folder: Path) -> Send:
    """A way out that leaves each e-mail as an .eml file, whole or not at all."""

    def send(email: EmailMessage) -> None:
        number = email["Message-ID"].strip("<>").partition("@")[0]
        path = folder / f"{email['Date'].datetime:%Y%m%d-%H%M%S}-{number}.eml"
        unfinished = path.with_suffix(".part")
        content = email.as_bytes()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            unfinished.write_bytes(content)
            unfinished.replace(path)
        except OSError as fault:
            raise Unavailable from fault

    return send


def kept(message: OutboxMessage, letter: Letter) -> Kept:
    """What is kept of a letter: its links lead nowhere, and a one-time token is gone."""
    masked = letter.masked()
    text, html = _shortened(masked.text), _shortened(masked.html)
    return Kept(masked.subject[:200], text, html, _attachments(masked), _details(message))


def nothing_kept(message: OutboxMessage) -> Kept:
    """What is kept of a message that was not true any more."""
    return Kept("", "", "", [], _details(message))


def _details(message: OutboxMessage) -> dict[str, Any]:
    return {name: value for name, value in message.details.items() if name != "token"}


def _attachments(letter: Letter) -> list[dict[str, Any]]:
    files = [asdict(file) for file in letter.attachments]
    if letter.calendar is None:
        return files
    content_type = f"text/calendar; method={letter.calendar.method}; charset=utf-8"
    file = {"name": CALENDAR_NAME, "content_type": content_type, "content": letter.calendar.file}
    return [file, *files]


def _shortened(text: str) -> str:
    return text.encode()[:MOST_KEPT].decode(errors="ignore")


def message_id(message: OutboxMessage, base_url: str) -> str:
    """What a message is known by to mail servers, the same at each of its tries."""
    written = int(message.created_at.timestamp())
    return f"<outbox-{message.id}.{written}@{urlsplit(base_url).hostname}>"


def _address(text: str) -> Address:
    name, address = parseaddr(text) if "<" in text else ("", text)
    local, _, domain = address.rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode("ascii")
        return Address(one_line(name), addr_spec=f"{local}@{ascii_domain}")
    except (HeaderParseError, IndexError, ValueError) as fault:
        raise NotAnAddress(f"{text!r} is no address") from fault
