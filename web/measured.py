"""What Prometheus is told: read from the database at each scrape, so that every web server says the same."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlmodel import Session, col, func, or_, select

from storage.database import Database
from storage.failures import failures_told
from storage.footage import newest_end
from storage.models import (
    Alert,
    AlertKind,
    Camera,
    CameraStatus,
    ClockSource,
    Delivery,
    DeliveryState,
    Gap,
    Node,
    awaited,
)
from storage.waiting import NOTHING, altogether, waiting
from web.silence import is_heard

A_DAY = timedelta(days=1)
_CAMERA = ("camera", "hall")
_NODE = ("node", "role")
_NODE_GAUGES = (
    ("memory_bytes", "hallwatch_node_memory_bytes", "Resident memory of the process."),
    ("disk_bytes", "hallwatch_node_disk_bytes", "Size of the disk that the spool lies on."),
    ("disk_free_bytes", "hallwatch_node_disk_free_bytes", "Room left on the disk that the spool lies on."),
    ("spool_used_bytes", "hallwatch_spool_used_bytes", "What the spool holds, also in quarantine."),
    ("quarantined_files", "hallwatch_spool_quarantined_files", "Files in the spool's quarantine: they cannot be read."),
    ("spool_limit_bytes", "hallwatch_spool_limit_bytes", "What it may hold."),
    (
        "spool_filled",
        "hallwatch_spool_filled_ratio",
        "How near the nearest of the spool's limits is; at 1 it is reached.",
    ),
    ("clock_synchronised", "hallwatch_node_clock_synchronised", "1 while the system keeps the server's time right."),
    ("journal_waiting", "hallwatch_recorder_journal_waiting", "What the recorder has yet to write into the database."),
    ("look_ms", "hallwatch_watcher_look_milliseconds", "How long the detector takes to look at one counter."),
    (
        "dropped_pictures",
        "hallwatch_watcher_dropped_pictures",
        "Pictures that came faster than they could be looked at.",
    ),
)
"""Key of a node's detail, name of the metric, what it is."""


class Measured(Collector):
    """One scrape: a handful of queries, each by an index."""

    def __init__(self, database: Database, now: datetime) -> None:
        self._database, self._now = database, now

    def collect(self) -> Iterable[Metric]:
        with self._database.transaction() as session:
            yield from _cameras(session, self._now)
            yield _gaps(session, self._now)
            yield from _spool(session, self._now)
            yield from _nodes(session, self._now)
            yield from _failing(session, self._now)
            yield _alerts(session)
            yield _deliveries(session)


def _cameras(session: Session, now: datetime) -> Iterator[Metric]:
    rows = session.exec(
        select(Camera.id, Camera.hall_id, CameraStatus, newest_end(now))
        .outerjoin(CameraStatus, col(CameraStatus.camera_id) == col(Camera.id))
        .where(col(Camera.enabled).is_(True))
    ).all()
    known = [((camera, hall), status) for camera, hall, status, _ in rows if status is not None]
    # What a recorder that has died or hangs said last is no number of now.
    current = [(labels, status) for labels, status in known if is_heard(status.updated, now)]
    yield _gauge(
        "hallwatch_camera_connected",
        "Whether the recorder is connected to the camera.",
        _CAMERA,
        (
            ((camera, hall), float(bool(status and status.connected)))
            for camera, hall, status, _ in rows
            if status is None or is_heard(status.updated, now)
        ),
    )
    yield _gauge(
        "hallwatch_camera_frames_per_second",
        "Pictures that came, over the last seconds.",
        _CAMERA,
        ((labels, status.fps) for labels, status in current),
    )
    yield _gauge(
        "hallwatch_camera_bits_per_second",
        "What came, over the last seconds.",
        _CAMERA,
        ((labels, status.bitrate) for labels, status in current),
    )
    yield _gauge(
        "hallwatch_camera_last_frame_age_seconds",
        "Time since the last picture came.",
        _CAMERA,
        ((labels, _age(status.last_frame, now)) for labels, status in known if status.last_frame),
    )
    yield _counter(
        "hallwatch_camera_reconnects",
        "Connections after the first, since the recorder started.",
        _CAMERA,
        ((labels, status.reconnects) for labels, status in current),
    )
    yield _counter(
        "hallwatch_camera_pictures_after_loss",
        "Pictures before which packets were lost, since the recorder started.",
        _CAMERA,
        ((labels, status.smears) for labels, status in current),
    )
    yield _gauge(
        "hallwatch_camera_clock_offset_seconds",
        "Camera clock minus recorder clock; 0 without sender reports.",
        _CAMERA,
        ((labels, status.clock_offset_us / 1e6) for labels, status in current),
    )
    yield _gauge(
        "hallwatch_camera_clock_source",
        "1 for what the wall time rests on.",
        (*_CAMERA, "source"),
        (
            ((*labels, source.value), float(status.clock_source is source))
            for labels, status in current
            for source in ClockSource
        ),
    )
    yield _gauge(
        "hallwatch_camera_record_lag_seconds",
        "Time since the end of the newest segment that has a row.",
        _CAMERA,
        (((camera, hall), _age(end, now)) for camera, hall, _, end in rows if end is not None),
    )


