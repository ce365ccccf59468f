"""money

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op
from app.types import UTCDateTime

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('stripe_events',
    sa.Column('id', sa.String(length=120), nullable=False),
    sa.Column('kind', sa.String(length=80), nullable=False),
    sa.Column('received_at', UTCDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_stripe_events')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    with op.batch_alter_table('stripe_events', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_stripe_events_received_at'), ['received_at'], unique=False)

    op.create_table('payments',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.Column('appointment_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('cents', sa.Integer(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('create_key', sa.String(length=64), nullable=False),
    sa.Column('session_id', sa.String(length=120), nullable=True),
    sa.Column('session_url', sa.Text(), nullable=False),
    sa.Column('intent_id', sa.String(length=120), nullable=True),
    sa.Column('started_at', UTCDateTime(), nullable=False),
    sa.Column('due_at', UTCDateTime(), nullable=False),
    sa.Column('settled_at', UTCDateTime(), nullable=True),
    sa.Column('method', sa.String(length=40), nullable=False),
    sa.Column('problem', sa.Text(), nullable=False),
    sa.CheckConstraint('cents > 0', name=op.f('ck_payments_cents')),
    sa.ForeignKeyConstraint(['appointment_id'], ['appointments.id'], name=op.f('fk_payments_appointment_id_appointments')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_payments')),
    sa.UniqueConstraint('create_key', name=op.f('uq_payments_create_key')),
    sa.UniqueConstraint('intent_id', name=op.f('uq_payments_intent_id')),
    sa.UniqueConstraint('ref', name=op.f('uq_payments_ref')),
    sa.UniqueConstraint('session_id', name=op.f('uq_payments_session_id')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    with op.batch_alter_table('payments', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_payments_appointment_id'), ['appointment_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_payments_started_at'), ['started_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_payments_state_due_at'), ['state', 'due_at'], unique=False)

    op.create_table('ledger_entries',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('payment_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('cents', sa.Integer(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('stripe_id', sa.String(length=120), nullable=False),
    sa.Column('at', UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['payment_id'], ['payments.id'], name=op.f('fk_ledger_entries_payment_id_payments')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ledger_entries')),
    sa.UniqueConstraint('kind', 'stripe_id', name=op.f('uq_ledger_entries_kind_stripe_id')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    with op.batch_alter_table('ledger_entries', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_ledger_entries_at'), ['at'], unique=False)
        batch_op.create_index(batch_op.f('ix_ledger_entries_payment_id'), ['payment_id'], unique=False)

    op.create_table('receipts',
    sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('payment_id', sa.Integer(), nullable=False),
    sa.Column('issued_at', UTCDateTime(), nullable=False),
    sa.Column('issuer', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['payment_id'], ['payments.id'], name=op.f('fk_receipts_payment_id_payments')),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_receipts')),
    sa.UniqueConstraint('payment_id', name=op.f('uq_receipts_payment_id')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    op.create_table('refunds',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('payment_id', sa.Integer(), nullable=False),
    sa.Column('cause', sa.String(length=32), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('cents', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('key', sa.String(length=64), nullable=False),
    sa.Column('stripe_id', sa.String(length=120), nullable=True),
    sa.Column('asked_by_id', sa.Integer(), nullable=True),
    sa.Column('asked_at', UTCDateTime(), nullable=False),
    sa.Column('next_try_at', UTCDateTime(), nullable=False),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('error', sa.Text(), nullable=False),
    sa.CheckConstraint('cents > 0', name=op.f('ck_refunds_cents')),
    sa.ForeignKeyConstraint(['asked_by_id'], ['users.id'], name=op.f('fk_refunds_asked_by_id_users')),
    sa.ForeignKeyConstraint(['payment_id'], ['payments.id'], name=op.f('fk_refunds_payment_id_payments')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_refunds')),
    sa.UniqueConstraint('key', name=op.f('uq_refunds_key')),
    sa.UniqueConstraint('stripe_id', name=op.f('uq_refunds_stripe_id')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    with op.batch_alter_table('refunds', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_refunds_payment_id'), ['payment_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_refunds_state_next_try_at'), ['state', 'next_try_at'], unique=False)

    with op.batch_alter_table('appointments', schema=None) as batch_op:
        batch_op.add_column(sa.Column('pay_when', sa.String(length=32), nullable=False, server_default="at_clinic"))
        batch_op.add_column(sa.Column('free_until_hours', sa.Integer(), nullable=False, server_default="24"))
        batch_op.add_column(sa.Column('late_fee_percent', sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column('no_show_fee_percent', sa.Integer(), nullable=False, server_default="0"))

    with op.batch_alter_table('visit_types', schema=None) as batch_op:
        batch_op.add_column(sa.Column('pay_when', sa.String(length=32), nullable=False, server_default="at_clinic"))
    # Where receipts have come to; locked while one is written, so that no number is left out.
    op.execute("INSERT INTO revisions (name, value) VALUES ('receipts', 0)")


def downgrade() -> None:
    op.execute("DELETE FROM revisions WHERE name = 'receipts'")
    with op.batch_alter_table('visit_types', schema=None) as batch_op:
        batch_op.drop_column('pay_when')

    with op.batch_alter_table('appointments', schema=None) as batch_op:
        batch_op.drop_column('no_show_fee_percent')
        batch_op.drop_column('late_fee_percent')
        batch_op.drop_column('free_until_hours')
        batch_op.drop_column('pay_when')

    op.drop_table('refunds')
    op.drop_table('receipts')
    op.drop_table('ledger_entries')
    op.drop_table('payments')
    op.drop_table('stripe_events')