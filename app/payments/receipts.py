"""Receipts of what was paid online: as a page, and as a file to keep."""

from __future__ import annotations

from flask import Response, make_response, render_template

from app.billing import receipt_file, receipts
from app.billing.receipts import Paper
from app.models import Role
from app.payments import bp
from app.security import limited, me, my_patient, only


@bp.get("/payments/<ref>/receipt/")
@only(Role.PATIENT, Role.ADMIN)
def receipt(ref: str) -> Response:
    """The receipt of a payment: a patient's own, and any for admins."""
    return make_response(render_template("payments/receipt.html", paper=_paper(ref), ref=ref))


@bp.get("/payments/<ref>/receipt.pdf")
@only(Role.PATIENT, Role.ADMIN)
@limited("60 per minute")
def receipt_pdf(ref: str) -> Response:
    """The same as a file."""
    paper = _paper(ref)
    response = make_response(receipt_file.file_of(paper))
    response.content_type = receipt_file.CONTENT_TYPE
    response.headers.set("Content-Disposition", "attachment", filename=paper.file_name)
    return response


def _paper(ref: str) -> Paper:
    return receipts.paper_of(ref, None if me().role is Role.ADMIN else my_patient())