def _gaps(session: Session, now: datetime) -> Metric:
    seconds: dict[tuple[str, str, str], float] = {}
    since = now - A_DAY
    reaching = select(Gap, Camera.hall_id).where(or_(col(Gap.end).is_(None), col(Gap.end) > since))
    for gap, hall in session.exec(reaching.join(Camera, col(Camera.id) == col(Gap.camera_id))):
        if gap.end == gap.start:
            continue  # corrected footage has moved over it
        length = (min(gap.end or now, now) - max(gap.start, since)).total_seconds()
        labels = (gap.camera_id, hall, gap.cause.value)
        seconds[labels] = seconds.get(labels, 0.0) + max(length, 0.0)
    name, what = (
        "hallwatch_camera_gap_seconds_last_day",
        "Seconds of the last 24 hours that were not recorded, by cause.",
    )
    return _gauge(name, what, (*_CAMERA, "cause"), seconds.items())


def _spool(session: Session, now: datetime) -> Iterator[Metric]:
    by_camera = waiting(session)
    # One that is switched off is told of while anything of it waits.
    told = or_(col(Camera.enabled).is_(True), col(Camera.id).in_(list(by_camera)))
    cameras = session.exec(select(Camera.id, Camera.hall_id).where(told)).all()
    each = [(labels, by_camera.get(labels[0], NOTHING)) for labels in cameras]
    yield _gauge(
        "hallwatch_camera_spool_segments",
        "Its segments that the store has not confirmed.",
        _CAMERA,
        ((labels, one.segments) for labels, one in each),
    )
    yield _gauge("hallwatch_camera_spool_bytes", "Their size.", _CAMERA, ((labels, one.bytes) for labels, one in each))
    every = altogether(by_camera)
    yield _gauge("hallwatch_spool_segments", "Segments that the store has not confirmed.", (), [((), every.segments)])
    yield _gauge("hallwatch_spool_bytes", "Their size.", (), [((), every.bytes)])
    age = _age(every.oldest, now) if every.oldest else 0.0
    yield _gauge("hallwatch_spool_oldest_age_seconds", "Age of the oldest of them.", (), [((), age)])


def _nodes(session: Session, now: datetime) -> Iterator[Metric]:
    nodes = [((node.name, node.role), node) for node in session.exec(select(Node).where(awaited()))]
    yield _gauge(
        "hallwatch_node_heartbeat_age_seconds",
        "Time since the process was last heard of.",
        _NODE,
        ((labels, _age(node.heartbeat, now)) for labels, node in nodes),
    )
    yield _counter(
        "hallwatch_node_cpu_seconds",
        "CPU time that the process has taken.",
        _NODE,
        ((labels, node.detail["cpu_s"]) for labels, node in nodes if "cpu_s" in node.detail),
    )
    for key, name, what in _NODE_GAUGES:
        yield _gauge(name, what, _NODE, ((labels, node.detail[key]) for labels, node in nodes if key in node.detail))


def _failing(session: Session, now: datetime) -> Iterator[Metric]:
    nodes = session.exec(select(Node).where(awaited()))
    failing = [((node.name, node.role, each.job), each) for node in nodes for each in failures_told(node.detail)]
    labels = (*_NODE, "job")
    name, what = "hallwatch_job_failing_seconds", "For how long a job has failed each time; absent while it works."
    yield _gauge(name, what, labels, ((of, _age(each.since, now)) for of, each in failing))
    name, what = "hallwatch_job_failures", "How often it has failed since then."
    yield _gauge(name, what, labels, ((of, each.count) for of, each in failing))


def _alerts(session: Session) -> Metric:
    rows = session.exec(
        select(Alert.kind, Alert.hall_id, func.count())
        .where(col(Alert.resolved_at).is_(None))
        .group_by(col(Alert.kind), col(Alert.hall_id))
    ).all()
    samples = (((AlertKind(kind).value, hall or ""), count) for kind, hall, count in rows)
    return _gauge("hallwatch_alerts_open", "Alerts that are not resolved.", ("kind", "hall"), samples)


def _deliveries(session: Session) -> Metric:
    rows = session.exec(
        select(Delivery.channel, Delivery.state, func.count())
        .where(Delivery.state != DeliveryState.SENT)
        .group_by(col(Delivery.channel), col(Delivery.state))
    ).all()
    samples = (((channel, DeliveryState(state).value), count) for channel, state, count in rows)
    return _gauge("hallwatch_messages_unsent", "Messages that wait or were given up.", ("channel", "state"), samples)


Samples = Iterable[tuple[Sequence[str], Any]]


def _gauge(name: str, what: str, labels: Sequence[str], samples: Samples) -> Metric:
    family = GaugeMetricFamily(name, what, labels=labels)
    for values, number in samples:
        family.add_metric(values, float(number))
    return family


def _counter(name: str, what: str, labels: Sequence[str], samples: Samples) -> Metric:
    family = CounterMetricFamily(name, what, labels=labels)
    for values, number in samples:
        family.add_metric(values, float(number))
    return family


def _age(at: datetime, now: datetime) -> float:
    """Seconds; what was written while we looked is new, not of the future."""
    return max((now - at).total_seconds(), 0.0)
