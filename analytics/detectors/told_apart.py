"""What tells weights of one name apart: what they hold."""

from hashlib import sha256
from pathlib import Path


def told_apart(weights: Path) -> str:
    """Eight signs of what the file, or the files of the folder, hold: other weights often have the same name, and what
    one saw is not what the other would.
    """
    held = sha256()
    for file in sorted(weights.iterdir()) if weights.is_dir() else [weights]:
        if file.is_file():
            held.update(file.read_bytes())
    return held.hexdigest()[:8]
