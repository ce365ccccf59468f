"""Payments of a clinic for the bench, and the admins' pages of them."""

from __future__ import annotations

from sqlalchemy import Connection

PAYMENTS = 99_800

PAGES = {
    "payments": "/admin/payments/",
    "payments, of a year, last page": "/admin/payments/?from={year_ago}&page=400",
    "payments, paid in a year": "/admin/payments/?state=paid&from={year_ago}",
    "payments, failed in a year": "/admin/payments/?state=failed&from={year_ago}",
    "payments, on their way in a year": "/admin/payments/?state=processing&from={year_ago}",
    "payments, given back in a year": "/admin/payments/?state=refunded&from={year_ago}",
    "payments, a refund failed": "/admin/payments/?state=refund_failed&from={year_ago}",
    "payments, disputed in a year": "/admin/payments/?state=disputed&from={year_ago}",
    "payments, given back by staff": "/admin/payments/?cause=by_staff&from={year_ago}",
    "payments, of a doctor in a year": "/admin/payments/?doctor={doctor}&from={year_ago}",
    "payments, by debit in a year": "/admin/payments/?method=sepa_debit&from={year_ago}",
    "payments, by a way nobody uses": "/admin/payments/?method=klarna&from={year_ago}",
    "payments, of one person": "/admin/payments/?q=77777@example.org&from={year_ago}",
    "payments, of many people": "/admin/payments/?q=chiara&from={year_ago}",
    "payments, by an id": "/admin/payments/?q=pi_77777",
    "payments, by an id nobody has": "/admin/payments/?q=pi_nobody",
    "payments, summed over two months": "/admin/payments/?from={two_months_ago}",
    "payments, summed for a doctor": "/admin/payments/?doctor={doctor}&from={two_months_ago}",
    "payments, summed by debit": "/admin/payments/?method=sepa_debit&from={two_months_ago}",
    "payments, two months long ago": "/admin/payments/?from=2025-01-01&to=2025-02-28",
    "a payment": "/admin/payments/bench00000077777/",
}

KIND = "CASE seq MOD 50 WHEN 1 THEN 'failed' WHEN 2 THEN 'expired' ELSE 'paid' END"
BEGUN = f"NOW() - INTERVAL ({PAYMENTS} - seq) * 900 SECOND"
IS_PAID = "seq MOD 50 NOT IN (1, 2)"
GOES_BACK = "seq MOD 20 = 5"
HAS_FAILED = "seq MOD 1000 = 25"


def write(connection: Connection) -> None:
    """A payment for each appointment, three years of them: one in fifty fails, one in fifty is not
    paid in time, one in twenty goes back and one in a thousand does not arrive; a few are
    disputed. Each with its ledger, and its receipt."""
    numbers = f"FROM seq_1_to_{PAYMENTS}"
    connection.exec_driver_sql(
        "INSERT INTO payments (id, ref, appointment_id, state, cents, currency, create_key,"
        " session_id, session_url, intent_id, started_at, due_at, settled_at, method, problem)"
        f" SELECT seq, CONCAT('bench', LPAD(seq, 11, '0')), seq, {KIND}, 4500, 'EUR',"
        f" CONCAT('key ', seq), CONCAT('cs_', seq), '', CONCAT('pi_', seq), {BEGUN}, {BEGUN},"
        f" {BEGUN}, IF(seq MOD 7 = 3, 'sepa_debit', 'card'), '' {numbers}"
    )
    connection.exec_driver_sql(
        "INSERT INTO refunds (payment_id, cause, reason, cents, state, `key`, stripe_id, asked_at,"
        " next_try_at, tries, error)"
        " SELECT seq, IF(seq MOD 60 = 5, 'by_staff', 'cancelled'), 'Bench', 2000,"
        f" IF({HAS_FAILED}, 'failed', 'succeeded'), CONCAT('key ', seq), CONCAT('re_', seq),"
        f" {BEGUN}, {BEGUN}, 1, '' {numbers} WHERE {GOES_BACK}"
    )
    for kind, cents, prefix, which in (
        ("charge", 4500, "ch_", IS_PAID),
        ("fee", -93, "txn_", IS_PAID),
        ("refund", -2000, "re_", GOES_BACK),
        ("refund_failed", 2000, "re_", HAS_FAILED),
        ("dispute", -4500, "du_", "seq MOD 5000 = 7"),
    ):
        connection.exec_driver_sql(
            "INSERT INTO ledger_entries (payment_id, kind, cents, currency, stripe_id, at)"
            f" SELECT seq, '{kind}', {cents}, 'EUR', CONCAT('{prefix}', seq), {BEGUN}"
            f" {numbers} WHERE {which}"
        )
    connection.exec_driver_sql(
        "INSERT INTO receipts (number, payment_id, issued_at, issuer)"
        f" SELECT seq, seq, {BEGUN}, '{{}}' {numbers} WHERE {IS_PAID}"
    )
    for table in ("payments", "refunds", "ledger_entries", "receipts"):
        connection.exec_driver_sql(f"ANALYZE TABLE {table}")
