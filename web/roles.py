"""What runs inside each process of `hallwatch serve`. Imports are local: a role loads only what it needs."""

import gc
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Literal

import structlog

from storage.objects import Patience
from web.composition import build_services, camera_addresses, drop_bucket
from web.heartbeat import Heartbeat
from web.installation import Services
from web.settings import Settings
from web.stop_signals import set_on_signal, wait_for, watch_stdin

if TYPE_CHECKING:
    from web.clerk import Clerk, Job

log = structlog.get_logger(__name__)

RoleName = Literal["recorder", "watcher", "clerk", "web"]
ROLE_NAMES: tuple[RoleName, ...] = ("recorder", "watcher", "clerk", "web")
COLLECT_EACH = 50_000
"""Objects more than before, and the cyclic collector looks: Python's 700 would be one GOP of a few cameras."""

SWITCH_S = 0.001
"""After that long a clerk who reckons makes room for the others: by Python's 5 ms a case waited for each of its
questions to the database while a month was evaluated."""


def run_role(role: RoleName, settings: Settings, *, until_stdin_closes: bool = False) -> None:
    """Runs until SIGTERM or SIGINT, then stops in good order."""
    services = services_of(role, settings)
    stop = threading.Event()
    set_on_signal(stop)
    if until_stdin_closes:
        watch_stdin(stop)
    with _running(role, services, stop):
        spare_the_collector()
        log.info("role_started")
        wait_for(stop)
        log.info("role_stopping")
    services.database.close()


def services_of(role: RoleName, settings: Settings) -> Services:
    """Raises DataFolderUnusable."""
    return build_services(settings, Patience.VIEWING if role == "web" else Patience.KEEPING)


