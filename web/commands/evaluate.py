"""`hallwatch evaluate`"""

from pathlib import Path
from typing import Annotated

import typer

from web.commands.common import UserError, progress_bar, warn


def evaluate(
    folder: Annotated[Path, typer.Argument(help="Clips with their labels in labels/*.json.", file_okay=False)],
    detector: Annotated[list[str] | None, typer.Option(help="auto, ssd, onnx or yolo; repeat to compare.")] = None,
    weights: Annotated[str, typer.Option(help="Weights for onnx or yolo.")] = "",
    threshold: Annotated[float, typer.Option(help="Score from which a person counts as seen.", min=0, max=1)] = 0.35,
) -> None:
    """Run labelled clips through the real pipeline and print the accuracy of presence per clip and detector.

    Example: hallwatch evaluate clips/ --detector ssd --detector yolo
    """
    from analytics.detectors.choose import choose_detector
    from analytics.evaluation import evaluate as score_clips
    from analytics.evaluation_report import format_report
    from analytics.people import DetectorUnavailable

    names = detector or ["auto"]
    if unknown := [name for name in names if name not in ("auto", "ssd", "onnx", "yolo")]:
        raise UserError(f"There is no detector {unknown[0]!r}; the detectors are auto, ssd, onnx and yolo.")
    with progress_bar(folder.name) as bar:
        try:
            detectors = [choose_detector(name, weights) for name in names]  # type: ignore[arg-type]
            report = score_clips(folder, detectors, bar.update, threshold)
        except (DetectorUnavailable, ValueError) as error:
            raise UserError(str(error)) from None
    for reason in report.left_out:
        warn(f"Left out: {reason}.")
    typer.echo(format_report(report))  # plain: a table of this width must not be cut to fit a narrow terminal
