"""Approval platforms and their push keys: for administrators."""

import secrets

from fastapi import APIRouter
from sqlmodel import Session, col, delete, select

from storage.models import Counter, CounterAlias, Hall, Source
from storage.sayings import Saying
from web import places
from web.api.addressed import AddressedRoute
from web.api.administration import AdminDesk, check_exists, check_id, found, remove
from web.declared_items import SourceDeclaration
from web.declared_values import Id, OptionalName, Strict
from web.errors import Unprocessable
from web.field_problems import FieldProblem

router = APIRouter(prefix="/api/v1", tags=["sources"], route_class=AddressedRoute)

_KEY_BYTES = 32


class SourceShown(Strict):
    """A source as it may be shown: the key goes in and never comes out."""

    id: Id
    name: OptionalName
    hall: Id | None
    counters: dict[str, Id]
    silent_after_minutes: int | None
    may_push: bool


class KeyShown(Strict):
    key: str
    """Shown this once; only its SHA-256 is kept."""


@router.get("/sources")
def list_sources(desk: AdminDesk) -> list[SourceShown]:
    with desk.reading() as session:
        return [shown(session, source) for source in session.exec(select(Source).order_by(col(Source.id)))]


def shown(session: Session, source: Source) -> SourceShown:
    aliases = session.exec(select(CounterAlias).where(CounterAlias.source_id == source.id))
    return SourceShown(
        id=source.id,
        name=source.name,
        hall=source.hall_id,
        counters={alias.alias: alias.counter_id for alias in aliases},
        silent_after_minutes=source.silent_after_minutes,
        may_push=bool(source.key_hash),
    )


@router.put("/sources/{source_id}")
def put_source(desk: AdminDesk, source_id: str, declared: SourceDeclaration) -> SourceShown:
    """Without `key` the stored one stays; an empty one takes it away."""
    check_id(source_id, declared.id)
    with desk.changing(f"source:{source_id}") as session:
        desk.check_new(session, Source, source_id)
        check_exists(session, hall=(Hall, declared.hall))
        _check_counters(session, declared)
        return shown(session, places.put_source(session, declared))


def _check_counters(session: Session, declared: SourceDeclaration) -> None:
    problems = [
        FieldProblem(f"counters.{alias}", Saying("There is no counter “%(id)s”.", id=counter_id))
        for alias, counter_id in declared.counters.items()
        if session.get(Counter, counter_id) is None
    ]
    if problems:
        raise Unprocessable(fields=problems)


@router.post("/sources/{source_id}/key")
def renew_key(desk: AdminDesk, source_id: str) -> KeyShown:
    """Makes a new key; the old one stops working at once."""
    key = secrets.token_urlsafe(_KEY_BYTES)
    with desk.changing(f"source:{source_id}:key") as session:
        source = found(session, Source, source_id)
        source.key_hash = places.key_hash(key)
        session.add(source)
    return KeyShown(key=key)


@router.delete("/sources/{source_id}", status_code=204)
def delete_source(desk: AdminDesk, source_id: str) -> None:
    """409 once it has sent anything; take its key away instead."""
    with desk.changing(f"source:{source_id}") as session:
        session.exec(delete(CounterAlias).where(col(CounterAlias.source_id) == source_id))
        remove(session, Source, source_id)


@router.delete("/sources/{source_id}/key", status_code=204)
def take_key(desk: AdminDesk, source_id: str) -> None:
    """The source may not push any more."""
    with desk.changing(f"source:{source_id}:key") as session:
        source = found(session, Source, source_id)
        source.key_hash = ""
        session.add(source)
