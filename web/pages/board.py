"""The board: every counter of a hall, live."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, get_args

from fastapi import APIRouter, Depends, Query
from fastapi.responses import RedirectResponse, Response

from storage.models import CustomerState
from web.auth import CurrentUser, require
from web.errors import NotFound
from web.pages.board_queries import CounterNow, counters_now
from web.pages.places import HallRef, visible_halls
from web.pages.rendering import ScreenDep, add_page, html
from web.permissions import Permission, home_path
from web.services import ServicesDep
from web.viewer import Viewer

router = APIRouter()

Layout = Literal["normal", "compact", "large"]
Filter = Literal["all", "staffed", "unstaffed", "unknown", "closed", "waiting", "alert"]
BoardViewer = Annotated[Viewer, Depends(require(Permission.BOARD))]


@dataclass(frozen=True)
class Counts:
    all: int
    staffed: int
    unstaffed: int
    unknown: int
    closed: int
    """Of a hall that is closed by its hours: they count as none of the three before."""
    waiting: int
    alert: int


@dataclass(frozen=True)
class BoardPage:
    now: datetime
    halls: tuple[HallRef, ...]
    hall: HallRef | None
    """The one that is shown; None for all."""
    filter: Filter
    layout: Layout
    counts: Counts
    tiles: tuple[CounterNow, ...]
    live: bool
    """Whether the reader may watch live video."""


def board_page(
    viewer: BoardViewer,
    services: ServicesDep,
    hall: str = "",
    show: Annotated[Filter, Query()] = "all",
    layout: Annotated[Layout, Query()] = "normal",
) -> BoardPage:
    now = services.clock()
    with services.database.transaction() as session:
        halls = visible_halls(session, viewer)
        chosen = _chosen_hall(halls, hall)
        tiles = counters_now(session, (chosen,) if chosen else halls, now)
    return BoardPage(
        now=now,
        halls=halls,
        hall=chosen,
        filter=show,
        layout=layout,
        counts=count_tiles(tiles),
        tiles=tuple(tile for tile in tiles if matches(tile, show)),
        live=viewer.may(Permission.LIVE),
    )


def _chosen_hall(halls: tuple[HallRef, ...], wanted: str) -> HallRef | None:
    if not wanted:
        return halls[0] if len(halls) == 1 else None
    for hall in halls:
        if hall.id == wanted:
            return hall
    raise NotFound


def matches(tile: CounterNow, show: Filter) -> bool:
    if show == "all":
        return True
    if show == "waiting":
        return tile.customer is CustomerState.WAITING
    if show == "alert":
        return tile.alert is not None
    return show == (tile.staff.value if tile.open else "closed")


def count_tiles(tiles: tuple[CounterNow, ...]) -> Counts:
    return Counts(**{show: sum(matches(tile, show) for tile in tiles) for show in get_args(Filter)})


add_page(router, "/board", "board.html", board_page)


@router.get("/", include_in_schema=False)
def first_page(
    viewer: CurrentUser,
    services: ServicesDep,
    around: ScreenDep,
    hall: str = "",
    show: Annotated[Filter, Query()] = "all",
    layout: Annotated[Layout, Query()] = "normal",
) -> Response:
    """The board, or whatever page comes first for a role that has no board."""
    if not viewer.may(Permission.BOARD):
        return RedirectResponse(home_path(viewer.role), 303)
    return html(around, "board.html", board_page(viewer, services, hall, show, layout))


def hall_board(
    hall: str,
    viewer: BoardViewer,
    services: ServicesDep,
    show: Annotated[Filter, Query()] = "all",
    layout: Annotated[Layout, Query()] = "normal",
) -> BoardPage:
    """The same board at an address of its own, which a screen on a wall can keep."""
    return board_page(viewer, services, hall, show, layout)


add_page(router, "/halls/{hall}/board", "board.html", hall_board)
