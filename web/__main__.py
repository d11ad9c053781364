"""`python -m web` is `hallwatch`."""

from web.cli import app

app()
