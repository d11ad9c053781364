"""Filters of a list that somebody keeps under a name."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import SQLModel

from storage.models.columns import column


class SavedView(SQLModel, table=True):
    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("owner_id", "name"),)
    id: int | None = column("", default=None, primary_key=True)
    owner_id: int = column("", foreign_key="user_account.id", ondelete="CASCADE")
    name: str = column("")
    query: str = column("the filters, as in the address of the list of cases")
    shared: bool = column("offered to others whose scope has its halls", default=False)
    saved_at: datetime = column("")


class DefaultView(SQLModel, table=True):
    """With which filters somebody's list of cases opens."""

    __tablename__ = "default_view"
    user_id: int = column("", primary_key=True, foreign_key="user_account.id", ondelete="CASCADE")
    view_id: int = column("", foreign_key="saved_view.id", ondelete="CASCADE")
