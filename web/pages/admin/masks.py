"""Privacy masks."""

from collections.abc import Sequence

from starlette.datastructures import FormData

from web.api import masks as api
from web.api.administration import Desk
from web.declarations import MaskDeclaration
from web.errors import NotFound
from web.i18n import gettext_marker as _
from web.pages.admin.forms import Field, Row, Saved, text
from web.pages.admin.views import (
    SEPARATOR,
    camera_options,
    camera_zones,
    read_corners,
    sent_moment,
    shown_moment,
    typed_moment,
    written,
)


class Masks:
    name = "masks"
    title = _("Privacy masks")
    one = _("Privacy mask")
    about = _(
        "A privacy mask hides a part of a camera's picture in everything that is made of its video. "
        "The recording itself stays whole: who has the permission sees what is under a mask, for a stated purpose "
        "that is written down. Nobody under a mask is counted."
    )
    columns = (_("Camera"), _("What it hides"), _("From"), _("Until"))
    camera_picture = True

    def rows(self, desk: Desk) -> Sequence[Row]:
        """Those that are over come last."""
        zones, now = camera_zones(desk), desk.services.clock()
        cameras = dict(camera_options(desk))

        def is_over(mask: api.MaskShown) -> bool:
            return mask.valid_to is not None and mask.valid_to <= now

        return [
            Row(
                f"{mask.camera}{SEPARATOR}{mask.mask_id}",
                (cameras[mask.camera], mask.reason, shown_moment(mask.valid_from, zones.get(mask.camera)),
                 shown_moment(mask.valid_to, zones.get(mask.camera))),
                muted=is_over(mask) or (mask.valid_from is not None and mask.valid_from > now),
            )
            for mask in sorted(api.list_masks(desk, ended=True), key=is_over)
        ]  # fmt: skip

    def fields(self, desk: Desk, key: str) -> tuple[Field, ...]:
        found = _mask(desk, key)
        zone = camera_zones(desk).get(found.camera) if found else None
        return (
            Field("camera", _("Camera"), "choice", found.camera if found else "", options=camera_options(desk),
                  required=True, fixed=bool(key)),
            Field("polygon", _("Privacy mask"), "zone", written(found.polygon if found else []), required=True,
                  hint=_("Corners [x, y] from the top left, 0 to 1.")),
            Field("reason", _("What it hides, and why"), value=found.reason if found else "", required=True,
                  example=_("Screen of the neighbouring office")),
            Field("valid_from", _("Valid from"), "datetime-local",
                  hint=_("Time of the hall. Empty: a new mask hides in all footage there is, "
                         "changed corners hold from now on.")),
            Field("valid_to", _("Valid until"), "datetime-local",
                  value=typed_moment(found.valid_to, zone) if found else "", hint=_("Empty: for good.")),
        )  # fmt: skip

    def save(self, desk: Desk, form: FormData, key: str) -> Saved:
        before = _mask(desk, key)
        camera = before.camera if before else text(form, "camera")
        zone = camera_zones(desk).get(camera)
        declared = MaskDeclaration(
            camera=camera,
            polygon=read_corners(form, "polygon"),
            reason=text(form, "reason"),
            valid_from=sent_moment(form, "valid_from", zone),
            valid_to=sent_moment(form, "valid_to", zone),
        )
        if before:
            api.put_mask(desk, before.mask_id, declared)
        else:
            api.add_mask(desk, declared)
        return Saved()

    def remove(self, desk: Desk, key: str) -> None:
        found = _mask(desk, key)
        if found is None:
            raise NotFound
        api.end_mask(desk, found.mask_id)


def _mask(desk: Desk, key: str) -> api.MaskShown | None:
    """Raises NotFound for a key that names none."""
    mask_id = key.rpartition(SEPARATOR)[2]
    found = next((mask for mask in api.list_masks(desk, ended=True) if str(mask.mask_id) == mask_id), None)
    if key and found is None:
        raise NotFound
    return found
