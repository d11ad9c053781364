"""Processor time to read a step from a table or an event log, with and without a mapping; nothing is written.

python -m bench.mapped_tables --rows 20000
"""

import argparse
import io
import time
from collections.abc import Callable, Iterable

from ingest.approvals.formats import Numbered, read_csv
from ingest.approvals.mapping import Mapping, MappingFile
from ingest.approvals.plain import plain
from ingest.approvals.row import RowError
from ingest.approvals.xes import read_xes

FIELDS = {
    "case": "办件编号",
    "step": "环节编号",
    "name": "环节",
    "operator": "经办人",
    "counter": "窗口",
    "start": "开始",
    "end": "结束",
    "applicant": "申请人",
}
START, END = "2026-03-02T09:14:05+08:00", "2026-03-02T09:21:40+08:00"
TIMES = 3
"""The best of so many readings counts."""


def mapping(written_as: str, **fields: str) -> Mapping:
    said = {
        "fields": fields or FIELDS,
        "constants": {"item": "JZ-0103", "department": "market"},
        "time": {"format": written_as, "zone": "Asia/Shanghai"},
        "kinds": {"column": "环节", "values": {"受理": "accept"}},
    }
    return Mapping(MappingFile.model_validate(said))


def table(count: int, header: Iterable[str], kind: str, start: str, end: str) -> bytes:
    lines = (
        f"2026-{n // 6:06},S{n},{kind},操作员{n % 40},{n % 20},{start},{end},王芳,JZ-0103,market\n"
        for n in range(count)
    )
    return (",".join((*header, "item", "department")) + "\n" + "".join(lines)).encode()


def log(count: int) -> bytes:
    event = (
        '<event><string key="环节" value="受理"/><string key="环节编号" value="S{}"/>'
        '<string key="经办人" value="李敏"/>'
        f'<date key="开始" value="{START}"/><date key="结束" value="{END}"/></event>'
    )
    traces = (
        f'<trace><string key="concept:name" value="C{first}"/>{"".join(map(event.format, range(first, first + 6)))}'
        "</trace>"
        for first in range(0, count, 6)
    )
    return f"<log>{''.join(traces)}</log>".encode()


def measure(what: str, read: Callable[[], Iterable[Numbered]]) -> None:
    """What a step says is part of it: that is kept."""
    best, rows = float("inf"), 0
    for _ in range(TIMES):
        began = time.process_time()
        rows = sum(1 for _line, row in read() if not isinstance(row, RowError) and plain(row).said)
        best = min(best, time.process_time() - began)
    print(f"| {what} | {rows:,} | {best / rows * 1e6:.0f} µs |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    count = parser.parse_args().rows
    own = table(count, ("case", "step", "kind", *list(FIELDS)[3:]), "accept", START, END)
    iso = table(count, FIELDS.values(), "受理", START, END)
    local = table(count, FIELDS.values(), "受理", "2026/03/02 09:14", "2026/03/02 09:21")
    xes = log(count)
    in_log = {name: column for name, column in FIELDS.items() if name in ("step", "name", "operator", "start", "end")}
    of_log = mapping("iso", case="case:concept:name", **in_log)
    print("| read | rows | CPU a row |\n|---|---:|---:|")
    measure("CSV in the words of the standard", lambda: read_csv(io.BytesIO(own)))
    measure("CSV with a mapping, times in ISO 8601", lambda: read_csv(io.BytesIO(iso), mapping("iso")))
    local_mapping = mapping("%Y/%m/%d %H:%M")
    measure("CSV with a mapping, times in a format", lambda: read_csv(io.BytesIO(local), local_mapping))
    measure("XES", lambda: read_xes(io.BytesIO(xes), of_log))


if __name__ == "__main__":
    main()
