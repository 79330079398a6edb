"""What each person had in each month, kept beside the months."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "analytics_0004"
down_revision = "analytics_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what was kept without them is read by nobody, and made anew."""
    for name, comment in (
        ("nums", "what was measured in each of these months, 8 bytes each"),
        ("dens", "what that is per, 8 bytes each; none: 1 each"),
    ):
        op.add_column("kept_seen", sa.Column(name, sa.LargeBinary(), comment=comment))
