"""Who may call which route, and whose things it shows. A route that is not here fails its test.

Of people with the right role, those who are not named meet a foreign thing: for them it is not
there (404). People of other roles are refused (403), and strangers are sent to the login page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.builders import PASSWORD
from tests.project.cast import Person

EVERYBODY = frozenset(Person)
SIGNED_IN = EVERYBODY - {Person.ANONYMOUS}
PATIENTS = frozenset({Person.PATIENT_A, Person.PATIENT_B})
DOCTORS = frozenset({Person.DOCTOR_A, Person.DOCTOR_B})
ADMIN = frozenset({Person.ADMIN})
PATIENT_A = frozenset({Person.PATIENT_A})
DOCTOR_A = frozenset({Person.DOCTOR_A})


@dataclass(frozen=True, slots=True)
class Row:
    """`path`, `query` and `form` name what stands there: "@appointment" is a thing of the cast."""

    may: frozenset[Person]
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)


MINE = {"ref": "@appointment"}
SEEN = {"version": "2"}
CHOICE = {"doctor": "@doctor", "visit_type": "@visit type", "day": "@day"}

NEW_PASSWORD = "quite another long pass phrase"
NEWCOMER = {"name": "Nora Neu", "email": "nora@example.org", "password": NEW_PASSWORD}
SETTINGS = {
    "name": "Corner Practice",
    "phone": "+49 30 901820",
    "email": "hello@example.org",
    "zone": "Europe/Lisbon",
    "currency": "EUR",
    "receipt_address": "Quay House\nQuay 1",
    "horizon_days": "90",
    "minimum_notice_minutes": "30",
    "cancel_cutoff_hours": "12",
    "hold_minutes": "12",
    "open_bookings_per_patient": "4",
    "open_bookings_per_doctor": "2",
    "open_bookings_unconfirmed": "1",
    "holds_per_address": "5",
    "undo_seconds": "20",
    "idle_minutes_staff": "30",
    "idle_minutes_patient": "60",
    "session_hours": "8",
}
PLACE = {
    "name": "Harbour Street",
    "address": "Harbour Street 1",
    "city": "Lisbon",
    "zone": "Europe/Lisbon",
    "zone_confirmed": "Europe/Lisbon",
}
KIND = {
    "name": "Long talk",
    "minutes": "45",
    "buffer_before": "5",
    "buffer_after": "10",
    "step": "15",
    "mode": "in_person",
    "who_may_book": "anybody",
    "price": "60,00",
    "currency": "EUR",
}
AT_DESK = {"doctor": "@doctor", "patient": "@patient", "type": "@visit type", "day": "@day"}
DESK_KEY = {"key": "the key of this form"}
CLOSED = {"location": "@place", "first_day": "@day", "starts": "18:00", "reason": "A storm"}

ROUTES: dict[str, Row] = {
    "static": Row(EVERYBODY, {"filename": "css/base.css"}),
    # Booking: open to everybody until it is confirmed.
    "patient.book": Row(EVERYBODY, query=CHOICE),
    "patient.openings_of_day": Row(EVERYBODY, query=CHOICE),
    "patient.form_address": Row(EVERYBODY),
    "patient.hold": Row(
        PATIENTS | {Person.ANONYMOUS},
        form={**CHOICE, "opening": "@doctor.@tick", "key": "the key of this form"},
    ),
    "patient.prolong": Row(EVERYBODY, form={**CHOICE, "ref": "@held"}),
    "patient.release": Row(EVERYBODY, form={**CHOICE, "ref": "@held"}),
    "patient.confirm": Row(EVERYBODY, form={**CHOICE, "ref": "@held"}),
    # What the public sees.
    "site.home": Row(EVERYBODY, query={"earliest": "@day"}),
    "site.doctor": Row(EVERYBODY, {"ref": "@doctor"}),
    "site.about": Row(EVERYBODY),
    "site.contact": Row(EVERYBODY),
    "site.calendar_feed": Row(EVERYBODY, {"token": "@feed token"}),
    "site.portrait": Row(EVERYBODY, {"name": "@portrait"}),
    "site.health": Row(EVERYBODY),
    "site.robots": Row(EVERYBODY),
    "site.favicon": Row(EVERYBODY),
    "payments.prices": Row(EVERYBODY),
    # Money: one's own. What Stripe tells needs its signature, and comes without a session.
    "payments.pay": Row(PATIENTS, form={"ref": "@held"}),
    "payments.success": Row(PATIENT_A, query={"session_id": "@checkout session"}),
    "payments.success_status": Row(PATIENT_A, query={"session_id": "@checkout session"}),
    "payments.cancelled": Row(PATIENT_A, {"ref": "@payment"}),
    "payments.mine": Row(PATIENTS),
    "payments.receipt": Row(PATIENT_A | ADMIN, {"ref": "@payment"}),
    "payments.receipt_pdf": Row(PATIENT_A | ADMIN, {"ref": "@payment"}),
    "payments.stripe_webhook": Row(EVERYBODY),
    # Accounts.
    "auth.login": Row(EVERYBODY, query={"next": "/view-appointment/"}),
    "auth.login_now": Row(EVERYBODY, form={"email": "@email", "password": PASSWORD}),
    "auth.logout": Row(EVERYBODY),
    "auth.register": Row(EVERYBODY),
    "auth.register_now": Row(EVERYBODY, form=NEWCOMER),
    "auth.register_doctor": Row(EVERYBODY),
    "auth.register_doctor_now": Row(
        EVERYBODY,
        form={**NEWCOMER, "title": "Dr.", "licence_number": "B 12/34", "languages": "en"},
    ),
    "auth.confirm_link": Row(EVERYBODY, {"token": "@confirming token"}),
    "auth.confirm_email": Row(EVERYBODY),
    "auth.confirm_email_now": Row(EVERYBODY),
    "auth.reset_link": Row(EVERYBODY, {"token": "@resetting token"}),
    "auth.reset_password": Row(EVERYBODY),
    "auth.reset_password_now": Row(EVERYBODY, form={"password": NEW_PASSWORD}),
    "auth.forgot_password": Row(EVERYBODY),
    "auth.forgot_password_now": Row(EVERYBODY, form={"email": "@email"}),
    "auth.invitation_link": Row(EVERYBODY, {"token": "@inviting token"}),
    "auth.invitation": Row(EVERYBODY),
    "auth.invitation_now": Row(EVERYBODY, form={"password": NEW_PASSWORD}),
    "auth.resend": Row(SIGNED_IN),
    "auth.profile": Row(SIGNED_IN),
    "auth.profile_now": Row(SIGNED_IN, form={"name": "A New Name", "version": "1"}),
    "auth.password": Row(SIGNED_IN),
    "auth.password_now": Row(SIGNED_IN, form={"current": "not mine", "password": NEW_PASSWORD}),
    "auth.devices": Row(SIGNED_IN),
    "auth.end_session": Row(SIGNED_IN, form={"session": "999999999"}),
    "auth.end_others": Row(SIGNED_IN),
    "auth.messages": Row(SIGNED_IN),
    "auth.choose_reminders": Row(
        PATIENTS, form={"choice": "own", "hours": "24", "version": "clinic"}
    ),
    "auth.choose_mail": Row(DOCTORS, form={"agenda": "morning", "version": "never-True"}),
    "auth.renew_feed": Row(PATIENTS | DOCTORS, form={"number": "0"}),
    "auth.turn_off_feed": Row(PATIENTS | DOCTORS, form={"number": "0"}),
    "auth.name_in_feed": Row(DOCTORS, form={"names": "yes", "seen": "0"}),
    "auth.unsubscribe": Row(EVERYBODY, {"token": "@stopping token"}),
    "auth.unsubscribe_now": Row(
        EVERYBODY, {"token": "@stopping token"}, form={"List-Unsubscribe": "One-Click"}
    ),
    # A patient's own appointments.
    "patient.appointments": Row(PATIENTS),
    "patient.booked": Row(PATIENT_A, MINE),
    "patient.appointment": Row(PATIENT_A, MINE),
    "patient.appointment_status": Row(PATIENT_A, MINE),
    "patient.appointment_calendar": Row(PATIENT_A, MINE),
    "patient.cancel": Row(PATIENT_A, MINE),
    "patient.cancel_now": Row(PATIENT_A, MINE, form={**SEEN, "reason": "Feeling better"}),
    "patient.move": Row(PATIENT_A, MINE),
    "patient.move_now": Row(PATIENT_A, MINE, form={**SEEN, "opening": "@tick"}),
    # By the links of letters: whoever has the letter.
    "patient.mailed_details": Row(EVERYBODY, {"token": "@seeing link"}),
    "patient.mailed_cancel": Row(EVERYBODY, {"token": "@cancelling link"}),
    "patient.mailed_cancel_now": Row(
        EVERYBODY, {"token": "@cancelling link"}, form={**SEEN, "reason": "Feeling better"}
    ),
    "patient.mailed_move": Row(EVERYBODY, {"token": "@moving link"}),
    "patient.mailed_move_now": Row(
        EVERYBODY, {"token": "@moving link"}, form={**SEEN, "opening": "@tick"}
    ),
    # A doctor's day; admins see all of them.
    "doctor.board": Row(DOCTORS | ADMIN),
    "doctor.board_visits": Row(DOCTORS | ADMIN, query={"day": "@day"}),
    "doctor.week": Row(DOCTORS | ADMIN, query={"day": "@day", "type": "@visit type"}),
    "doctor.week_live": Row(DOCTORS | ADMIN, query={"day": "@day"}),
    "doctor.week_why": Row(DOCTORS | ADMIN, query={"at": "@tick"}),
    "doctor.day_sheet": Row(DOCTORS | ADMIN, query={"day": "@day"}),
    "doctor.find": Row(DOCTORS | ADMIN, query={"day": "@day"}),
    "doctor.visit": Row(DOCTOR_A | ADMIN, MINE),
    "doctor.take": Row(DOCTOR_A | ADMIN, {"ref": "@request", "step": "approve"}, form=SEEN),
    "doctor.cancel": Row(DOCTOR_A | ADMIN, MINE, form={**SEEN, "reason": "Ill"}),
    "doctor.undo": Row(DOCTOR_A | ADMIN, MINE, form=SEEN),
    "doctor.today": Row(DOCTORS),
    "doctor.today_live": Row(DOCTORS),
    "doctor.book": Row(DOCTOR_A | ADMIN, query=AT_DESK),
    "doctor.book_now": Row(DOCTOR_A | ADMIN, form={**AT_DESK, **DESK_KEY, "at": "@tick"}),
    "doctor.new_patient": Row(DOCTORS | ADMIN, query={"doctor": "@doctor"}),
    "doctor.new_patient_now": Row(
        DOCTORS | ADMIN,
        query={"doctor": "@doctor"},
        form={"name": "Nora Neu", "email": "nora@example.org"},
    ),
    "doctor.patient_address": Row(DOCTOR_A | ADMIN, {"ref": "@user without an address"}),
    "doctor.patient_address_now": Row(
        DOCTOR_A | ADMIN,
        {"ref": "@user without an address"},
        form={"email": "ute@example.org", "next": "/board/"},
    ),
    "doctor.overbook": Row(DOCTOR_A | ADMIN, query={**AT_DESK, "at": "@taken tick"}),
    "doctor.overbook_now": Row(
        DOCTOR_A | ADMIN,
        form={**AT_DESK, **DESK_KEY, "at": "@taken tick", "word": "An emergency"},
    ),
    "doctor.follow_up": Row(DOCTOR_A | ADMIN, {"ref": "@finished"}, query={"weeks": "4"}),
    "doctor.follow_up_now": Row(
        DOCTOR_A | ADMIN,
        {"ref": "@finished"},
        form={**DESK_KEY, "type": "@visit type", "at": "@tick"},
    ),
    "doctor.hours": Row(DOCTORS | ADMIN, query={"next": "/board/"}),
    "doctor.hours_now": Row(
        DOCTORS | ADMIN,
        form={
            "do": "save",
            "version": "1",
            "weekday_0": "1",
            "place_0": "@location",
            "starts_0": "09:00",
            "ends_0": "17:00",
        },
    ),
    "doctor.time_off": Row(DOCTORS | ADMIN, query={"deleted": "@deleted time off"}),
    "doctor.time_off_now": Row(
        DOCTORS | ADMIN, form={"off-first_day": "@day", "off-starts": "12:00", "off-note": "Away"}
    ),
    "doctor.extra_hours_now": Row(
        DOCTORS | ADMIN,
        form={
            "extra-last_day": "@day",
            "extra-starts": "18:00",
            "extra-ends": "19:00",
            "extra-location": "@location",
        },
    ),
    "doctor.delete_time_off": Row(
        DOCTOR_A | ADMIN, {"number": "@extra hours"}, query={"doctor": "@doctor"}
    ),
    "doctor.undo_time_off": Row(
        DOCTOR_A | ADMIN, {"number": "@deleted time off"}, query={"doctor": "@doctor"}
    ),
    "doctor.page": Row(DOCTORS | ADMIN),
    "doctor.page_now": Row(
        DOCTORS | ADMIN,
        form={"title": "Prof.", "languages": "de", "specialties": "@specialty", "about": "Hello."},
    ),
    "doctor.withdraw_page": Row(DOCTORS | ADMIN, form={"version": "1"}),
    "doctor.page_preview": Row(DOCTORS | ADMIN),
    "doctor.page_preview_now": Row(
        DOCTORS | ADMIN,
        form={"title": "Prof.", "languages": "de", "specialties": "@specialty", "about": "Hello."},
    ),
    # The clinic.
    "admin.overview": Row(ADMIN),
    "admin.appointments": Row(ADMIN),
    "admin.audit": Row(ADMIN),
    "admin.payments": Row(ADMIN, query={"state": "paid", "to": "@day"}),
    "admin.payments_file": Row(ADMIN, query={"to": "@day"}),
    "admin.payment": Row(ADMIN, {"ref": "@payment"}),
    "admin.refund_payment": Row(
        ADMIN, {"ref": "@payment"}, form={"amount": "1.00", "reason": "A gift"}
    ),
    "admin.retry_refund": Row(ADMIN, {"ref": "@payment", "number": "@failed refund"}),
    "admin.set_refund_aside": Row(
        ADMIN, {"ref": "@payment", "number": "@failed refund"}, form={"reason": "In cash"}
    ),
    "admin.messages": Row(ADMIN, query={"state": "sent", "to": "@day"}),
    "admin.retry_messages": Row(ADMIN),
    "admin.retry_messages_now": Row(ADMIN),
    "admin.message": Row(ADMIN, {"number": "@sent message"}),
    "admin.message_look": Row(ADMIN, {"number": "@sent message"}),
    "admin.message_file": Row(ADMIN, {"number": "@sent message", "position": "1"}),
    "admin.send_message_again": Row(
        ADMIN, {"number": "@sent message"}, form={"newest": "@sent message"}
    ),
    "admin.retry_message": Row(ADMIN, {"number": "@dead message"}),
    "admin.set_message_aside": Row(ADMIN, {"number": "@dead message"}),
    "admin.users": Row(ADMIN),
    "admin.user": Row(ADMIN, {"ref": "@patient"}),
    "admin.change_role": Row(ADMIN, {"ref": "@patient"}, form={"version": "1", "role": "admin"}),
    "admin.change_active": Row(ADMIN, {"ref": "@patient"}, form={"version": "1", "active": "no"}),
    "admin.new_user": Row(ADMIN, query={"next": "/admin/"}),
    "admin.create_user": Row(
        ADMIN,
        form={
            "name": "Nora Neu",
            "email": "nora@example.org",
            "role": "doctor",
            "title": "Dr.",
            "licence_number": "B 12/34",
        },
    ),
    "admin.end_sessions": Row(ADMIN, {"ref": "@patient"}, form={"version": "1"}),
    "admin.ask_for_new_password": Row(ADMIN, {"ref": "@patient"}, form={"version": "1"}),
    "admin.invite_again": Row(ADMIN, {"ref": "@invited user"}, form={"version": "1"}),
    "admin.doctors": Row(ADMIN),
    "admin.doctor": Row(ADMIN, {"ref": "@waiting doctor"}),
    "admin.approve": Row(
        ADMIN, {"ref": "@waiting doctor"}, form={"version": "1", "licence_number": "B 1"}
    ),
    "admin.publish": Row(ADMIN, {"ref": "@waiting doctor"}, form={"version": "1"}),
    "admin.unpublish": Row(ADMIN, {"ref": "@doctor"}, form={"version": "1"}),
    "admin.clinic": Row(ADMIN),
    "admin.specialties": Row(ADMIN),
    "admin.new_specialty": Row(ADMIN, query={"next": "/admin/clinic/"}),
    "admin.create_specialty": Row(ADMIN, form={"name": "Dermatology", "next": "/admin/clinic/"}),
    "admin.specialty": Row(ADMIN, {"slug": "@specialty"}),
    "admin.rename_specialty": Row(
        ADMIN, {"slug": "@specialty"}, form={"name": "Heart medicine", "version": "1"}
    ),
    "admin.remove_specialty": Row(ADMIN, {"slug": "@specialty"}, form={"version": "1"}),
    "admin.restore_specialty": Row(ADMIN, {"number": "@removed specialty"}),
    "admin.locations": Row(ADMIN),
    "admin.new_location": Row(ADMIN, query={"next": "/admin/clinic/"}),
    "admin.create_location": Row(ADMIN, form={**PLACE, "next": "/admin/clinic/"}),
    "admin.location": Row(ADMIN, {"slug": "@place"}),
    "admin.change_location": Row(ADMIN, {"slug": "@place"}, form={**PLACE, "version": "1"}),
    "admin.remove_location": Row(ADMIN, {"slug": "@place"}, form={"version": "1"}),
    "admin.restore_location": Row(ADMIN, {"number": "@removed location"}),
    "admin.visit_types": Row(ADMIN, query={"state": "active"}),
    "admin.new_visit_type": Row(ADMIN, query={"next": "/admin/clinic/"}),
    "admin.create_visit_type": Row(ADMIN, form={**KIND, "next": "/admin/clinic/"}),
    "admin.visit_type": Row(ADMIN, {"ref": "@visit type"}),
    "admin.change_visit_type": Row(ADMIN, {"ref": "@visit type"}, form={**KIND, "version": "1"}),
    "admin.change_visit_type_active": Row(
        ADMIN, {"ref": "@visit type"}, form={"version": "1", "active": "no"}
    ),
    "admin.remove_visit_type": Row(ADMIN, {"ref": "@visit type"}, form={"version": "1"}),
    "admin.restore_visit_type": Row(ADMIN, {"number": "@removed visit type"}),
    "admin.closures": Row(ADMIN, query={"when": "past"}),
    "admin.new_closure": Row(ADMIN, query={"next": "/admin/clinic/"}),
    "admin.create_closure": Row(ADMIN, form={**CLOSED, "hits_choice": "keep"}),
    "admin.closure": Row(ADMIN, {"number": "@closure number"}),
    "admin.change_closure": Row(
        ADMIN, {"number": "@closure number"}, form={**CLOSED, "version": "@closure version"}
    ),
    "admin.remove_closure": Row(
        ADMIN, {"number": "@closure number"}, form={"version": "seen once"}
    ),
    "admin.restore_closure": Row(ADMIN, {"number": "@removed closure"}),
    "admin.pages": Row(ADMIN),
    "admin.page": Row(ADMIN, {"slug": "about"}),
    "admin.page_now": Row(ADMIN, {"slug": "about"}, form={"body": "## We", "version": "0"}),
    "admin.page_preview": Row(ADMIN, {"slug": "home"}, form={"body": "## We", "version": "0"}),
    "admin.profile_changes": Row(ADMIN),
    "admin.profile_change": Row(ADMIN, {"ref": "@doctor"}),
    "admin.let_through": Row(ADMIN, {"ref": "@doctor"}, form={"version": "1"}),
    "admin.decline_profile_change": Row(
        ADMIN, {"ref": "@doctor"}, form={"version": "1", "reason": "Please no praise."}
    ),
    "admin.setup": Row(ADMIN),
    "admin.setup_clinic": Row(ADMIN),
    "admin.setup_clinic_now": Row(
        ADMIN,
        form={"name": "Our Practice", "zone": "Europe/Lisbon", "version": "@settings"},
    ),
    "admin.setup_offer": Row(ADMIN),
    "admin.setup_offer_now": Row(
        ADMIN, form={"specialties": "@specialty", "visit_types": "@visit type", "version": "1"}
    ),
    "admin.setup_publish": Row(ADMIN, form={"version": "1"}),
    "admin.settings": Row(ADMIN),
    "admin.settings_now": Row(ADMIN, form={**SETTINGS, "version": "@settings"}),
}

# What is sent there needs no token of a form: the address is a key of its own.
BY_ADDRESS_ALONE = frozenset({"auth.unsubscribe_now"})


def filled(words: Mapping[str, str], things: Mapping[str, str]) -> dict[str, str]:
    """The words with the things of the cast in their places."""
    return {name: _filled(word, things) for name, word in words.items()}


def _filled(word: str, things: Mapping[str, str]) -> str:
    for name in sorted(things, key=len, reverse=True):
        word = word.replace(f"@{name}", things[name])
    return word
