"""How fast a camera's own clock runs against its media time, by its sender reports."""

VOUCHED_PPM = 10_000
"""Reports that say that media time is right to within this vouch for it."""
_LEAST_BETWEEN_US = 1_000_000
_ROUNDING_US = 3


class ReportRate:
    """Of one connection, between two leaps of its timestamps. Microseconds."""

    def __init__(self) -> None:
        self._base: int | None = None
        self._since = 0
        self._before: tuple[int, int] | None = None
        self._reports = 0

    def observe(self, media_us: int, base_us: int, reports: int = 0) -> None:
        """`base_us`: camera clock minus media time by the newest of so many reports; mostly a new one changes it."""
        is_new, self._reports = reports > self._reports, reports
        if self._base is not None:
            if abs(base_us - self._base) < _ROUNDING_US and not is_new:
                return
            self._before = (self._since, self._base)
        self._base, self._since = base_us, media_us

    @property
    def rate_ppm(self) -> int | None:
        """By how much a second of media time is longer than one of the camera's clock; None until two reports tell."""
        if self._base is None or self._before is None or self._since - self._before[0] < _LEAST_BETWEEN_US:
            return None
        return (self._base - self._before[1]) * 1_000_000 // (self._since - self._before[0])
