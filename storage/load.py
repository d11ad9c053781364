"""What a process takes of its machine, for its node's row: everybody who asks the database can tell."""

from pathlib import Path

import psutil

from storage.models.columns import JsonObject


def process_load(disk: Path | None = None) -> JsonObject:
    """CPU seconds since the process began, its resident memory in bytes, and room in bytes on the disk of `disk`.

    A disk that cannot be asked is left out.
    """
    process = psutil.Process()
    with process.oneshot():
        times, memory = process.cpu_times(), process.memory_info()
    load: JsonObject = {"cpu_s": round(times.user + times.system, 2), "memory_bytes": memory.rss}
    if disk is not None:
        try:
            usage = psutil.disk_usage(str(disk))
        except OSError:
            return load
        load |= {"disk_bytes": usage.total, "disk_free_bytes": usage.free}
    return load
