"""`hallwatch serve`"""

import threading

from web import logs
from web import serve as serving
from web.commands.common import DEFAULT_CONFIG, ConfigOption
from web.commands.plain_errors import out
from web.composition import build_services
from web.one_instance import ONCE, only_one
from web.settings_file import read_settings


def serve(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Record, watch, link and show: run everything on this machine until Ctrl-C.

    Example: hallwatch serve --config /etc/hallwatch.toml
    """
    logs.configure("serve")
    settings = read_settings(config)
    services = build_services(settings)
    with only_one(settings.run_folder, ONCE):
        try:
            serving.make_ready(services)
        finally:
            services.database.close()
        out.print(f"Hallwatch is at {settings.web.public_url or f'http://{settings.web.listen}'}", highlight=False)
        serving.run(serving.workers(config.resolve()), threading.Event())
