"""Openings, claims and the appointment's life: what Docket exists for.

Rules (pure): `days` local days in ticks, `availability` integer arithmetic, `states` who may move
an appointment where. Use cases: `holds`, `bookings`, `visits` (the doctor's steps), `changes`
(cancel, move). Readers: `openings`, `appointments`, `board`. `claims` is the only module that
writes claims.
"""
