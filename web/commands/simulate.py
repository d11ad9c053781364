"""`hallwatch simulate`"""

import signal
import threading
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.markup import escape

from ingest.simulator.faults import FaultKind
from web import logs
from web.commands.plain_errors import READABLE_BY_OTHERS, UserError, out
from web.one_instance import only_one
from web.stop_signals import watch_stdin

FaultOption = Annotated[
    list[str] | None,
    typer.Option(
        help=escape(  # else "[@SECONDS]" is taken for markup and not shown
            f"KIND[:COUNTER][@SECONDS], repeat for more; kinds: {', '.join(FaultKind)}."
            " Those of cameras last 60 s, but for clock_off."
        )
    ),
]


def simulate(
    folder: Annotated[Path, typer.Option(help="Gets truth.jsonl, rows.jsonl and site.toml.", file_okay=False)] = Path(
        "simulated"
    ),
    cameras: Annotated[int, typer.Option(help="How many cameras.", min=1)] = 2,
    counters_per_camera: Annotated[int, typer.Option(help="1 or 2.", min=1, max=2)] = 2,
    speed: Annotated[float, typer.Option(help="How much faster than in a real hall people come and go.")] = 20.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same story.")] = 1,
    fault: FaultOption = None,
    story: Annotated[bool, typer.Option(help="Let things happen by themselves.")] = True,
    rtsp_port: Annotated[int, typer.Option(help="Of the cameras; 0 takes a free one.", min=0, max=65535)] = 8554,
    control_port: Annotated[
        int, typer.Option(help="Of the control interface; 0: a free one, -1: none.", min=-1, max=65535)
    ] = 8555,
    onvif_port: Annotated[
        int, typer.Option(help="Of the cameras' ONVIF services; 0: a free one, -1: none.", min=-1, max=65535)
    ] = 8556,
    push_url: Annotated[str, typer.Option(help="Where the approval platform pushes, e.g. http://127.0.0.1:8080")] = "",
    push_key: Annotated[
        str,
        typer.Option(
            envvar="HALLWATCH_PUSH_KEY",
            help=f"Key of the source. {READABLE_BY_OTHERS} HALLWATCH_PUSH_KEY.",
            show_default=False,
        ),
    ] = "",
    platform_offset: Annotated[float, typer.Option(help="Seconds the platform's clock is ahead.")] = 0.0,
    sound: Annotated[
        Literal["none", "aac", "pcmu", "pcma"], typer.Option(help="What cameras hear: a beep at each full second.")
    ] = "none",
    until_stdin_closes: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    r"""Play a hall: RTSP cameras, people at counters, an approval platform, and the truth about it all beside it.

    Example: hallwatch simulate --cameras 3 --speed 10 \
    --fault leave_early:2@45 --fault clock_off:1
    """
    logs.configure("simulator")
    from ingest.simulator.faults import parse_fault
    from ingest.simulator.options import SimulationOptions
    from ingest.simulator.photographs import PhotographsMissingError
    from ingest.simulator.simulation import PortUnavailableError, run_simulation

    keyed: dict[str, Any] = {"push_key": push_key} if push_key else {}
    stop = stop_on_signals(until_stdin_closes)
    try:
        options = SimulationOptions(
            folder=folder,
            cameras=cameras,
            counters_per_camera=counters_per_camera,
            speed=speed,
            seed=seed,
            story=story,
            faults=tuple(parse_fault(text) for text in fault or ()),
            rtsp_port=rtsp_port,
            control_port=None if control_port < 0 else control_port,
            onvif_port=None if onvif_port < 0 else onvif_port,
            push_url=push_url or None,
            platform_offset_s=platform_offset,
            sound=None if sound == "none" else sound,
            **keyed,
        )
        with only_one(folder, ["simulator"]):
            run_simulation(options, stop, lambda line: out.print(line, highlight=False, markup=False, soft_wrap=True))
    except PortUnavailableError as error:
        option = f"--{error.option.replace('_', '-')}"
        remedy = f"stop what uses it, or choose another: {option} 0 takes a free one"
        raise UserError(f"{option}: port {error.port} cannot be used ({error.reason}); {remedy}") from None
    except (ValueError, PhotographsMissingError) as error:
        raise UserError(str(error)) from None


def stop_on_signals(until_stdin_closes: bool) -> threading.Event:
    """An event that SIGINT and SIGTERM set, and the end of standard input where asked for."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    if until_stdin_closes:
        watch_stdin(stop)
    return stop
