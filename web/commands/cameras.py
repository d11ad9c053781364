"""`hallwatch cameras`"""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.markup import escape
from rich.table import Column, Table

from web.commands.common import say
from web.commands.plain_errors import READABLE_BY_OTHERS, UserError, err, out

if TYPE_CHECKING:
    from ingest.video.onvif.discovery import Device
    from ingest.video.onvif.profiles import Profile
    from ingest.video.onvif.reading import DeviceRead

app = typer.Typer(
    no_args_is_help=True,
    help="ONVIF cameras in the network, and the streams they offer.\n\nExample: hallwatch cameras find --seconds 5",
)
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]
_NOBODY = (
    "No camera has answered. Look whether ONVIF and discovery are switched on in the cameras' own settings, and "
    "whether they are in this machine's own network: multicast does not cross a router. A camera elsewhere can be "
    "asked by its address: hallwatch cameras profiles ADDRESS"
)


@app.command("find")
def find(
    seconds: Annotated[float, typer.Option(help="How long to wait for answers.", min=0.5, max=60)] = 3.0,
    host: Annotated[str, typer.Option(help="Ask this host alone, where multicast does not get through.")] = "",
    as_json: JsonOption = False,
) -> None:
    """List the ONVIF cameras that answer in this machine's networks. Needs no password.

    Example: hallwatch cameras find --seconds 5
    """
    from ingest.video.onvif.addresses import is_host_alone
    from ingest.video.onvif.discovery import discover, discover_at

    if host and not is_host_alone(host):
        raise UserError(f"--host: {host} is not a host alone; leave out the port and the path")
    with err.status("Looking for cameras…"):
        try:
            found = discover_at(host, seconds) if host else discover(seconds)
        except OSError as error:
            raise UserError(f"--host: {host} cannot be asked ({error.strerror})") from None
    if as_json:
        _print_json([asdict(device) for device in found])
    elif found:
        out.print(_device_table(found))
        say("Their streams: hallwatch cameras profiles ADDRESS --user NAME")
    else:
        say(_NOBODY)


@app.command("profiles")
def profiles(
    address: Annotated[str, typer.Argument(help="Host, host:port, or the whole address, as `find` shows it.")],
    user: Annotated[str, typer.Option(help="A user of the camera.")] = "",
    password: Annotated[
        str,
        typer.Option(
            envvar="HALLWATCH_CAMERA_PASSWORD",
            help=f"Empty: asked for. {READABLE_BY_OTHERS} HALLWATCH_CAMERA_PASSWORD.",
            show_default=False,
        ),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """List the streams that a camera offers, and propose which to record and which to show on the board.

    Example: hallwatch cameras profiles 192.0.2.10 --user viewer
    """
    from ingest.video.onvif.problems import OnvifProblem
    from ingest.video.onvif.profiles import propose
    from ingest.video.onvif.reading import read_device

    if user and not password and sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, err=True)
    with err.status("Asking the camera…"):
        try:
            found = read_device(address, user, password)
        except OnvifProblem as problem:
            raise UserError(str(problem)) from None
    proposal = propose(found.profiles)
    chosen = {proposal.main: "url", proposal.sub: "sub_url"} if proposal else {}
    if as_json:
        _print_json(asdict(found) | {"proposed": {field: profile.url for profile, field in chosen.items() if profile}})
        return
    say(f"{found.manufacturer} {found.model} at {found.host}{_clock(found)}")
    out.print(_profile_table(found.profiles, chosen))


def _device_table(found: Sequence["Device"]) -> Table:
    from ingest.video.onvif.addresses import short

    table = Table(_whole_address(), "name", "hardware", "location", box=None)
    for device in found:
        table.add_row(*map(escape, (short(device.address), device.name, device.hardware, device.location)))
    return table


def _profile_table(found: Sequence["Profile"], chosen: dict[Any, str]) -> Table:
    table = Table("proposed", "profile", "codec", "size", "fps", _whole_address(), box=None)
    for profile in found:
        size = f"{profile.width}×{profile.height}" if profile.width else ""
        fps = f"{profile.fps:g}" if profile.fps else ""
        url = profile.url or "carries a password or is no RTSP: not usable"
        table.add_row(*map(escape, (chosen.get(profile, ""), profile.name, profile.codec, size, fps, url)))
    return table


def _whole_address() -> Column:
    """Not cut off where the window is narrow: it is there to be copied."""
    return Column("address", no_wrap=True, overflow="fold")


def _clock(found: "DeviceRead") -> str:
    if found.clock_offset_s is None:
        return "; it does not tell its time"
    return f"; its clock is {found.clock_offset_s:+.1f} s from this machine's"


def _print_json(value: object) -> None:
    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2))
