"""Brings the database to what the configuration file declares.

A row is written only when its declaration has changed since the last time, so a correction made by page stays until
the file says something new. What the file no longer names is never deleted: a camera is disabled, a view, a mask or a
rule ends now, a channel is told no more, anything else stays.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Literal

import orjson
from pydantic import SecretStr
from sqlmodel import Session, select

from storage.models import Camera, Declared, FootageKind, NotifyChannel, Source
from storage.secrets import SecretBox
from web import changed_hours, keeping, looks, pairs, places, privacy_masks
from web.channels import put_channel
from web.declarations import (
    AbsenceRuleDeclaration,
    CameraDeclaration,
    ChannelDeclaration,
    CounterDeclaration,
    MaskDeclaration,
    PairDeclaration,
    RetentionDeclaration,
    ViewDeclaration,
)
from web.declared_items import SourceDeclaration
from web.declared_values import Strict
from web.errors import Unprocessable, WebError
from web.settings import Settings

Did = Literal["added", "changed", "retired"]


@dataclass(frozen=True)
class Change:
    kind: str
    key: str
    did: Did


class SiteError(Exception):
    """The configuration file declares what contradicts the database; nothing of it was taken over."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True)
class _Declaration:
    kind: str
    key: str
    content: Strict
    write: Callable[[], object]

    @property
    def place(self) -> tuple[str, str]:
        return self.kind, self.key


def apply_site(
    session: Session, settings: Settings, secrets: SecretBox, fingerprint_key: bytes, now: datetime
) -> list[Change]:
    """Returns what it did. `fingerprint_key` keeps the digests of passwords from being guessed.

    Raises SiteError with everything that cannot be done; end the transaction without keeping the rest.
    """
    declarations = list(_declarations(session, settings, secrets, now))
    known = {(row.kind, row.key): row for row in session.exec(select(Declared))}
    new = [d for d in declarations if not _was_said(d, known.get(d.place), fingerprint_key)]
    halls = [d.key for d in new if d.kind == "hall"]
    changed_hours.take_turns_of(session, halls, [d.key for d in new if d.kind == "counter"])
    places.let_go_of_numbers(session, (d.content for d in new if isinstance(d.content, CounterDeclaration)))
    changes: list[Change] = []
    problems: list[str] = []
    for declaration in new:
        try:
            declaration.write()
        except WebError as error:
            problems.append(f"{declaration.kind}[{declaration.key}]{_words(error)}")
            continue
        row = known.get(declaration.place)
        changes.append(Change(declaration.kind, declaration.key, "changed" if row else "added"))
        row = row or Declared(kind=declaration.kind, key=declaration.key, digest="")
        row.digest = digest(declaration.content, fingerprint_key)
        session.add(row)
    if problems:
        raise SiteError(problems)
    for place in known.keys() - {declaration.place for declaration in declarations}:
        _retire(session, known[place], now)
        changes.append(Change(*place, "retired"))
    return changes


def _was_said(declaration: _Declaration, row: Declared | None, fingerprint_key: bytes) -> bool:
    return row is not None and row.digest == digest(declaration.content, fingerprint_key)


