"""what doctors and admins set up

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from app.types import UTCDateTime

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('site_pages',
    sa.Column('slug', sa.String(length=20), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('slug', name=op.f('pk_site_pages')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    op.create_table('profile_changes',
    sa.Column('doctor_id', sa.Integer(), nullable=False),
    sa.Column('wanted', sa.JSON(), nullable=False),
    sa.Column('asked_at', UTCDateTime(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['doctor_id'], ['doctors.id'], name=op.f('fk_profile_changes_doctor_id_doctors')),
    sa.PrimaryKeyConstraint('doctor_id', name=op.f('pk_profile_changes')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    op.create_table('working_hours_visit_types',
    sa.Column('working_hours_id', sa.Integer(), nullable=False),
    sa.Column('visit_type_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['visit_type_id'], ['visit_types.id'], name=op.f('fk_working_hours_visit_types_visit_type_id_visit_types')),
    sa.ForeignKeyConstraint(['working_hours_id'], ['working_hours.id'], name=op.f('fk_working_hours_visit_types_working_hours_id_working_hours'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('working_hours_id', 'visit_type_id', name=op.f('pk_working_hours_visit_types')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    with op.batch_alter_table('working_hours_visit_types', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_working_hours_visit_types_visit_type_id'), ['visit_type_id'], unique=False)

    with op.batch_alter_table('doctor_visit_types', schema=None) as batch_op:
        batch_op.add_column(sa.Column('own_minutes', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('own_price_cents', sa.Integer(), nullable=True))

    with op.batch_alter_table('doctors', schema=None) as batch_op:
        batch_op.add_column(sa.Column('portrait', sa.String(length=64), nullable=True))

    with op.batch_alter_table('hours_exceptions', schema=None) as batch_op:
        batch_op.add_column(sa.Column('series', sa.String(length=16), nullable=True))
        batch_op.create_index(batch_op.f('ix_hours_exceptions_series'), ['series'], unique=False)

    with op.batch_alter_table('locations', schema=None) as batch_op:
        batch_op.add_column(sa.Column('accessibility', sa.Text(), nullable=False, server_default=sa.text("('')")))
        batch_op.add_column(sa.Column('version', sa.Integer(), nullable=False, server_default="1"))

    with op.batch_alter_table('specialties', schema=None) as batch_op:
        batch_op.add_column(sa.Column('version', sa.Integer(), nullable=False, server_default="1"))

    with op.batch_alter_table('users', schema=None) as batch_op:
        batch_op.add_column(sa.Column('must_change_password', sa.Boolean(), nullable=False, server_default=sa.false()))

    with op.batch_alter_table('visit_types', schema=None) as batch_op:
        batch_op.add_column(sa.Column('who_may_book', sa.String(length=32), nullable=False, server_default="anybody"))
        batch_op.add_column(sa.Column('version', sa.Integer(), nullable=False, server_default="1"))



def downgrade() -> None:
    with op.batch_alter_table('visit_types', schema=None) as batch_op:
        batch_op.drop_column('version')
        batch_op.drop_column('who_may_book')

    with op.batch_alter_table('users', schema=None) as batch_op:
        batch_op.drop_column('must_change_password')

    with op.batch_alter_table('specialties', schema=None) as batch_op:
        batch_op.drop_column('version')

    with op.batch_alter_table('locations', schema=None) as batch_op:
        batch_op.drop_column('version')
        batch_op.drop_column('accessibility')

    with op.batch_alter_table('hours_exceptions', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_hours_exceptions_series'))
        batch_op.drop_column('series')

    with op.batch_alter_table('doctors', schema=None) as batch_op:
        batch_op.drop_column('portrait')

    with op.batch_alter_table('doctor_visit_types', schema=None) as batch_op:
        batch_op.drop_column('own_price_cents')
        batch_op.drop_column('own_minutes')

    op.drop_table('working_hours_visit_types')
    op.drop_table('profile_changes')
    op.drop_table('site_pages')
