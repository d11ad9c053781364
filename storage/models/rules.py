"""Versions of the supervision rules that a site has added to those that come along."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import UniqueConstraint
from sqlmodel import SQLModel

from storage.models.columns import JsonObject, column, enum_column, json_column


class RuleKind(StrEnum):
    LAW = "law"
    CARDS = "cards"
    DISPUTES = "disputes"
    CALL_BACKS = "call_backs"


class RuleVersion(SQLModel, table=True):
    """Written once; taken back only while nothing has been judged by it."""

    __tablename__ = "rule_version"
    __table_args__ = (UniqueConstraint("kind", "effective"),)
    kind: RuleKind = enum_column(RuleKind, "", primary_key=True)
    version: str = column("", primary_key=True)
    effective: date = column("")
    content: JsonObject = json_column("all of it, as correlation.rulebook reads it")
    added_at: datetime = column("")
    added_by: str = column("")
