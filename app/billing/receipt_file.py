"""A receipt as a PDF: one page of paper, the same bytes for the same receipt."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from app.billing.receipts import Paper

if TYPE_CHECKING:
    from fpdf import FPDF

FONTS = Path(__file__).resolve().parent.parent / "fonts" / "dejavu"
FONT = "DejaVu"
CONTENT_TYPE = "application/pdf"
BOX = "□"
MARGIN, LABELS, SUMS = 22, 38, 40  # millimetres
INK, SOFT, RULE = 32, 96, 205  # greys


def file_of(paper: Paper) -> bytes:
    """The receipt as a file. Letters that the font has not stand as boxes."""
    pdf = _sheet(paper)
    pdf.set_font(FONT, "B", 15)
    _text(pdf, 8, paper.issuer[0])
    pdf.set_font(FONT, "", 9)
    pdf.set_text_color(SOFT)
    for line in paper.issuer[1:]:
        _text(pdf, 5, line)
    pdf.ln(12)
    pdf.set_text_color(INK)
    pdf.set_font(FONT, "B", 22)
    pdf.cell(0, 12, f"Receipt {paper.number}", new_x="LMARGIN", new_y="NEXT")
    pdf.ln(4)
    for label, value in paper.facts[1:]:
        _fact(pdf, label, value)
    pdf.ln(6)
    _sum(pdf, "Amount", paper.amount, "B")
    for day, what, amount in paper.moves:
        _sum(pdf, f"{what}, {day}", amount, "")
    if paper.moves:
        _sum(pdf, "Left with the clinic", paper.kept, "B")
    if paper.tax_line:
        pdf.ln(8)
        pdf.set_font(FONT, "", 9)
        pdf.set_text_color(SOFT)
        _text(pdf, 5, paper.tax_line)
    return bytes(pdf.output())


def _sheet(paper: Paper) -> FPDF:
    """An empty sheet with its font; HarfBuzz sets names of every script it has letters for."""
    from fpdf import FPDF  # noqa: PLC0415 (pages without receipts need not hold it)

    for noisy in ("fpdf", "fontTools"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    pdf = FPDF(format="A4")
    pdf.set_creation_date(paper.issued_at)
    pdf.set_title(f"Receipt {paper.number}")
    pdf.set_author(paper.issuer[0])
    pdf.set_lang("en")
    pdf.add_font(FONT, "", FONTS / "DejaVuSans.ttf")
    pdf.add_font(FONT, "B", FONTS / "DejaVuSans-Bold.ttf")
    pdf.c_margin = 0
    pdf.set_margins(MARGIN, MARGIN, MARGIN)
    pdf.set_auto_page_break(True, margin=MARGIN)
    pdf.add_page()
    pdf.set_font(FONT, "", 10)
    pdf.set_text_shaping(True)
    pdf.set_draw_color(RULE)
    pdf.set_text_color(INK)
    return pdf


def _fact(pdf: FPDF, label: str, value: str) -> None:
    pdf.set_font(FONT, "", 10)
    pdf.set_text_color(SOFT)
    pdf.set_y(pdf.get_y() + 1)
    pdf.cell(LABELS, 6, label)
    pdf.set_text_color(INK)
    _text(pdf, 6, value)
    pdf.set_y(pdf.get_y() + 1)
    _rule(pdf)


def _sum(pdf: FPDF, label: str, amount: str, weight: str) -> None:
    pdf.set_font(FONT, weight, 11)
    pdf.cell(pdf.epw - SUMS, 9, label)
    pdf.cell(SUMS, 9, amount, align="R", new_x="LMARGIN", new_y="NEXT")
    _rule(pdf)


def _text(pdf: FPDF, height: int, text: str) -> None:
    """Lines of text from here to the margin; a letter that the font has not is a box."""
    known = pdf.fonts[FONT.lower()].cmap  # type: ignore[union-attr]
    shown = "".join(sign if ord(sign) in known else BOX for sign in text)
    pdf.multi_cell(0, height, shown, new_x="LMARGIN", new_y="NEXT", align="L")


def _rule(pdf: FPDF) -> None:
    pdf.line(pdf.l_margin, pdf.get_y(), pdf.w - pdf.r_margin, pdf.get_y())
