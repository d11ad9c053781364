"""The configuration of the simulated hall is one that Hallwatch accepts."""

from pathlib import Path

import pytest

from ingest.simulator.faults import Fault, FaultKind
from ingest.simulator.options import SimulationOptions
from ingest.simulator.rtsp_messages import Credentials
from ingest.simulator.site import write_site
from web.settings import Settings
from web.settings_file import read_settings


def site_of(options: SimulationOptions, folder: Path) -> Settings:
    write_site(options, folder / "site.toml")
    return read_settings(folder / "site.toml")


def test_every_counter_has_a_view_and_every_camera_both_streams(tmp_path: Path) -> None:
    settings = site_of(SimulationOptions(cameras=3, rtsp_port=9554), tmp_path)
    assert [counter.number for counter in settings.counter] == ["1", "2", "3", "4", "5", "6"]
    assert sorted(view.counter for view in settings.view) == sorted(counter.id for counter in settings.counter)
    assert all(camera.url.startswith("rtsp://127.0.0.1:9554/") and camera.sub_url for camera in settings.camera)
    assert all(view.staff_zone and view.customer_zone for view in settings.view)


def test_the_platform_may_push_with_its_key_and_names_counters_by_number(tmp_path: Path) -> None:
    options = SimulationOptions(push_key="a key that is long enough")
    (source,) = site_of(options, tmp_path).source
    assert source.key
    assert source.key.get_secret_value() == options.push_key
    assert source.counters["4"] == "cc-sim-4"


def test_sound_that_cameras_send_is_recorded(tmp_path: Path) -> None:
    assert {camera.audio for camera in site_of(SimulationOptions(sound="aac"), tmp_path).camera} == {True}
    assert {camera.audio for camera in site_of(SimulationOptions(), tmp_path).camera} == {False}


def test_credentials_stand_apart_from_the_address(tmp_path: Path) -> None:
    settings = site_of(SimulationOptions(credentials=Credentials("viewer", "secret")), tmp_path)
    assert all(camera.credentials() == "viewer:secret" and "secret" not in camera.url for camera in settings.camera)


@pytest.mark.parametrize(("speed", "threshold"), [(20.0, 20), (1.0, 300), (100.0, 10)])
def test_the_absence_rule_fits_the_speed(tmp_path: Path, speed: float, threshold: int) -> None:
    (rule,) = site_of(SimulationOptions(speed=speed), tmp_path).absence_rule
    assert rule.threshold_s == threshold
    assert rule.waiting_threshold_s < rule.threshold_s


def test_only_the_owner_reads_the_key(tmp_path: Path) -> None:
    site_of(SimulationOptions(), tmp_path)
    assert (tmp_path / "site.toml").stat().st_mode & 0o777 == 0o600


def test_without_a_port_there_is_no_site_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="RTSP port"):
        write_site(SimulationOptions(rtsp_port=0), tmp_path / "site.toml")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"cameras": 0}, "cameras"),
        ({"counters_per_camera": 3}, "counters per camera"),
        ({"speed": 0.0}, "speed"),
        ({"faults": (Fault(FaultKind.LEAVE_EARLY, counter=9),)}, "no counter 9"),
    ],
)
def test_options_that_make_no_sense_say_so(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SimulationOptions(**wrong)  # type: ignore[arg-type]


def test_the_rule_looks_for_customers_unattended_where_some_are_asked_for(tmp_path: Path) -> None:
    asked = SimulationOptions(faults=(Fault(FaultKind.UNATTENDED),))
    assert [site_of(options, tmp_path).absence_rule[0].unattended_s for options in (SimulationOptions(), asked)] == [
        None,
        10,
    ]


def test_the_rule_looks_for_queues_and_crowds_where_some_are_asked_for(tmp_path: Path) -> None:
    def sought(*kinds: FaultKind) -> tuple[int | None, ...]:
        rule = site_of(SimulationOptions(faults=tuple(map(Fault, kinds))), tmp_path).absence_rule[0]
        return rule.queue_length, rule.queue_s, rule.crowd_size, rule.crowd_s

    assert sought() == (None, None, None, None)
    assert sought(FaultKind.QUEUE) == (1, 10, None, None)
    assert sought(FaultKind.QUEUE, FaultKind.CROWD) == (1, 10, 1, 10)
