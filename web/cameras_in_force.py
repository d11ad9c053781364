"""Which cameras are recorded after the next start, and by which addresses: what the file says or what a page changed.

See docs/decisions/0003: an edit by page lasts until the file says something new about that camera.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from sqlmodel import Session, col, select

from storage.models import Camera, Declared
from storage.secrets import SecretBox, SecretError
from web.composition import with_credentials
from web.declarations import CameraDeclaration
from web.places import keeps_password
from web.settings import Settings
from web.site import digest


@dataclass(frozen=True)
class CameraInForce:
    id: str
    url: str = ""
    """Complete, with user name and password; never to be shown."""
    sub_url: str = ""
    """The same; empty where there is none."""
    transport: str = "tcp"
    audio: bool = False
    by_page: bool = False
    """The file declares it too, but the pages' addresses or password are in force."""
    problem: str = ""
    """Why it cannot be opened at all."""


def of_file(settings: Settings) -> list[CameraInForce]:
    """As they are declared, for when there is no database to ask."""
    return [_declared(camera) for camera in settings.camera if camera.enabled]


def in_force(session: Session, settings: Settings, secrets: SecretBox) -> list[CameraInForce]:
    """Ordered by id. Of cameras that have left the file none: the next start disables them."""
    said, says = _said_last(session), _says_now(settings, secrets.key_file)
    declared = {camera.id: camera for camera in settings.camera}
    # Both are without a word of a camera that was made by page.
    rows = [row for row in session.exec(select(Camera)) if said.get(row.id) == says.get(row.id)]
    stored = [_stored(row, declared.get(row.id), secrets) for row in rows if row.enabled]
    changed = [camera for key, camera in declared.items() if camera.enabled and said.get(key) != says[key]]
    new = [_taken_over(session.get(Camera, camera.id), camera, secrets) for camera in changed]
    return sorted([*new, *stored], key=lambda camera: camera.id)


def _said_last(session: Session) -> dict[str, str]:
    rows = session.exec(select(Declared).where(col(Declared.kind) == "camera"))
    return {row.key: row.digest for row in rows}


def _says_now(settings: Settings, key_file: Path) -> dict[str, str]:
    """Nothing has been taken over while there is no key file."""
    key = key_file.read_bytes() if key_file.exists() else b""
    return {camera.id: digest(camera, key) for camera in settings.camera}


def _declared(camera: CameraDeclaration) -> CameraInForce:
    return _complete(camera, camera.credentials())


def _taken_over(row: Camera | None, declared: CameraDeclaration, secrets: SecretBox) -> CameraInForce:
    """What the next start makes of a declaration: without a password in it the stored one may stay."""
    try:
        if row and declared.username and keeps_password(row, declared, secrets):
            return _complete(declared, secrets.open(row.credentials))
    except SecretError as error:
        return CameraInForce(declared.id, problem=f"its password cannot be used: {error}")
    return _declared(declared)


def _complete(camera: CameraDeclaration | Camera, credentials: str) -> CameraInForce:
    url, sub_url = (with_credentials(address, credentials) for address in (camera.url, camera.sub_url))
    return CameraInForce(camera.id, url, sub_url, camera.transport, camera.audio)


def _stored(row: Camera, declared: CameraDeclaration | None, secrets: SecretBox) -> CameraInForce:
    try:
        credentials = secrets.open(row.credentials)
        by_file = _taken_over(row, declared, secrets) if declared else None
    except SecretError as error:
        return CameraInForce(row.id, problem=f"its password cannot be used: {error}")
    found = _complete(row, credentials)
    edited = by_file is not None and by_file != found
    return replace(found, by_page=edited)
