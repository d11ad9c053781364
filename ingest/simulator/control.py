"""A small HTTP interface on this machine by which a test directs the hall and learns the truth."""

import json
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ingest.simulator.camera import SimulatedCamera
from ingest.simulator.director import Director
from ingest.simulator.lens import Lens
from ingest.simulator.mounts import Lie
from ingest.simulator.platform import Platform
from ingest.simulator.scene import PLACES, Role
from ingest.simulator.script import clerks
from ingest.simulator.stage import Stage
from ingest.simulator.truth import Truth

_MAX_BODY = 65_536
_DEFAULT_CASE_SECONDS = 10.0
_ROUTE = re.compile(r"/(?P<kind>counters|cameras)/(?P<number>\d+)(?:/(?P<what>clerk|customer|case))?")

Json = dict[str, Any]


class OrderError(Exception):
    """The order cannot be carried out."""


class Orders:
    """What can be asked of the running hall. Counters and cameras are numbered from 1."""

    def __init__(
        self, stage: Stage, director: Director, cameras: list[SimulatedCamera], platform: Platform, truth: Truth
    ) -> None:
        self._stage = stage
        self._director = director
        self._cameras = cameras
        self._platform = platform
        self._truth = truth

    def get(self, path: str) -> Json:
        """Raises OrderError."""
        if path == "/state":
            return self._state()
        if path == "/truth":
            return {"entries": self._truth.entries()}
        raise OrderError("read /state or /truth")

    def post(self, path: str, body: Json) -> Json:
        """Raises OrderError."""
        match _ROUTE.fullmatch(path):
            case None:
                raise OrderError("post to /counters/N/clerk, /counters/N/customer, /counters/N/case or /cameras/N")
            case found if found["kind"] == "cameras":
                return self._set_camera(int(found["number"]), body)
            case found:
                return self._at_counter(int(found["number"]), found["what"], body)

    def _state(self) -> Json:
        counters = {
            str(number): {
                "clerk": self._stage.is_there("staff", number),
                "customer": self._stage.is_there("customer", number),
            }
            for number in self._stage.counters
        }
        cameras = {
            str(camera.plan.number): {
                "id": camera.plan.id,
                "viewers": camera.main.viewers + camera.sub.viewers,
                "stalled": camera.main.stalled,
                "dropped": camera.main.dropped,
                "reports": camera.main.reports,
                "clock_offset_s": camera.main.clock_offset.total_seconds(),
                "lens": camera.lens.value,
            }
            for camera in self._cameras
        }
        rows = {"pushed": self._platform.pushed, "waiting": self._platform.waiting}
        return {"now": datetime.now(UTC).isoformat(), "counters": counters, "cameras": cameras, "rows": rows}

    def _at_counter(self, number: int, what: str | None, body: Json) -> Json:
        if number not in self._stage.counters:
            raise OrderError(f"there is no counter {number}")
        if what == "case":
            return {"rows": self._director.order_case(number, _seconds(body))}
        role: Role = "staff" if what == "clerk" else "customer"
        place = _place(body)
        look = (clerks(number)[0] if role == "staff" else 3 * number) + place
        now = datetime.now(UTC)
        match body.get("action"):
            case "come":
                done = self._stage.come(role, number, int(body.get("look", look)), "ordered", now, place)
            case "leave":
                done = self._stage.leave(role, number, "ordered", now, place)
            case other:
                raise OrderError(f"action is {other!r}; use come or leave")
        return {"changed": done is not None, "truth": done}

    def _set_camera(self, number: int, body: Json) -> Json:
        camera = next((camera for camera in self._cameras if camera.plan.number == number), None)
        if camera is None:
            raise OrderError(f"there is no camera {number}")
        switches = _switches(camera)
        if unknown := set(body) - set(switches):
            raise OrderError(f"unknown: {', '.join(sorted(unknown))}; use {', '.join(switches)}")
        for name, value in body.items():
            switches[name](value)
        return {"truth": self._truth.write("camera_set", datetime.now(UTC), camera=camera.plan.id, **body)}


def _switches(camera: SimulatedCamera) -> dict[str, Callable[[Any], None]]:
    return {
        "stalled": lambda value: camera.set_stalled(bool(value)),
        "dropped": lambda value: camera.drop() if value else camera.restore(),
        "reports": lambda value: camera.set_reports(bool(value)),
        "clock_offset_s": lambda value: camera.set_clock_offset(timedelta(seconds=float(value))),
        "clock_rate": lambda value: camera.set_clock_rate(float(value)),
        "media_rate": lambda value: camera.set_media_rate(float(value)),
        "leap_s": lambda value: camera.leap(float(value)),
        "loss": lambda value: camera.disturb("loss", float(value)),
        "reordering": lambda value: camera.disturb("reordering", float(value)),
        "noise": lambda value: camera.disturb("noise", float(value)),
        "lens": lambda value: camera.set_lens(Lens(value)),
        "description": lambda value: camera.set_lie(Lie(value)),
        "half_open": lambda value: camera.half_open() if value else None,
        "reboot": lambda value: camera.reboot() if value else None,
    }


def _place(body: Json) -> int:
    place = int(body.get("place", 0))
    if place not in PLACES:
        raise OrderError(f"place: 0 to {PLACES[-1]}; 0 is the usual one")
    return place


def _seconds(body: Json) -> float:
    seconds = float(body.get("seconds", _DEFAULT_CASE_SECONDS))
    if not 0 < seconds <= 3600:
        raise OrderError("seconds: more than 0, at most 3600")
    return seconds


class ControlServer:
    """Listens on 127.0.0.1 only; port 0 takes a free one."""

    def __init__(self, port: int, orders: Orders) -> None:
        """Raises OSError when the port is taken."""
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(orders))
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.2}, name="control", daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler(orders: Orders) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(lambda: orders.get(self.path))

        def do_POST(self) -> None:
            self._answer(lambda: orders.post(self.path, self._body()))

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            """The truth file tells what was ordered."""

        def _body(self) -> Json:
            # a web page cannot send this type to another origin without asking first
            if self.headers.get("Content-Type", "").split(";")[0] != "application/json":
                raise OrderError("send application/json")
            size = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(min(size, _MAX_BODY)) or b"{}")
            if not isinstance(body, dict):
                raise OrderError("send a JSON object")
            return body

        def _answer(self, act: Callable[[], Json]) -> None:
            try:
                status, answer = 200, act()
            except (OrderError, ValueError, TypeError) as error:
                status, answer = 400, {"problem": str(error)}
            data = json.dumps(answer, ensure_ascii=False).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    return Handler