def spare_the_collector() -> None:
    """What is loaded by now stays: to walk it again and again was a third of the recorder's own work (measured)."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(COLLECT_EACH, 20, 20)


def _running(role: RoleName, services: Services, stop: threading.Event) -> AbstractContextManager[None]:
    if role == "web":
        return _web(services, on_end=stop.set)
    if role == "watcher":
        return _watcher(services, stop)
    return {"recorder": _recorder, "clerk": _clerk}[role](services)


@contextmanager
def _recorder(services: Services) -> Iterator[None]:
    from ingest.video.quarantine import EVERY, TICK_S, Quarantine
    from ingest.video.recorder import CameraFeed, RecorderNode, RecorderSettings
    from ingest.video.spool_room import SpoolLimits
    from storage.boot_clock import boot_id, since_boot
    from storage.expiry import Guard
    from web.clerk import Clerk, Job, at_work
    from web.sealed_feeds import SealedFeeds

    def feeds() -> list[CameraFeed]:
        return [
            CameraFeed(
                id=found.camera.id,
                url=found.url,
                sub_url=found.sub_url,
                transport="udp" if found.camera.transport == "udp" else "tcp",
                enabled=found.camera.enabled,
                audio=found.camera.audio,
            )
            for found in camera_addresses(services)
        ]

    section = services.settings.recorder
    settings = RecorderSettings(
        spool=services.settings.spool,
        relay_socket=services.relay_socket,
        segment_seconds=section.segment_seconds,
        spool_limits=SpoolLimits(section.spool_max_bytes, section.spool_max_age),
    )
    memory = SealedFeeds(settings.spool, services.secrets)
    node = RecorderNode(services.database, services.store, settings, feeds, memory, failures=services.failures)
    quarantine = Quarantine(services.database, settings.spool, Guard(services.database, since_boot, boot_id()))
    jobs = [Job("quarantine", quarantine.run_once, EVERY)]
    tidying = Clerk(jobs, services.clock, services.failures, tick_s=TICK_S)
    node.start()
    try:
        with at_work(tidying):
            yield
    finally:
        node.stop()


@contextmanager
def _watcher(services: Services, stop: threading.Event) -> Iterator[None]:
    from analytics.diary import AnotherWatcher
    from analytics.people import DetectorUnavailable
    from web.watching import build_watcher

    try:
        watcher = build_watcher(services, stop)
    except DetectorUnavailable as problem:
        log.error("detector_unavailable", problem=str(problem))
        raise SystemExit(1) from None
    except AnotherWatcher as problem:
        log.error("another_watcher", problem=str(problem))
        raise SystemExit(1) from None
    watcher.start()
    try:
        yield
    finally:
        watcher.stop()


@contextmanager
def _clerk(services: Services) -> Iterator[None]:
    from web.clerk import at_work
    from web.waking import woken

    sys.setswitchinterval(SWITCH_S)
    chosen = clerks(services)

    def wake() -> None:
        for clerk in chosen:
            clerk.wake()

    with (
        _beating(services, "clerk-1", "clerk"),
        at_work(*chosen),
        woken(services.settings.run_folder, wake),
    ):
        yield


def clerks(services: Services) -> "tuple[Clerk, ...]":
    """Each in a thread of its own: they link, notify, reckon limits, listen, keep, count and evaluate."""
    from correlation.comparing import find_steps_out_of_order
    from correlation.deadlines.keeping import DeadlineKeeper
    from correlation.deadlines.moving import MovingExplanations
    from correlation.disputes.moving import MovingDecisions
    from correlation.disputes.voices import DisputeTime
    from correlation.examining import find_unstaffed_steps
    from correlation.linking import Linker
    from correlation.supervision.call_backs import CallBacks
    from correlation.supervision.moving import Moving
    from storage.boot_clock import boot_id, since_boot
    from storage.calendar import refresh
    from storage.correction_objects import store_corrections
    from storage.expiry import Expiry
    from storage.legal_holds import LegalHolds
    from web.channels import load_channels
    from web.clerk import Clerk, Job
    from web.complaint_keeping import ComplaintKeeping
    from web.evaluating import Evaluating
    from web.failure_watch import FailureWatch
    from web.masked_folder import forget_masked_clips
    from web.notify import Notifier
    from web.permissions import roles_that_dispute
    from web.quarantine_watch import QuarantineWatch
    from web.reports.keeping import Reporting
    from web.silence import EVERY, Listening
    from web.source_watch import SourceWatch
    from web.spool_watch import SpoolWatch
    from web.store_watch import StoreWatch, patient

    linker = Linker(services.database, services.footage)
    channels = partial(load_channels, secrets=services.secrets)
    notifier = Notifier(services.database, channels, services.settings.web.public_url)
    correlating = [
        Job("link", linker.run_once, timedelta(seconds=2)),
        Job("findings", partial(find_unstaffed_steps, services.database), timedelta(seconds=10)),
        Job("order", partial(find_steps_out_of_order, services.database), timedelta(seconds=10)),
    ]
    deadlines = DeadlineKeeper(services.database)
    timing = [
        Job("deadlines", deadlines.run_once, timedelta(seconds=0.4), is_woken=True),  # at each tick of the clerk
        Job("deadline_ground", deadlines.look_around, timedelta(seconds=30)),
    ]
    correlating.append(
        Job("dispute_time", DisputeTime(services.database, roles_that_dispute()).run_once, timedelta(minutes=1))
    )
    call_backs = CallBacks(services.database)
    correlating.append(Job("call_backs", call_backs.run_once, timedelta(seconds=30)))
    correlating.append(Job("due_dates", Moving(services.database).run_once, timedelta(minutes=1)))
    decisions = MovingDecisions(services.database)
    explanations = MovingExplanations(services.database)
    correlating.append(Job("explanation_dates", explanations.run_once, timedelta(minutes=1)))
    correlating.append(Job("decision_dates", decisions.run_once, timedelta(minutes=1)))
    notifying = [Job("notify", notifier.run_once, timedelta(seconds=2))]
    listening = [
        Job("silence", Listening(services.database).run_once, EVERY),
        Job("spool", SpoolWatch(services.database).run_once, EVERY),
        Job("unreadable", QuarantineWatch(services.database).run_once, EVERY),
        Job("failures", FailureWatch(services.database).run_once, EVERY),
        Job("sources", SourceWatch(services.database).run_once, timedelta(minutes=1)),
    ]
    expiry = Expiry(
        services.database,
        services.store,
        services.settings.spool,
        linker.on_expired,
        since_boot=since_boot,
        boot=boot_id(),
    )
    legal_holds = LegalHolds(services.database, services.store)
    keeping = [
        Job("store_test", StoreWatch(services.database, services.store).run_once, timedelta(minutes=1)),
        Job("legal_holds", patient(legal_holds.run_once), timedelta(seconds=10)),
        Job("expiry", patient(expiry.run_once), timedelta(seconds=30)),
        Job("abandoned", patient(services.store.clear_abandoned), timedelta(hours=1)),
    ]
    keeping.append(
        Job("masked_clips", partial(forget_masked_clips, services.settings.masked_folder), timedelta(minutes=10))
    )
    corrections = partial(store_corrections, services.database, services.store)
    keeping.append(Job("corrections", patient(lambda _now: corrections()), timedelta(seconds=10)))
    complaints = ComplaintKeeping(services.database, services.settings.public.complaint_days)
    keeping.append(Job("complaints", complaints.run_once, timedelta(hours=1)))
    counting = [Job("calendar", lambda _now: refresh(services.database), timedelta(minutes=1))]
    receiving = _receiving(services)
    settings = services.settings.evaluation
    stopping = threading.Event()
    evaluating = Evaluating(services.database, settings.publish_day, stopping.is_set)
    evaluation = [
        Job("evaluation", evaluating.run_once, timedelta(minutes=1)),
        Job("reports", Reporting(services.database, settings.font).run_once, timedelta(minutes=1)),
    ]
    groups = (correlating, notifying, timing, listening, keeping, counting, receiving)
    each = (Clerk(jobs, services.clock, services.failures) for jobs in groups if jobs)
    return (*each, Clerk(evaluation, services.clock, services.failures, stopping))


def _receiving(services: Services) -> "list[Job]":
    from ingest.approvals.drop_bucket import DropBucket
    from ingest.approvals.inbox import Inbox
    from web.clerk import Job
    from web.pulling import Pulling

    settings = services.settings
    jobs = []
    if bucket := drop_bucket(settings):
        brought = DropBucket(services.database, bucket, settings.inbox_folder)
        jobs.append(Job("drop_bucket", brought.run_once, timedelta(seconds=10)))
    if settings.inbox.is_used:
        jobs.append(Job("inbox", Inbox(services.database, settings.inbox_folder).run_once, timedelta(seconds=5)))
    for pull in settings.pull:
        pulling = Pulling(services.database, pull)
        jobs.append(Job(f"pull:{pull.source} {pull.view}", pulling.run_once, timedelta(seconds=pull.every_seconds)))
    return jobs


@contextmanager
def _web(services: Services, on_end: Callable[[], None]) -> Iterator[None]:
    from web.web_server import WebServer

    server = WebServer(services, on_end)
    with _beating(services, "web-1", "web"):
        server.start()
        try:
            yield
        finally:
            server.stop()


@contextmanager
def _beating(services: Services, name: str, role: str) -> Iterator[None]:
    heartbeat = Heartbeat(services.database, name, role, services.clock, services.failures)
    heartbeat.start()
    try:
        yield
    finally:
        heartbeat.stop()