def _declarations(session: Session, settings: Settings, secrets: SecretBox, now: datetime) -> Iterator[_Declaration]:
    """In an order in which each finds what it refers to."""
    for d in settings.district:
        yield _Declaration("district", d.id, d, partial(places.put_district, session, d))
    for h in settings.hall:
        yield _Declaration("hall", h.id, h, partial(changed_hours.put_hall, session, h, None, now))
    for p in settings.department:
        yield _Declaration("department", p.id, p, partial(places.put_department, session, p))
    for i in settings.item:
        yield _Declaration("item", i.code, i, partial(places.put_item, session, i, now))
    for c in settings.counter:
        yield _Declaration("counter", c.id, c, partial(changed_hours.put_counter, session, c, None, now))
    for m in settings.camera:
        yield _Declaration("camera", m.id, m, partial(places.put_camera, session, m, secrets))
    for v in settings.view:
        first = not looks.has_view(session, v.camera)  # asked before any is written: those of one file begin together
        yield _Declaration("view", view_key(v), v, partial(looks.put_view, session, v, now, first=first))
    for f in settings.mask:
        yield _Declaration("mask", mask_key(f), f, partial(privacy_masks.put_mask, session, f, now))
    # Written down even where the file does not say it, so that another default in a later release explains nothing old.
    z = settings.zone_rule
    yield _Declaration("zone_rule", "everywhere", z, partial(places.put_zone_rule, session, z, now))
    for r in settings.absence_rule:
        yield _Declaration("absence_rule", rule_key(r), r, partial(places.put_rule, session, r, now))
    for a in settings.pair:
        yield _Declaration("pair", pair_key(a), a, partial(pairs.put_pair, session, a, now))
    for k in settings.retention:
        yield _Declaration("retention", retention_key(k), k, partial(keeping.put_retention, session, k, now))
    for s in settings.source:
        yield _Declaration("source", s.id, s, partial(places.put_source, session, s))
    for n in settings.notify:
        yield _Declaration("notify_channel", n.name, n, partial(put_channel, session, n, secrets, now))


def _words(error: WebError) -> str:
    if isinstance(error, Unprocessable) and error.fields:
        return "; ".join(f".{problem.field}: {problem.problem}" for problem in error.fields)
    return f": {error.detail}"


def view_key(view: ViewDeclaration) -> str:
    return f"{view.camera}/{view.counter}"


def mask_key(mask: MaskDeclaration) -> str:
    return f"{mask.camera}/{mask.reason}"


def rule_key(rule: AbsenceRuleDeclaration) -> str:
    return f"{rule.hall or ''}/{rule.counter or ''}"


def pair_key(pair: PairDeclaration) -> str:
    return "/".join(pair.counters)


def retention_key(rule: RetentionDeclaration) -> str:
    return f"{rule.hall or ''}/{rule.counter or ''}/{rule.kind}"


def digest(content: Strict, fingerprint_key: bytes) -> str:
    """What `Declared` keeps: tells whether the file says what it said last."""
    plain = content.model_dump(mode="json") | _secrets_of(content)
    serialised = orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)
    return hmac.new(fingerprint_key, serialised, hashlib.sha256).hexdigest()


def _secrets_of(content: Strict) -> dict[str, str]:
    """Pydantic masks secrets when it dumps them; a changed password must change the digest all the same."""
    secret: SecretStr | None = None
    match content:
        case CameraDeclaration(password=secret) | SourceDeclaration(key=secret) | ChannelDeclaration(url=secret):
            pass
    return {"secret": secret.get_secret_value()} if secret else {}


def _retire(session: Session, row: Declared, now: datetime) -> None:
    if row.kind == "camera":
        camera = session.get(Camera, row.key)
        if camera:
            camera.enabled = False
            session.add(camera)
    elif row.kind == "view":
        camera_id, _, counter_id = row.key.partition("/")
        for view in looks.views_left(session, camera_id, counter_id, now):
            looks.end_view(session, view, now)
    elif row.kind == "mask":
        camera_id, _, reason = row.key.partition("/")
        for mask in privacy_masks.masks_left(session, camera_id, reason, now):
            privacy_masks.end_mask(session, mask, now)
    elif row.kind == "absence_rule":
        hall_id, _, counter_id = row.key.partition("/")
        for rule in places.rules_in_force(session, hall_id or None, counter_id or None):
            rule.valid_to = now
            session.add(rule)
    elif row.kind == "pair":
        one_id, _, other_id = row.key.partition("/")
        for pair in pairs.pairs_in_force(session, one_id, other_id):
            pairs.end_pair(session, pair, now)
    elif row.kind == "source":
        source = session.get(Source, row.key)
        if source:
            source.key_hash = ""
            session.add(source)
    elif row.kind == "retention":
        hall_id, counter_id, kind = row.key.split("/")
        for kept in keeping.retention_in_force(session, hall_id or None, counter_id or None, FootageKind(kind)):
            keeping.end_retention(session, kept, now)
    elif row.kind == "notify_channel":
        channel = session.get(NotifyChannel, row.key)
        if channel:
            session.delete(channel)
    session.delete(row)
