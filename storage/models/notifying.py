"""Who is told of alerts."""

from datetime import datetime

from sqlmodel import SQLModel

from storage.models.columns import column, json_column


class NotifyChannel(SQLModel, table=True):
    __tablename__ = "notify_channel"
    name: str = column("as logs and deliveries call it", primary_key=True)
    url: str = column("address as Apprise reads it, sealed by storage.secrets: it holds passwords and tokens")
    kinds: list[str] = json_column("kinds of alerts that it gets")
    since: datetime = column("it is told of what is raised from then on")
