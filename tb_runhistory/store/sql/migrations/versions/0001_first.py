"""The first schema. Stores are created with it whole, so there is nothing to do."""

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Does nothing."""
