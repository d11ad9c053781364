"""The whole simulated hall, seen through its cameras and directed through its control interface."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest

from ingest.simulator.clock_code import Image, read_clock
from ingest.simulator.directory import directory_rows
from ingest.simulator.faults import Fault, FaultKind
from ingest.simulator.options import SimulationOptions
from ingest.simulator.scene import zone
from ingest.simulator.simulation import PortUnavailableError, Simulation, run_simulation
from ingest.simulator.truth import read_truth
from tests.servers import LIMIT_S, wait_until

OPTIONS = {"rtsp_transport": "tcp", "analyzeduration": "100000", "fpsprobesize": "0"}


def quiet(folder: Path, **changes: Any) -> SimulationOptions:
    changes = {"cameras": 1, "story": False, "rtsp_port": 0, "control_port": 0, **changes}
    return SimulationOptions(folder=folder, **changes)


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    simulation = Simulation(quiet(tmp_path_factory.mktemp("hall")))
    simulation.start()
    yield simulation
    simulation.stop()


@pytest.fixture
def control(hall: Simulation) -> Iterator[httpx.Client]:
    assert hall.control_url
    with httpx.Client(base_url=hall.control_url, trust_env=False) as client:
        yield client


def pictures(simulation: Simulation, path: str, until: Callable[[datetime], bool]) -> list[tuple[datetime, Image]]:
    """Burnt-in time and picture of everything until a burnt-in time."""
    seen: list[tuple[datetime, Image]] = []
    with av.open(simulation.server.url(path), options=OPTIONS, timeout=(5, 5)) as container:
        for frame in container.decode(video=0):
            picture = np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
            wall = read_clock(picture)
            assert wall, "the clock is readable in every picture"
            seen.append((wall, picture))
            if until(wall):
                return seen
    return seen


def staff_zone(picture: Image, slot: int) -> Image:
    corners = (np.array(zone("staff", slot)) * (picture.shape[1], picture.shape[0])).astype(int)
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    return picture[top:bottom, left:right]


def difference(first: Image, second: Image) -> float:
    return float(np.abs(first.astype(int) - second.astype(int)).mean())


@pytest.mark.parametrize(("stream", "size"), [("main", (720, 1280)), ("sub", (360, 640))])
def test_both_streams_show_the_time_as_it_is(hall: Simulation, stream: str, size: tuple[int, int]) -> None:
    start = datetime.now(UTC)
    seen = pictures(hall, f"/cc-sim-cam-1/{stream}", lambda wall: wall > start + timedelta(seconds=3))
    assert seen[0][1].shape[:2] == size
    assert seen[-1][0] <= datetime.now(UTC)
    gaps = [(b - a).total_seconds() for (a, _), (b, _) in pairwise(seen)]
    assert gaps
    assert min(gaps) > 0  # ten a second; a busy machine is late with some and leaves others out


def test_an_ordered_absence_is_seen_when_the_truth_says_so(hall: Simulation, control: httpx.Client) -> None:
    found: list[list[tuple[datetime, Image]]] = []
    end = datetime.now(UTC) + timedelta(seconds=8)
    watcher = threading.Thread(target=lambda: found.append(pictures(hall, "/cc-sim-cam-1/main", lambda w: w > end)))
    watcher.start()
    time.sleep(2)
    left = control.post("/counters/2/clerk", json={"action": "leave"}).json()["truth"]
    time.sleep(2.5)
    back = control.post("/counters/2/clerk", json={"action": "come"}).json()["truth"]
    watcher.join()
    away, returned = datetime.fromisoformat(left["at"]), datetime.fromisoformat(back["at"])
    empty = [
        picture for wall, picture in found[0] if away + timedelta(seconds=1) < wall < returned - timedelta(seconds=1)
    ]
    margin = timedelta(milliseconds=700)
    for wall, picture in found[0]:
        change = difference(staff_zone(picture, 1), staff_zone(empty[0], 1))
        if wall < away - margin or wall > returned + margin:
            assert change > 10
        elif away + margin < wall < returned - margin:
            assert change < 3
    assert {"cc-sim-2"} == {entry["counter"] for entry in hall.truth.entries() if entry["event"] == "unstaffed"}


def test_who_is_away_cannot_leave(control: httpx.Client) -> None:
    assert control.post("/counters/1/customer", json={"action": "leave"}).json() == {"changed": False, "truth": None}
    came = control.post("/counters/1/customer", json={"action": "come"}).json()
    assert came["truth"]["event"] == "customer_came"
    assert control.get("/state").json()["counters"]["1"] == {"clerk": True, "customer": True}
    assert control.post("/counters/1/customer", json={"action": "leave"}).json()["changed"]


def test_company_comes_to_places_of_its_own_and_keeps_a_counter_staffed(
    hall: Simulation, control: httpx.Client
) -> None:
    def order(who: str, **body: object) -> str:
        truth = control.post(f"/counters/1/{who}", json=body).json()["truth"]
        return f"{truth['event']} {truth['zone']}"

    known = len(hall.truth.entries())
    assert order("clerk", action="come", place=1) == "colleague_came staff"
    assert order("clerk", action="leave") == "clerk_left staff"
    assert order("clerk", action="come") == "clerk_came staff"
    assert order("clerk", action="leave", place=1) == "colleague_left staff"
    assert [order("customer", action=act, place=2) for act in ("come", "leave")] == [
        "customer_came customer",
        "customer_left customer",
    ]
    assert "unstaffed" not in {entry["event"] for entry in hall.truth.entries()[known:]}
    assert control.post("/counters/1/clerk", json={"action": "come", "place": 3}).status_code == 400


def test_an_ordered_case_becomes_rows_and_truth(hall: Simulation, control: httpx.Client) -> None:
    rows = control.post("/counters/1/case", json={"seconds": 1.0}).json()["rows"]
    wanted = {row["step"] for row in rows if row["counter"] == "1"}

    def told() -> set[str]:
        return {entry["step"] for entry in hall.truth.entries() if entry["event"] == "step"}

    wait_until(lambda: wanted <= told())
    done = [entry for entry in hall.truth.entries() if entry["event"] == "step"]
    assert all(entry["true_end"] <= entry["entered"] for entry in done)
    written = [json.loads(line) for line in (hall.options.folder / "rows.jsonl").read_text("utf-8").splitlines()]
    assert wanted <= {row.get("step") for row in written}
    assert {row.get("record") for row in written[: len(list(directory_rows(hall.options.counters)))]} == {
        "contact",
        "operator",
    }, "who works where is known before the first step"


def test_a_camera_can_be_stalled_and_dropped_and_can_lie(hall: Simulation, control: httpx.Client) -> None:
    switched = {"stalled": True, "dropped": True, "clock_offset_s": 7, "reports": False}
    assert control.post("/cameras/1", json=switched).status_code == 200
    state = control.get("/state").json()["cameras"]["1"]
    assert {name: state[name] for name in switched} == switched
    with pytest.raises(av.FFmpegError):
        av.open(hall.server.url("/cc-sim-cam-1/sub"), options=OPTIONS, timeout=(5, 2))
    control.post("/cameras/1", json={"stalled": False, "dropped": False, "clock_offset_s": 0, "reports": True})


def test_a_cameras_clocks_can_run_wrong_leap_and_begin_anew(hall: Simulation, control: httpx.Client) -> None:
    wrong: dict[str, object] = {"clock_rate": 0.01, "media_rate": 0.84, "leap_s": -5, "loss": 0.01, "noise": 0.01}
    wrong |= {"reordering": 0.1, "description": "no_video", "half_open": True, "reboot": True}
    for name, value in wrong.items():
        assert control.post("/cameras/1", json={name: value}).json()["truth"][name] == value
    for refused in ({"leap_s": "far"}, {"loss": 1.5}, {"description": "poem"}):
        assert control.post("/cameras/1", json=refused).status_code == 400


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/counters/9/clerk", {"action": "leave"}),
        ("/counters/1/clerk", {"action": "dance"}),
        ("/counters/1/case", {"seconds": -1}),
        ("/cameras/1", {"volume": 3}),
        ("/cameras/4", {}),
        ("/elsewhere", {}),
    ],
)
def test_an_order_that_makes_no_sense_is_explained(control: httpx.Client, path: str, body: dict[str, object]) -> None:
    answer = control.post(path, json=body)
    assert answer.status_code == 400
    assert answer.json()["problem"]


def test_a_web_page_elsewhere_cannot_give_orders(control: httpx.Client) -> None:
    answer = control.post("/counters/1/clerk", content='{"action": "leave"}', headers={"Content-Type": "text/plain"})
    assert answer.status_code == 400


def test_the_command_runs_until_it_is_stopped_and_leaves_the_truth(tmp_path: Path) -> None:
    faults = (Fault(FaultKind.CLOCK_OFF, after_s=0.1), Fault(FaultKind.LOSE_CAMERA, after_s=0.2))
    options = SimulationOptions(tmp_path, cameras=1, rtsp_port=0, control_port=None, speed=60, faults=faults)
    stop, said = threading.Event(), []

    def say(line: str) -> None:
        said.append(line)

    thread = threading.Thread(target=run_simulation, args=(options, stop, say))
    thread.start()

    def events() -> list[str]:
        path = tmp_path / "truth.jsonl"
        return [entry["event"] for entry in read_truth(path)] if path.exists() else []

    wait_until(lambda: {"clock_off", "camera_lost", "customer_came", "step"} <= set(events()))
    stop.set()
    thread.join(LIMIT_S)
    assert not thread.is_alive()
    assert (events()[0], events()[-1]) == ("started", "stopped")
    assert (tmp_path / "site.toml").exists()
    assert any("rtsp://" in line for line in said)


@pytest.mark.parametrize("option", ["rtsp_port", "control_port", "onvif_port"])
def test_a_taken_port_ends_the_simulation_and_the_option_is_named(tmp_path: Path, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        with pytest.raises(PortUnavailableError, match=f"{option}: {taken} cannot be used .*in use"):
            run_simulation(quiet(tmp_path, **{option: taken}), threading.Event(), print)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rtsp_port": 70_000}, "RTSP port: 0 to 65535"),
        ({"control_port": -5}, "control port: 0 to 65535"),
        ({"onvif_port": -5}, "ONVIF port: 0 to 65535"),
        ({"push_url": "127.0.0.1:8080"}, "push URL: the address of Hallwatch"),
    ],
)
def test_options_that_cannot_be_are_told(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        quiet(tmp_path, **changes)
