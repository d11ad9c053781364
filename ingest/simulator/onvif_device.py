"""A simulated ONVIF device: what it answers to each question. It keeps nothing but what it is made with."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from xml.sax.saxutils import escape

from ingest.simulator.onvif_messages import (
    DEVICE,
    MEDIA,
    MEDIA2,
    Asked,
    element,
    envelope,
    fault,
)
from ingest.simulator.rtsp_messages import Credentials

MANUFACTURER = "Hallwatch"
MODEL = "Simulated camera"
_FOR_ANYBODY = frozenset({"GetSystemDateAndTime", "GetServices", "GetCapabilities"})
_NAMESPACES = {"device": DEVICE, "media": MEDIA, "media2": MEDIA2}


@dataclass(frozen=True)
class Stream:
    name: str
    url: str
    """RTSP, without credentials."""
    width: int
    height: int
    fps: int
    codec: str = "H264"
    """As ONVIF calls it: H264, H265 or JPEG."""
    source: str = "lens-1"

    @property
    def token(self) -> str:
        return f"profile-{self.name}"


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes


@dataclass(frozen=True)
class OnvifDevice:
    id: str
    """Unique among the devices of one server."""
    name: str
    streams: tuple[Stream, ...]
    credentials: Credentials | None = None
    """None: anybody may ask everything."""
    media2: bool = True
    """Whether it has the newer media service beside the older."""
    clock_offset: Callable[[], timedelta] = timedelta
    """How far its clock is ahead."""
    lie: timedelta = timedelta(0)
    """By how much it tells its time wrongly; the time in digests it measures by its clock."""

    @property
    def scopes(self) -> tuple[str, ...]:
        words = {"name": self.name, "hardware": MODEL, "location": "hall"}
        told = (f"{key}/{value.replace(' ', '%20')}" for key, value in words.items())
        return tuple(f"onvif://www.onvif.org/{scope}" for scope in ("type/video_encoder", "Profile/Streaming", *told))

    def path(self, service: str) -> str:
        return f"/onvif/{self.id}/{service}_service"

    def answer(self, asked: Asked, base: str, now: datetime) -> Answer:
        """`base` is the address under which it was asked, e.g. http://127.0.0.1:8556; `now` the true time."""
        if asked.operation not in _FOR_ANYBODY and not self._admits(asked, now + self.clock_offset()):
            return Answer(400, fault("Sender", "NotAuthorized", "Sender not Authorized"))
        body = self._body(asked, base, now)
        if body is None:
            return Answer(500, fault("Receiver", "ActionNotSupported", "Optional Action Not Implemented"))
        return Answer(200, envelope(body))

    def _admits(self, asked: Asked, own_time: datetime) -> bool:
        known = self.credentials
        return known is None or bool(asked.token and asked.token.proves(known.user, known.password, own_time))

    def _body(self, asked: Asked, base: str, now: datetime) -> str | None:
        if asked.namespace == DEVICE:
            return self._about_itself(asked.operation, base, now)
        if asked.namespace == MEDIA:
            return self._media(asked, "trt", self._profile)
        if asked.namespace == MEDIA2 and self.media2:
            return self._media(asked, "tr2", self._profile2)
        return None

    def _about_itself(self, operation: str, base: str, now: datetime) -> str | None:
        match operation:
            case "GetSystemDateAndTime":
                return _date_and_time(now + self.clock_offset() + self.lie)
            case "GetServices":
                return element("tds:GetServicesResponse", *(self._service(name, base) for name in self._services()))
            case "GetCapabilities":
                address = element("tt:Device", element("tt:XAddr", escape(base + self.path("device"))))
                media = element("tt:Media", element("tt:XAddr", escape(base + self.path("media"))))
                return element("tds:GetCapabilitiesResponse", element("tds:Capabilities", address, media))
            case "GetDeviceInformation":
                words = {"Manufacturer": MANUFACTURER, "Model": MODEL, "FirmwareVersion": "1.0"}
                words |= {"SerialNumber": self.id, "HardwareId": "simulated"}
                told = (element(f"tds:{key}", escape(value)) for key, value in words.items())
                return element("tds:GetDeviceInformationResponse", *told)
        return None

    def _services(self) -> tuple[str, ...]:
        return ("device", "media", "media2") if self.media2 else ("device", "media")

    def _service(self, name: str, base: str) -> str:
        version = element("tds:Version", element("tt:Major", "2"), element("tt:Minor", "60"))
        address = element("tds:XAddr", escape(base + self.path(name)))
        return element("tds:Service", element("tds:Namespace", _NAMESPACES[name]), address, version)

    def _media(self, asked: Asked, prefix: str, profile: Callable[[Stream], str]) -> str | None:
        stream = next((each for each in self.streams if each.token == asked.arguments.get("ProfileToken")), None)
        match asked.operation:
            case "GetProfiles":
                return element(f"{prefix}:GetProfilesResponse", *map(profile, self.streams))
            case "GetProfile" if stream and prefix == "trt":
                return element("trt:GetProfileResponse", self._profile(stream, "trt:Profile"))
            case "GetStreamUri" if stream:
                return _stream_uri(prefix, stream)
        return None

    def _profile(self, stream: Stream, called: str = "trt:Profiles") -> str:
        rates = {"FrameRateLimit": stream.fps, "EncodingInterval": 1, "BitrateLimit": 2048}
        encoder = element(
            "tt:VideoEncoderConfiguration",
            *_named(stream),
            element("tt:Encoding", stream.codec),
            _resolution(stream),
            element("tt:Quality", "5"),
            element("tt:RateControl", *(element(f"tt:{key}", str(value)) for key, value in rates.items())),
            element("tt:SessionTimeout", "PT60S"),
            token=f"encoder-{stream.name}",
        )
        source = element("tt:VideoSourceConfiguration", *_source(stream), token=f"source-{stream.source}")
        name = element("tt:Name", escape(stream.name))
        return element(called, name, source, encoder, token=stream.token, fixed="true")

    def _profile2(self, stream: Stream) -> str:
        rate = element("tt:RateControl", element("tt:BitrateLimit", "2048"), FrameRateLimit=str(stream.fps))
        encoder = element(
            "tr2:VideoEncoder",
            *_named(stream),
            element("tt:Encoding", stream.codec),
            _resolution(stream),
            rate,
            element("tt:Quality", "5"),
            token=f"encoder-{stream.name}",
        )
        source = element("tr2:VideoSource", *_source(stream), token=f"source-{stream.source}")
        both = element("tr2:Configurations", source, encoder)
        return element("tr2:Profiles", element("tr2:Name", escape(stream.name)), both, token=stream.token, fixed="true")


