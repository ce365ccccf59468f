"""The tables, one file a noun."""

from app.models.appointment import Appointment, AppointmentStatus, PaymentStatus
from app.models.audit import AuditEvent
from app.models.calendar import Calendar, CalendarKind, Claim
from app.models.doctor import AgendaMail, Doctor, DoctorLanguage, OpeningFloor, ProfileChange
from app.models.hours import Closure, HoursException, HoursExceptionKind, WorkingHours
from app.models.location import Location
from app.models.login_session import LoginSession, OneTimeToken, SignInFailures, TokenPurpose
from app.models.outbox import MessageAttachment, MessageKind, MessageState, OutboxMessage
from app.models.patient import Patient
from app.models.payment import (
    LedgerEntry,
    LedgerKind,
    Payment,
    PaymentState,
    Receipt,
    Refund,
    RefundCause,
    RefundState,
    StripeEvent,
)
from app.models.setting import Revision, Setting
from app.models.site_page import PageSlug, SitePage
from app.models.specialty import Specialty
from app.models.user import Role, User
from app.models.visit_type import PayWhen, VisitMode, VisitType, WhoMayBook

__all__ = [
    "AgendaMail",
    "Appointment",
    "AppointmentStatus",
    "AuditEvent",
    "Calendar",
    "CalendarKind",
    "Claim",
    "Closure",
    "Doctor",
    "DoctorLanguage",
    "HoursException",
    "HoursExceptionKind",
    "LedgerEntry",
    "LedgerKind",
    "Location",
    "LoginSession",
    "MessageAttachment",
    "MessageKind",
    "MessageState",
    "OneTimeToken",
    "OpeningFloor",
    "OutboxMessage",
    "PageSlug",
    "Patient",
    "PayWhen",
    "Payment",
    "PaymentState",
    "PaymentStatus",
    "ProfileChange",
    "Receipt",
    "Refund",
    "RefundCause",
    "RefundState",
    "Revision",
    "Role",
    "Setting",
    "SignInFailures",
    "SitePage",
    "Specialty",
    "StripeEvent",
    "TokenPurpose",
    "User",
    "VisitMode",
    "VisitType",
    "WhoMayBook",
    "WorkingHours",
]
