"""The composition root: the only place that reads settings and builds things from them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit, urlunsplit

import structlog
from sqlmodel import col, select

from storage.database import Database
from storage.folder_store import FolderStore
from storage.footage import Footage
from storage.models import Camera
from storage.objects import ObjectStore, Patience
from storage.secrets import SecretBox, SecretError
from web.installation import Services
from web.settings import Settings, StoreSettings

log = structlog.get_logger(__name__)


def utc_now() -> datetime:
    return datetime.now(UTC)


class DataFolderUnusable(Exception):
    """The data folder cannot be made or used; the message says what to do."""


def build_services(settings: Settings, patience: Patience = Patience.KEEPING) -> Services:
    """Opens nothing yet but makes the data folder, readable by its owner only. Raises DataFolderUnusable.

    `patience`: with the store.
    """
    _make_data_folder(settings)
    database = Database(settings.database_url)
    store = build_store(settings, patience)
    return Services(
        settings=settings,
        database=database,
        store=store,
        footage=Footage(database, store, settings.spool, utc_now),
        secrets=SecretBox(settings.secret_key_file),
        relay_socket=settings.relay_socket,
        clock=utc_now,
    )


def _make_data_folder(settings: Settings) -> None:
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        settings.run_folder.mkdir(exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise DataFolderUnusable(f"data_dir: {error.filename} is a file; name a folder") from None
    except OSError as error:
        problem = f"data_dir: {settings.data_dir} cannot be made or written to ({error.strerror})"
        raise DataFolderUnusable(f"{problem}; mend its permissions or name another folder") from None


def build_store(settings: Settings, patience: Patience = Patience.KEEPING) -> ObjectStore:
    if settings.store.kind == "folder":
        return FolderStore(settings.store_folder, seal=settings.data_dir / "store.id")
    return _s3_store(settings.store, patience=patience)


def drop_bucket(settings: Settings) -> ObjectStore | None:
    """Where platforms drop files, if that is said."""
    return _s3_store(settings.store, settings.inbox.bucket) if settings.inbox.bucket else None


def _s3_store(store: StoreSettings, bucket: str = "", patience: Patience = Patience.KEEPING) -> ObjectStore:
    """`bucket`: another than that of the footage."""
    from storage.s3_store import S3Store  # only who uses S3 loads its SDK

    return S3Store(
        store.endpoint,
        bucket or store.bucket,
        store.access_key,
        store.secret_key.get_secret_value(),
        secure=store.secure,
        region=store.region,
        patience=patience,
    )


def with_credentials(url: str, credentials: str) -> str:
    """rtsp://host/path → rtsp://user:password@host/path; only ever for the recorder's own use, never shown."""
    if not url or not credentials:
        return url
    user, _, password = credentials.partition(":")
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{quote(user, safe='')}:{quote(password, safe='')}@{parts.netloc}"))


@dataclass(frozen=True)
class CameraAddress:
    """A camera with its addresses complete, for the recorder's own use."""

    camera: Camera
    url: str
    sub_url: str


def camera_addresses(services: Services) -> list[CameraAddress]:
    with services.database.transaction() as session:
        cameras = session.exec(select(Camera).order_by(col(Camera.id))).all()
    return [camera_address(services, camera) for camera in cameras]


def camera_address(services: Services, camera: Camera) -> CameraAddress:
    """With a password that cannot be opened (another key file), the address goes without it and a line is logged."""
    try:
        credentials = services.secrets.open(camera.credentials)
    except SecretError:
        log.warning("camera_password_unreadable", camera=camera.id, key_file=str(services.settings.secret_key_file))
        credentials = ""
    return CameraAddress(
        camera, with_credentials(camera.url, credentials), with_credentials(camera.sub_url, credentials)
    )
