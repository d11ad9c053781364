"""Builds the watcher: a detector, live pictures through the recorder's relay, recorded ones from the footage."""

from analytics.detectors.choose import choose_detector
from analytics.recorded import RecordedPictures
from analytics.watcher import Watcher, WatcherSettings
from web.live_pictures import through_relay
from web.services import Services


def build_watcher(services: Services) -> Watcher:
    """Raises DetectorUnavailable with what to do."""
    section = services.settings.watcher
    return Watcher(
        services.database,
        choose_detector(section.detector, section.weights),
        live=through_relay(services.relay_socket, section.sample_seconds),
        recorded=RecordedPictures(services.database, services.footage),
        settings=WatcherSettings(threshold=section.threshold, sample_seconds=section.sample_seconds),
        clock=services.clock,
    )
