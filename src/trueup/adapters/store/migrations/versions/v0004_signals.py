"""Events of live systems, the names under which they speak of stacks, and the checks that they ask for."""

import sqlalchemy as sa
from alembic import op

revision = "v0004"
down_revision = "v0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "live_events",
        sa.Column("stack", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("received_at", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "subjects",
        sa.Column("stack", sa.Text, primary_key=True),
        sa.Column("text", sa.Text, primary_key=True),
        sa.Column("address", sa.Text, primary_key=True),
        sa.Column("exact", sa.Boolean, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("region", sa.Text, nullable=False),
    )
    op.create_table(
        "wakes",
        sa.Column("stack", sa.Text, primary_key=True),
        sa.Column("due_at", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("live_events_by_time", "live_events", ["stack", "at"])
    op.create_index("live_events_by_age", "live_events", ["received_at"])
    op.create_index("subjects_by_text", "subjects", ["text"])
