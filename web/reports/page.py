"""The report as a page that needs nothing beside itself."""

from importlib.resources import files

from markupsafe import Markup

from web.pages.rendering import environment
from web.reports.content import Words


def page(words: Words) -> bytes:
    style = Markup(files("web.reports").joinpath("report.css").read_text("utf-8"))  # noqa: S704 (our own)
    template = environment(words.language).get_template("report.html")
    return template.render(words=words, report=words.report, style=style).encode()
