"""messages that are seen

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import MEDIUMBLOB
from app.types import UTCDateTime

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('message_attachments',
    sa.Column('message_id', sa.Integer(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('content_type', sa.String(length=80), nullable=False),
    sa.Column('content', sa.LargeBinary().with_variant(MEDIUMBLOB(), "mysql", "mariadb"), nullable=False),
    sa.ForeignKeyConstraint(['message_id'], ['outbox_messages.id'], name=op.f('fk_message_attachments_message_id_outbox_messages'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('message_id', 'position', name=op.f('pk_message_attachments')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    with op.batch_alter_table('appointments', schema=None) as batch_op:
        batch_op.add_column(sa.Column('arranged_at', UTCDateTime(), nullable=True))

    with op.batch_alter_table('doctors', schema=None) as batch_op:
        batch_op.add_column(sa.Column('agenda_mail', sa.String(length=32), nullable=False, server_default="never"))
        batch_op.add_column(sa.Column('mail_changes', sa.Boolean(), nullable=False, server_default=sa.true()))
        batch_op.add_column(sa.Column('names_in_feed', sa.Boolean(), nullable=False, server_default=sa.false()))

    with op.batch_alter_table('outbox_messages', schema=None) as batch_op:
        batch_op.add_column(sa.Column('language', sa.String(length=8), nullable=False, server_default="en"))
        batch_op.add_column(sa.Column('not_before', UTCDateTime(), nullable=False, server_default="2000-01-01 00:00:00"))
        batch_op.add_column(sa.Column('html', sa.Text(), nullable=False, server_default=sa.text("('')")))
        batch_op.create_index(batch_op.f('ix_outbox_messages_recipient'), ['recipient'], unique=False)
        batch_op.create_index(batch_op.f('ix_outbox_messages_created_at'), ['created_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_outbox_messages_kind_created_at'), ['kind', 'created_at'], unique=False)

    with op.batch_alter_table('patients', schema=None) as batch_op:
        batch_op.add_column(sa.Column('own_reminders', sa.JSON(none_as_null=True), nullable=True))

    with op.batch_alter_table('users', schema=None) as batch_op:
        batch_op.add_column(sa.Column('feed_number', sa.Integer(), nullable=False, server_default="0"))

    with op.batch_alter_table('visit_types', schema=None) as batch_op:
        batch_op.add_column(sa.Column('own_reminders', sa.JSON(none_as_null=True), nullable=True))

    op.execute("UPDATE outbox_messages SET not_before = created_at")
    op.execute("UPDATE outbox_messages SET state = 'failed' WHERE state = 'queued' AND tries > 0")
    op.execute(
        "UPDATE appointments SET arranged_at = created_at "
        "WHERE status NOT IN ('held', 'expired')"
    )


def downgrade() -> None:
    op.execute("UPDATE outbox_messages SET state = 'queued' WHERE state = 'failed'")
    op.execute("UPDATE outbox_messages SET state = 'dead' WHERE state = 'set_aside'")
    with op.batch_alter_table('visit_types', schema=None) as batch_op:
        batch_op.drop_column('own_reminders')

    with op.batch_alter_table('users', schema=None) as batch_op:
        batch_op.drop_column('feed_number')

    with op.batch_alter_table('patients', schema=None) as batch_op:
        batch_op.drop_column('own_reminders')

    with op.batch_alter_table('outbox_messages', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_outbox_messages_kind_created_at'))
        batch_op.drop_index(batch_op.f('ix_outbox_messages_created_at'))
        batch_op.drop_index(batch_op.f('ix_outbox_messages_recipient'))
        batch_op.drop_column('html')
        batch_op.drop_column('not_before')
        batch_op.drop_column('language')

    with op.batch_alter_table('doctors', schema=None) as batch_op:
        batch_op.drop_column('names_in_feed')
        batch_op.drop_column('mail_changes')
        batch_op.drop_column('agenda_mail')

    with op.batch_alter_table('appointments', schema=None) as batch_op:
        batch_op.drop_column('arranged_at')

    op.drop_table('message_attachments')