"""Errors told in words. Nothing is loaded for them that the command itself does not need, until there is one."""

from typing import Any

import typer
from rich.console import Console
from typer.core import TyperGroup

out = Console()
err = Console(stderr=True)

READABLE_BY_OTHERS = "A command line can be read by others on this machine; better set the environment variable"


class UserError(Exception):
    """What the user asked for cannot be done; the message says why and what to do."""


class PlainErrors(TyperGroup):
    """Errors that users can mend are told in words; a traceback means a defect of ours."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 (Typer brings its own Click)
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            from storage.sayings import unlabelled

            error.message = unlabelled(error.message)
            raise
        except (typer.Exit, typer.Abort):
            raise
        except BrokenPipeError:
            raise  # whoever read the output has enough of it, as `| head` does: Click ends silently
        except UserError as error:
            fail(str(error))
        except Exception as error:
            from web.commands.common import in_words

            words = in_words(error)
            if words is None:
                raise
            fail(words)


def fail(message: str) -> None:
    """Prints the message and ends with exit code 1."""
    err.print(message, style="red", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(1)
