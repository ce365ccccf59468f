"""What Docket is measured against: Flask, one indexed query, ten lines of template."""

from __future__ import annotations

import os

from flask import Flask, render_template, request
from jinja2 import DictLoader
from sqlalchemy import create_engine, text

TEMPLATE = """<ul id="openings">
  {% for row in rows %}
    <li>
      <a href="/book?from={{ row.busy_from_tick }}">{{ row.busy_from_tick }}</a>
    </li>
  {% else %}
    <li>Nothing</li>
  {% endfor %}
  <li>{{ rows | length }}</li>
</ul>
"""
QUERY = text(
    "SELECT busy_from_tick, busy_until_tick FROM appointments"
    " WHERE doctor_id = :doctor AND busy_from_tick >= :first AND busy_from_tick < :last"
)

engine = create_engine(
    os.environ["DATABASE_URL"], pool_size=5, max_overflow=5, isolation_level="READ COMMITTED"
)
app = Flask(__name__)
app.jinja_loader = DictLoader({"openings.html": TEMPLATE})


@app.get("/openings/")
def openings() -> str:
    """The appointments of a doctor on a day."""
    first = int(request.args["first"])
    values = {"doctor": int(request.args["doctor"]), "first": first, "last": first + 288}
    with engine.connect() as connection:
        rows = connection.execute(QUERY, values).all()
    return render_template("openings.html", rows=rows)
