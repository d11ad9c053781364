"""The configuration by which Hallwatch supervises the simulated hall."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from ingest.simulator.catalogue import DEPARTMENTS, DISTRICT, HALL, ITEMS, SOURCE, ZONE
from ingest.simulator.faults import FaultKind
from ingest.simulator.options import SimulationOptions
from ingest.simulator.places import CameraPlan, counter_id
from ingest.simulator.scene import zone

TOO_MANY = 1
"""More people than so many are a queue or a crowd: of three who stand close together a detector may miss one."""
_Value = str | int | list[list[float]] | Mapping[str, str]


def write_site(options: SimulationOptions, path: Path, rtsp_port: int | None = None) -> None:
    """Writes districts, hall, counters, cameras, views, rules, items and the platform in the format of hallwatch.toml.

    `rtsp_port` is the port of the running server where the options leave it open. Raises ValueError without a port.
    """
    port = rtsp_port or options.rtsp_port
    if not port:
        raise ValueError("the site file needs the RTSP port: give one other than 0")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(site_text(options, port), "utf-8")
    path.chmod(0o600)  # it holds the push key


def site_text(options: SimulationOptions, rtsp_port: int) -> str:
    tables = [
        *_places(),
        *(_counter(number) for number in range(1, options.counters + 1)),
        *(_camera(plan, options, rtsp_port) for plan in options.plans),
        *(view for plan in options.plans for view in _views(plan)),
        _rule(options),
        *_catalogue(),
        _source(options),
    ]
    return "# The simulated hall, written by `hallwatch simulate`\n\n" + "\n".join(tables)


def _table(name: str, values: Mapping[str, _Value]) -> str:
    lines = [f"[[{name}]]", *(f"{key} = {_toml(value)}" for key, value in values.items())]
    return "\n".join([*lines, ""])


def _toml(value: _Value) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(k)} = {json.dumps(v)}" for k, v in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)  # strings, numbers and lists are written alike


def _places() -> Iterator[str]:
    yield _table("district", dict(zip(("id", "name", "name_en"), DISTRICT, strict=True)))
    hall: dict[str, _Value] = {"id": HALL[0], "district": DISTRICT[0], "name": HALL[1], "name_en": HALL[2]}
    yield _table("hall", {**hall, "timezone": ZONE})


def _counter(number: int) -> str:
    names: dict[str, _Value] = {"name": f"{number}号综合窗口", "name_en": f"Counter {number}"}
    return _table("counter", {"id": counter_id(number), "hall": HALL[0], "number": str(number), **names})


def _camera(plan: CameraPlan, options: SimulationOptions, rtsp_port: int) -> str:
    base = f"rtsp://{options.host}:{rtsp_port}"
    numbers = "、".join(map(str, plan.counters))
    values: dict[str, _Value] = {
        "id": plan.id,
        "hall": HALL[0],
        "name": f"{numbers}号窗口",
        "url": base + plan.main_path,
        "sub_url": base + plan.sub_path,
        "transport": "tcp",
    }
    if options.sound:
        values["audio"] = True
    if options.credentials:
        values |= {"username": options.credentials.user, "password": options.credentials.password}
    return _table("camera", values)


def _views(plan: CameraPlan) -> Iterator[str]:
    for slot, number in enumerate(plan.counters):
        zones: dict[str, _Value] = {"staff_zone": zone("staff", slot), "customer_zone": zone("customer", slot)}
        yield _table("view", {"camera": plan.id, "counter": counter_id(number), **zones})


def _rule(options: SimulationOptions) -> str:
    threshold, waiting = options.threshold_s, max(5, options.threshold_s // 2)
    rule: dict[str, _Value] = {"hall": HALL[0], "threshold_s": threshold, "waiting_threshold_s": waiting}
    asked = {fault.kind for fault in options.faults}
    if FaultKind.UNATTENDED in asked:
        rule["unattended_s"] = waiting
    if FaultKind.QUEUE in asked:
        rule |= {"queue_length": TOO_MANY, "queue_s": waiting}
    if FaultKind.CROWD in asked:
        rule |= {"crowd_size": TOO_MANY, "crowd_s": waiting}
    return _table("absence_rule", rule)


def _catalogue() -> Iterator[str]:
    for department in DEPARTMENTS:
        names: dict[str, _Value] = {"id": department.id, "name": department.name, "name_en": department.name_en}
        yield _table("department", {**names, "district": DISTRICT[0]})
    for item in ITEMS:
        yield _table(
            "item",
            {
                "code": item.code,
                "name": item.name,
                "name_en": item.name_en,
                "department": item.department,
                "legal_days": item.legal_days,
                "promised_days": item.promised_days,
            },
        )


def _source(options: SimulationOptions) -> str:
    counters = {str(number): counter_id(number) for number in range(1, options.counters + 1)}
    values: dict[str, _Value] = {"id": SOURCE[0], "name": SOURCE[1], "hall": HALL[0], "key": options.push_key}
    return _table("source", {**values, "counters": counters})
