"""Pictures for the report of an evaluation: what was judged, and where a detector was wrong."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from analytics.clip_samples import START, clip_pictures, clip_seconds
from analytics.evaluation import Report, WrongSecond, ZoneScore
from analytics.labels import LabelledClip, LabelledZone
from analytics.looker import Looker
from analytics.looking import WatchedView, crops_of
from analytics.people import Image, Person, PersonDetector
from analytics.pictures import Picture
from analytics.zones import Zone, cut, zone_of

MOST_EXAMPLES = 3
"""Of one zone and detector: those of the longest errors."""

_WIDTH = 560
_QUALITY = 78
_ZONE, _SEEN, _WEAK = (40, 200, 255), (80, 220, 80), (60, 120, 250)


@dataclass(frozen=True, slots=True)
class Example:
    """A moment at which a detector was wrong, and what it saw then."""

    clip: str
    zone: str
    detector: str
    moment: float
    """Seconds of the clip."""
    lasted: int
    """Seconds for which it was wrong without a break."""
    present: bool
    """The truth."""
    jpeg: bytes


def overview(clip: LabelledClip) -> bytes:
    """The middle of the clip with all its zones drawn."""
    picture = _picture_at(clip, clip.duration_s / 2)
    for zone in clip.zones:
        _draw_zone(picture, zone_of(zone.polygon), zone.id)
    return _jpeg(picture)


def examples(
    clips: Iterable[LabelledClip], report: Report, detectors: Sequence[PersonDetector], threshold: float
) -> Iterator[Example]:
    """The longest errors of each zone, in the order of the report. Raises DetectorUnavailable."""
    of_name = {clip.name: clip for clip in clips}
    of_detector = {detector.name: Looker(detector, threshold) for detector in detectors}
    for score in report.scores:
        if score.wrong:
            yield from _examples(of_name[score.clip], score, of_detector[score.detector])


def _examples(clip: LabelledClip, score: ZoneScore, looker: Looker) -> Iterator[Example]:
    zone = next(zone for zone in clip.zones if zone.id == score.zone)
    for run in sorted(runs(score.wrong), key=len, reverse=True)[:MOST_EXAMPLES]:
        middle = run[len(run) // 2]
        jpeg = _seen(clip.name, _picture_at(clip, middle.moment), zone, looker)
        yield Example(clip.name, zone.id, score.detector, middle.moment, len(run), middle.present, jpeg)


def runs(wrong: Sequence[WrongSecond]) -> list[list[WrongSecond]]:
    """Errors of one kind without a second between them."""
    found: list[list[WrongSecond]] = []
    for second in wrong:
        last = found[-1][-1] if found else None
        if last and second.moment - last.moment <= 1.0 and second.present == last.present:
            found[-1].append(second)
        else:
            found.append([second])
    return found


def _picture_at(clip: LabelledClip, moment: float) -> Image:
    """The sample nearest to the moment, as it was looked at."""
    apart = ((abs(clip_seconds(each.wall) - moment), each.image) for each in clip_pictures(clip.video, clip.name))
    return min(apart, key=lambda pair: pair[0])[1].copy()


def _seen(clip: str, picture: Image, zone: LabelledZone, looker: Looker) -> bytes:
    """By the look by which it was judged."""
    view = WatchedView(clip, zone.id, zone_of(zone.polygon), staff_inside=zone.inside)
    crop = crops_of(view)[0]
    people = looker.found_in(Picture(clip, START, picture), view)[0]
    _draw_zone(picture, view.staff_zone, "")
    for person in people:
        _draw_person(picture, person, _SEEN if person.score >= looker.threshold else _WEAK)
    return _jpeg(cut(picture, crop))


def _draw_zone(picture: Image, zone: Zone, name: str) -> None:
    corners = _pixels(picture, zone)
    cv2.polylines(picture, [corners], isClosed=True, color=_ZONE, thickness=_line(picture))
    x, y = corners.min(axis=0).tolist()
    _write(picture, name, (x + 4, y + round(22 * _scale(picture))), _ZONE)


def _draw_person(picture: Image, person: Person, colour: tuple[int, int, int]) -> None:
    (x0, y0), (x1, y1) = _pixels(picture, [person.box[:2], person.box[2:]]).tolist()
    cv2.rectangle(picture, (x0, y0), (x1, y1), colour, _line(picture))
    _write(picture, f"{person.score:.2f}", (x0 + 4, y1 - 6), colour)


def _write(picture: Image, text: str, at: tuple[int, int], colour: tuple[int, int, int]) -> None:
    size, width = 0.6 * _scale(picture), _line(picture)
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, (0, 0, 0), width + 2, cv2.LINE_AA)
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, colour, width, cv2.LINE_AA)


def _pixels(picture: Image, points: Sequence[tuple[float, ...]]) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    height, width = picture.shape[:2]
    return np.round(np.asarray(points) * (width, height)).astype(np.int32)


def _scale(picture: Image) -> float:
    return max(float(picture.shape[1]) / 900, 0.7)


def _line(picture: Image) -> int:
    return max(round(2 * _scale(picture)), 1)


def _jpeg(picture: Image) -> bytes:
    height, width = picture.shape[:2]
    scale = min(_WIDTH / width, 1.0)
    scaled = cv2.resize(
        picture, (max(round(width * scale), 1), max(round(height * scale), 1)), interpolation=cv2.INTER_AREA
    )
    done, encoded = cv2.imencode(".jpg", scaled, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    assert done
    return encoded.tobytes()


def overviews(clips: Iterable[LabelledClip]) -> Mapping[str, bytes]:
    """Of each clip, by its name."""
    return {clip.name: overview(clip) for clip in clips}