def _date_and_time(told: datetime) -> str:
    time = (element(f"tt:{key}", str(getattr(told, key.lower()))) for key in ("Hour", "Minute", "Second"))
    date = (element(f"tt:{key}", str(getattr(told, key.lower()))) for key in ("Year", "Month", "Day"))
    utc = element("tt:UTCDateTime", element("tt:Time", *time), element("tt:Date", *date))
    zone = element("tt:TimeZone", element("tt:TZ", "CST-8"))
    kind = element("tt:DateTimeType", "NTP") + element("tt:DaylightSavings", "false")
    return element("tds:GetSystemDateAndTimeResponse", element("tds:SystemDateAndTime", kind, zone, utc))


def _stream_uri(prefix: str, stream: Stream) -> str:
    if prefix == "tr2":
        return element("tr2:GetStreamUriResponse", element("tr2:Uri", escape(stream.url)))
    parts = {"Uri": escape(stream.url), "InvalidAfterConnect": "false", "InvalidAfterReboot": "false"}
    told = (element(f"tt:{key}", value) for key, value in {**parts, "Timeout": "PT0S"}.items())
    return element("trt:GetStreamUriResponse", element("trt:MediaUri", *told))


def _named(stream: Stream) -> tuple[str, str]:
    return element("tt:Name", escape(stream.name)), element("tt:UseCount", "1")


def _resolution(stream: Stream) -> str:
    size = element("tt:Width", str(stream.width)), element("tt:Height", str(stream.height))
    return element("tt:Resolution", *size)


def _source(stream: Stream) -> tuple[str, ...]:
    return *_named(stream), element("tt:SourceToken", escape(stream.source))
