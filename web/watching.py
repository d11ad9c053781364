"""Builds the watcher: a detector, live pictures through the recorder's relay, recorded ones from the footage."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from threading import Event

import structlog
from sqlalchemy.exc import SQLAlchemyError

from analytics.again import Look
from analytics.detectors.choose import DetectorName, ready_detector
from analytics.detectors.self_test import look_seconds
from analytics.looker import Looker
from analytics.presence import Debounce
from analytics.recorded import RecordedPictures
from analytics.watcher import Watcher, WatcherSettings
from web.footage_moments import FootageMoments
from web.installation import Services
from web.live_pictures import through_relay
from web.sole_watcher import claim, instance_of

log = structlog.get_logger(__name__)


def build_watcher(services: Services, stop: Event) -> Watcher:
    """Sets `stop` when another watcher takes over. Raises DetectorUnavailable and AnotherWatcher with what to do."""
    settings = WatcherSettings(instance=instance_of(services.settings.run_folder))
    # While the database does not answer the watch begins all the same, and is told with its first sign of life.
    with suppress(SQLAlchemyError):
        claim(services.database, settings.node, settings.instance, stop.wait)
    section = services.settings.watcher
    detector = ready_detector(section.detector, section.weights, section.threshold)
    log.info("detector_tested", detector=detector.name)
    return Watcher(
        services.database,
        detector,
        live=through_relay(services.relay_socket, section.sample_seconds),
        recorded=RecordedPictures(services.database, services.footage),
        again=RecordedPictures(services.database, services.footage, insists=True),
        settings=replace(settings, threshold=section.threshold, sample_seconds=section.sample_seconds),
        clock=services.clock,
        failures=services.failures,
        moments=FootageMoments(services.database, services.footage),
        look_seconds=look_seconds(detector),
        on_another=stop.set,
    )


def build_look(services: Services, detector: DetectorName | None = None, weights: str = "") -> Look:
    """How recorded footage is looked at again, with this detector and these weights or those of the configuration.

    Raises DetectorUnavailable with what to do.
    """
    section = services.settings.watcher
    chosen = ready_detector(detector or section.detector, weights or section.weights, section.threshold)
    return Look(
        Looker(chosen, section.threshold),
        RecordedPictures(services.database, services.footage, insists=True),
        timedelta(seconds=section.sample_seconds),
        Debounce(),
        FootageMoments(services.database, services.footage),
    )
