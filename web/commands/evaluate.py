"""`hallwatch evaluate`"""

import os
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from analytics.seen_score import SEEN_SCORE
from web.commands.common import DEFAULT_CONFIG, ConfigOption, opened, progress_bar, say, warn
from web.commands.plain_errors import UserError
from web.commands.sample_files import write_samples
from web.stop_signals import leave_in_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.evaluation import Report
    from analytics.people import PersonDetector
    from web.installation import Services
    from web.settings import WatcherSection


def evaluate(
    folder: Annotated[
        Path | None, typer.Argument(help="Clips with their labels in labels/*.json.", file_okay=False)
    ] = None,
    own: Annotated[bool, typer.Option("--own", help="The site's own labelled samples instead of a folder.")] = False,
    detector: Annotated[
        list[str] | None,
        typer.Option(
            help="auto, ssd, onnx or yolo; repeat to compare. Else auto, or with --own the one of the configuration.",
            show_default=False,
        ),
    ] = None,
    weights: Annotated[
        list[str] | None,
        typer.Option(help="Weights for onnx or yolo; repeat in the order of these detectors.", show_default=False),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            help=f"Score from which a person counts as seen. Else {SEEN_SCORE},"
            " or with --own the one of the configuration.",
            min=0,
            max=1,
            show_default=False,
        ),
    ] = None,
    absence_seconds: Annotated[
        float, typer.Option(help="So long an empty zone is an absence; the labelled clips are short.", min=1, max=3600)
    ] = 5.0,
    sample_seconds: Annotated[
        float,
        typer.Option(help="So far apart the pictures are that are looked at, as of a live camera.", min=0.5, max=60),
    ] = 1.0,
    report: Annotated[
        Path | None,
        typer.Option(
            help="Write a page with pictures here, in Chinese and English.", dir_okay=False, show_default=False
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Run labelled clips through the real pipeline and print the accuracy of presence per clip and detector.

    Example: hallwatch evaluate --own --report seen.html
    """
    if own is (folder is not None):
        raise UserError("Name a folder with labelled clips, or --own for the samples of this site; one of the two.")
    if report and not report.parent.is_dir():
        raise UserError(f"--report: there is no folder {report.parent}; name a file in one that is there.")
    how = _How(detector or ["auto"], weights or [], SEEN_SCORE if threshold is None else threshold)
    with ExitStack() as stack:
        if folder is None:
            leave_in_order()  # footage of people is left to nobody
            services = stack.enter_context(opened(config))
            how = _as_configured(services.settings.watcher, detector, weights, threshold)
            folder = Path(stack.enter_context(TemporaryDirectory())) / "own-samples"
            _write_own(services, folder)
        _evaluate(folder, how, absence_seconds, sample_seconds, report, as_json=as_json)


@dataclass(frozen=True)
class _How:
    detectors: "Sequence[str]"
    weights: "Sequence[str]"
    threshold: float


def _as_configured(
    section: "WatcherSection",
    detector: "Sequence[str] | None",
    weights: "Sequence[str] | None",
    threshold: float | None,
) -> _How:
    """As the site watches, but for what is said otherwise."""
    names = detector or [section.detector]
    configured = [section.weights] if section.weights and any(name != "ssd" for name in names) else []
    return _How(names, weights or configured, section.threshold if threshold is None else threshold)


def _write_own(services: "Services", folder: Path) -> None:
    """Raises UserError where there are none."""
    with progress_bar("samples") as bar:
        done = write_samples(services, folder, bar.update)
    if not done.kept:
        raise UserError(
            "This site has no labelled samples yet. Whoever may, says on the page of a wrong alert under *What the"
            " picture really showed* who was there; that makes one. Or name a folder with clips that you have labelled."
        )
    if not done.written:
        raise UserError("The footage of none of the samples can be had; see the warnings above.")


def _evaluate(
    folder: Path, how: _How, absence_s: float, sample_s: float, report: Path | None, *, as_json: bool
) -> None:
    import orjson

    from analytics.detectors.choose import choose_detector
    from analytics.evaluation import evaluate as score_clips
    from analytics.evaluation_json import report_json
    from analytics.evaluation_report import format_report
    from analytics.people import DetectorUnavailable

    names = how.detectors
    if unknown := [name for name in names if name not in ("auto", "ssd", "onnx", "yolo")]:
        raise UserError(f"There is no detector {unknown[0]!r}; the detectors are auto, ssd, onnx and yolo.")
    of_each = _weights_of(names, how.weights)
    with progress_bar(folder.name) as bar:
        try:
            detectors = [choose_detector(name, file) for name, file in zip(names, of_each, strict=True)]  # type: ignore[arg-type]
            found = score_clips(folder, detectors, bar.update, how.threshold, absence_s, sample_s)
        except (DetectorUnavailable, ValueError) as error:
            raise UserError(str(error)) from None
    for reason in found.left_out:
        warn(f"Left out: {reason}.")
    if as_json:
        typer.echo(orjson.dumps(report_json(found), option=orjson.OPT_INDENT_2))
    else:
        typer.echo(format_report(found))  # plain: a table of this width must not be cut to fit a narrow terminal
    if report:  # what was measured is told by now: a detector may fail on the pictures of the page
        try:
            page = _page(folder, found, detectors, how.threshold, absence_s)
        except (DetectorUnavailable, ValueError) as error:
            raise UserError(str(error)) from None
        report.write_bytes(page)
        if not as_json:
            say(f"Written: {report}")


def _weights_of(names: "Sequence[str]", weights: "Sequence[str]") -> list[str]:
    """For each detector; one file is for all that take any, several are for one each."""
    taking = sum(name != "ssd" for name in names)
    if len(weights) > 1 and len(weights) != taking:
        raise UserError(
            f"--weights: there are {len(weights)} for {taking} detectors that take any;"
            " name one for all, or one for each."
        )
    if weights and not taking:
        raise UserError("--weights: ssd has its own; name another detector by --detector, such as onnx.")
    left = iter(weights if len(weights) > 1 else [*weights] * taking)
    return ["" if name == "ssd" else next(left, "") for name in names]


def _page(
    folder: Path, found: "Report", detectors: "Sequence[PersonDetector]", threshold: float, absence_s: float
) -> bytes:
    from analytics.evaluation_pictures import examples, overviews
    from analytics.labels import load_clips
    from web.detector_report import Conditions, page

    clips = load_clips(folder)
    how = Conditions(
        folder=folder.resolve().name,
        at=datetime.now(UTC),
        version=version("hallwatch"),
        cores=os.cpu_count() or 1,
        load=os.getloadavg()[0],
        threshold=threshold,
        absence_s=absence_s,
    )
    return page(found, overviews(clips), list(examples(clips, found, detectors, threshold)), how)
