"""The shape of `hallwatch.toml`. Reading it, and saying what is wrong with it, is in `web.settings_file`."""

import re
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from analytics.seen_score import SEEN_SCORE
from storage.database import parsed_url
from web.declarations import (
    AbsenceRuleDeclaration,
    CameraDeclaration,
    ChannelDeclaration,
    CounterDeclaration,
    DepartmentDeclaration,
    DistrictDeclaration,
    HallDeclaration,
    MaskDeclaration,
    PairDeclaration,
    RetentionDeclaration,
    ViewDeclaration,
    ZoneRuleDeclaration,
)
from web.declared_items import ItemDeclaration, SourceDeclaration
from web.declared_values import Id, Strict
from web.network_names import is_host, is_host_and_port, is_web_address

_A_PLATFORM = "use postgresql://reader:password@host/name or mariadb://reader:password@host/name"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


class DatabaseSettings(Strict):
    url: SecretStr = SecretStr("")
    """Empty: SQLite in the data folder."""

    @field_validator("url")
    @classmethod
    def _is_supported(cls, url: SecretStr) -> SecretStr:
        if url.get_secret_value():
            found = parsed_url(url.get_secret_value())
            if found.get_backend_name() == "sqlite" and found.database in (None, "", ":memory:"):
                raise ValueError("names no file; every process needs the same database: write sqlite:///file.db")
        return url

    def anchored(self, folder: Path) -> "DatabaseSettings":
        """With the relative file of an SQLite database taken from `folder`."""
        if not self.url.get_secret_value():
            return self
        found = parsed_url(self.url.get_secret_value())
        if found.get_backend_name() != "sqlite":
            return self
        file = str(folder / (found.database or ""))
        return DatabaseSettings(url=SecretStr(found.set(database=file).render_as_string(hide_password=False)))


class StoreSettings(Strict):
    kind: Literal["folder", "s3"] = "folder"
    path: str = ""
    """Of a folder store; empty: `store` in the data folder."""
    endpoint: str = ""
    bucket: str = ""
    access_key: str = ""
    secret_key: SecretStr = SecretStr("")
    secure: bool = True
    region: str = ""

    @field_validator("endpoint")
    @classmethod
    def _is_host_and_port(cls, endpoint: str) -> str:
        if "/" in endpoint:
            raise ValueError("must be host:port without http:// and without a path; `secure` says whether it is https")
        if endpoint and not is_host(endpoint) and not is_host_and_port(endpoint):
            raise ValueError("must be a host, or host:port, such as s3.example or 192.0.2.10:9000")
        return endpoint

    @field_validator("bucket")
    @classmethod
    def _is_a_bucket_name(cls, bucket: str) -> str:
        if bucket and not _BUCKET.fullmatch(bucket):
            raise ValueError("must have 3 to 63 small letters, digits, dots and dashes")
        return bucket

    @model_validator(mode="after")
    def _s3_is_complete(self) -> Self:
        if self.kind == "s3":
            missing = [name for name in ("endpoint", "bucket", "access_key") if not getattr(self, name)]
            missing += [] if self.secret_key.get_secret_value() else ["secret_key"]
            if missing:
                raise ValueError(f"kind is s3, but {', '.join(missing)} is missing")
        return self


