"""Who may see what, and who saw what."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import SQLModel

from storage.models.columns import column, enum_column


class Role(StrEnum):
    SUPERVISOR = "supervisor"
    INSPECTOR = "inspector"
    INVESTIGATOR = "investigator"
    DEPARTMENT = "department"
    ADMIN = "admin"


class User(SQLModel, table=True):
    __tablename__ = "user_account"  # USER is a keyword
    id: int | None = column("", default=None, primary_key=True)
    name: str = column("sign-in name", unique=True)
    display_name: str = column("", default="")
    password_hash: str = column("argon2id")
    role: Role = enum_column(Role, "")
    all_halls: bool = column("sees every hall; admins always do", default=False)
    department_id: str | None = column("for the role department", default=None, foreign_key="department.id")
    language: str = column("zh or en; empty: the browser's", default="")
    active: bool = column("", default=True)
    created_at: datetime = column("")


class Scope(SQLModel, table=True):
    """A hall that a user may see."""

    user_id: int = column("", primary_key=True, foreign_key="user_account.id")
    hall_id: str = column("", primary_key=True, foreign_key="hall.id")


class WebSession(SQLModel, table=True):
    __tablename__ = "web_session"
    id: str = column("SHA-256 of the cookie's token, hex", primary_key=True)
    user_id: int = column("", foreign_key="user_account.id", index=True)
    csrf: str = column("token that every changing request must repeat")
    created_at: datetime = column("")
    expires_at: datetime = column("")
    found_camera: str = column("sealed: what a camera in the network has told, until it is saved", default="")


class AccessEntry(SQLModel, table=True):
    """Append-only: who looked at which footage or personal data."""

    __tablename__ = "access_entry"
    id: int | None = column("", default=None, primary_key=True)
    at: datetime = column("", index=True)
    user_id: int | None = column("empty: a command did it", default=None, foreign_key="user_account.id", index=True)
    command_by: str = column("the machine's user who ran the command; empty: somebody who was signed in", default="")
    action: str = column("live, play, download, case, sign_in, ...")
    subject: str = column("what, e.g. camera:c1 2026-01-02T03:04:05Z/PT60S")
    purpose: str = column("as stated by the user, or the page it came from", default="")
    address: str = column("of the client", default="")
