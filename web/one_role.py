"""`python -m web.one_role recorder FILE`: how `web.serve` starts a role.

Without the command line's own imports, and without looking through what is loaded for what could be thrown away, a
process is there sooner. `web.roles` turns the collector on again when all is loaded.
"""

import gc
import sys
from pathlib import Path


def main(role_name: str, config_file: str) -> None:
    gc.disable()
    from web import logs
    from web.roles import ROLE_NAMES, run_role
    from web.settings_file import read_settings

    logs.configure(role_name)
    chosen = next(name for name in ROLE_NAMES if name == role_name)
    run_role(chosen, read_settings(Path(config_file)), until_stdin_closes=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