class WebSettings(Strict):
    listen: str = "127.0.0.1:8080"
    public_url: str = ""
    """As people's browsers see it, e.g. https://hall.example; empty: whatever address they used."""
    metrics_token: SecretStr = SecretStr("")
    """What a scraper of /metrics sends as `Authorization: Bearer`; empty: only administrators may read it."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks of reverse proxies whose X-Forwarded-For tells who asks."""

    @field_validator("listen")
    @classmethod
    def _host_and_port(cls, listen: str) -> str:
        if not is_host_and_port(listen):
            raise ValueError("must be host:port, for example 127.0.0.1:8080 or 0.0.0.0:8080")
        return listen

    @field_validator("metrics_token")
    @classmethod
    def _is_hard_to_guess(cls, token: SecretStr) -> SecretStr:
        if 0 < len(token.get_secret_value()) < 16:
            raise ValueError("must have at least 16 characters; make one with: openssl rand -hex 16")
        return token

    @field_validator("public_url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        if url and not is_web_address(url):
            raise ValueError("must be an address such as https://hall.example")
        return url.rstrip("/")

    @field_validator("trusted_proxies")
    @classmethod
    def _are_addresses(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        for proxy in proxies:
            try:
                ip_network(proxy)
            except ValueError:
                raise ValueError(f"{proxy!r} is not an address or network such as 127.0.0.1 or 10.0.0.0/8") from None
        return proxies

    @property
    def host(self) -> str:
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        return int(self.listen.rpartition(":")[2])

    @property
    def secure(self) -> bool:
        return self.public_url.startswith("https://")


class RecorderSection(Strict):
    segment_seconds: Annotated[int, Field(ge=2, le=30)] = 10
    spool_max_gb: Annotated[float, Field(gt=0, le=1e9)] | None = None
    """Of 10⁹ bytes. None: what the disk has, without a reserve."""
    spool_max_hours: Annotated[float, Field(gt=0, le=24 * 366)] | None = None
    """How long footage may wait for the store before it is too long. None: as long as it likes."""

    @property
    def spool_max_bytes(self) -> int | None:
        return round(self.spool_max_gb * 1e9) if self.spool_max_gb else None

    @property
    def spool_max_age(self) -> timedelta | None:
        return timedelta(hours=self.spool_max_hours) if self.spool_max_hours else None


class InboxSection(Strict):
    """Where platforms drop files, in a folder for each source."""

    folder: str = ""
    bucket: str = ""
    """Of the S3 server of `[store]`; what is dropped there is brought into the folder."""

    @property
    def is_used(self) -> bool:
        return bool(self.folder or self.bucket)


class PullSettings(Strict):
    """A view of a platform's own database, which is read as it changes."""

    source: Id
    url: SecretStr
    """As SQLAlchemy reads it, e.g. postgresql://reader:word@host/name or mariadb://reader:word@host/name."""
    view: Annotated[str, Field(min_length=1, max_length=200)]
    changed: Annotated[str, Field(min_length=1, max_length=200)]
    """The column that grows with every change."""
    mapping: str = ""
    """A file, or the name of one of ours."""
    every_seconds: Annotated[int, Field(ge=5, le=86_400)] = 60
    again: Annotated[int, Field(ge=0, le=1_000_000)] = 600
    """So much before the last change is read again: seconds, or what the column counts."""

    @field_validator("url")
    @classmethod
    def _is_a_database(cls, url: SecretStr) -> SecretStr:
        try:
            make_url(url.get_secret_value()).get_dialect()
        except NoSuchModuleError:
            raise ValueError(f"is of a kind of database that nothing here can read; {_A_PLATFORM}") from None
        except (ArgumentError, ValueError):  # never repeats the address: it may hold a password
            raise ValueError(f"is not the address of a database; {_A_PLATFORM}") from None
        return url


class WatcherSection(Strict):
    detector: Literal["auto", "ssd", "onnx", "yolo"] = "auto"
    weights: str = ""
    threshold: Annotated[float, Field(gt=0, lt=1)] = SEEN_SCORE
    sample_seconds: Annotated[float, Field(ge=0.2, le=60)] = 1.0


class PrivacySection(Strict):
    blur_faces: bool = True
    """Of customers, on stills."""
    blur_faces_off_because: str = ""
    """Why not, where it is switched off."""

    @model_validator(mode="after")
    def _says_why(self) -> Self:
        if not self.blur_faces and not self.blur_faces_off_because.strip():
            raise ValueError("blur_faces is off: say why in blur_faces_off_because")
        return self


class EvaluationSection(Strict):
    publish_day: Annotated[int, Field(ge=0, le=28)] = 0
    """Of the next month, on which the clerk publishes a month; 0: people do."""
    font: Path | None = None
    """With Chinese characters, for PDF; None: one of the usual places."""


class PublicSection(Strict):
    """Pages for everybody, without signing in."""

    enabled: bool = False
    requests_per_minute: Annotated[int, Field(ge=10, le=10_000)] = 60
    """Of one client address."""
    complaints_per_hour: Annotated[int, Field(ge=1, le=10_000)] = 100
    """Of all clients together; one may send five."""
    complaint_days: Annotated[int, Field(ge=1, le=3650)] = 180
    """So long after a complaint was settled its text and its sender are kept."""


class NotifySettings(ChannelDeclaration):
    url: SecretStr


class Settings(Strict):
    data_dir: Path = Path("hallwatch-data")
    database: DatabaseSettings = DatabaseSettings()
    store: StoreSettings = StoreSettings()
    web: WebSettings = WebSettings()
    recorder: RecorderSection = RecorderSection()
    watcher: WatcherSection = WatcherSection()
    inbox: InboxSection = InboxSection()
    pull: tuple[PullSettings, ...] = ()
    privacy: PrivacySection = PrivacySection()
    evaluation: EvaluationSection = EvaluationSection()
    public: PublicSection = PublicSection()
    notify: tuple[NotifySettings, ...] = ()
    district: tuple[DistrictDeclaration, ...] = ()
    hall: tuple[HallDeclaration, ...] = ()
    counter: tuple[CounterDeclaration, ...] = ()
    camera: tuple[CameraDeclaration, ...] = ()
    view: tuple[ViewDeclaration, ...] = ()
    mask: tuple[MaskDeclaration, ...] = ()
    zone_rule: ZoneRuleDeclaration = ZoneRuleDeclaration()
    absence_rule: tuple[AbsenceRuleDeclaration, ...] = ()
    pair: tuple[PairDeclaration, ...] = ()
    retention: tuple[RetentionDeclaration, ...] = ()
    department: tuple[DepartmentDeclaration, ...] = ()
    item: tuple[ItemDeclaration, ...] = ()
    source: tuple[SourceDeclaration, ...] = ()

    @field_validator("inbox")
    @classmethod
    def _has_a_bucket_of_its_own(cls, inbox: InboxSection, info: ValidationInfo) -> InboxSection:
        store = info.data.get("store")
        if inbox.bucket and isinstance(store, StoreSettings):
            if store.kind != "s3":
                raise ValueError("bucket is one of the S3 server of [store], but store.kind is folder")
            if inbox.bucket == store.bucket:
                raise ValueError("bucket must be another than store.bucket, which holds footage")
        return inbox

    @property
    def inbox_folder(self) -> Path:
        return Path(self.inbox.folder) if self.inbox.folder else self.data_dir / "inbox"

    @property
    def database_url(self) -> str:
        return self.database.url.get_secret_value() or f"sqlite:///{self.data_dir / 'hallwatch.db'}"

    @property
    def store_folder(self) -> Path:
        return Path(self.store.path) if self.store.path else self.data_dir / "store"

    @property
    def spool(self) -> Path:
        return self.data_dir / "spool"

    @property
    def masked_folder(self) -> Path:
        """Of clips whose privacy masks are filled, for as long as they are played."""
        return self.data_dir / "masked"

    @property
    def run_folder(self) -> Path:
        """For what is there only while something runs."""
        return self.data_dir / "run"

    @property
    def relay_socket(self) -> Path:
        return self.run_folder / "relay.sock"

    @property
    def secret_key_file(self) -> Path:
        return self.data_dir / "secret.key"
