"""The clinic itself: what it has set, what shaped its openings last, and its audit trail."""
