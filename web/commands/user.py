"""`hallwatch user`"""

from typing import Annotated

import typer
from sqlmodel import Session, col, select

from storage.models import Role, User
from web import accounts, passwords
from web.accounts import NewUser
from web.commands.common import DEFAULT_CONFIG, ConfigOption, opened, warn
from web.commands.listing import listing
from web.commands.plain_errors import READABLE_BY_OTHERS, UserError, out

app = typer.Typer(
    no_args_is_help=True,
    help="People who may sign in.\n\nExample: hallwatch user add li.wei --role supervisor --hall cc",
)

NameArgument = Annotated[str, typer.Argument(help="Sign-in name.")]
PasswordOption = Annotated[
    str,
    typer.Option(
        envvar="HALLWATCH_PASSWORD",
        help=f"Empty: one is made and shown this once. {READABLE_BY_OTHERS} HALLWATCH_PASSWORD.",
        show_default=False,
    ),
]


@app.command("add")
def add(
    name: NameArgument,
    role: Annotated[Role, typer.Option(help="What the user may do.")],
    hall: Annotated[list[str] | None, typer.Option(help="A hall the user may see; repeat for more.")] = None,
    all_halls: Annotated[bool, typer.Option("--all-halls", help="The user may see every hall.")] = False,
    department: Annotated[str, typer.Option(help="For the role department.")] = "",
    display_name: Annotated[str, typer.Option(help="Name as others read it.")] = "",
    password: PasswordOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Make a user.

    Example: hallwatch user add li.wei --role supervisor --hall cc
    """
    chosen = password or passwords.generate()
    new = NewUser(
        name=name,
        password=chosen,
        role=role,
        display_name=display_name,
        halls=frozenset(hall or ()),
        all_halls=all_halls,
        department_id=department or None,
    )
    with opened(config) as services, services.database.transaction() as session:
        accounts.create_user(session, new, services.clock())
    out.print(f"Made the user [bold]{name}[/].", highlight=False)
    _show_made(password, chosen)
    if accounts.sees_nothing(role=role, halls=new.halls, all_halls=all_halls):
        warn(f"{name} sees nothing yet, because no hall is named: choose halls on the page Administration, Users.")


@app.command("list")
def show(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """List all users.

    Example: hallwatch user list
    """
    with opened(config) as services, services.database.transaction() as session:
        rows = [_row(session, user) for user in session.exec(select(User).order_by(col(User.name)))]
    out.print(listing(out, ("name", "role", "halls", "department", "active"), rows))


def _row(session: Session, user: User) -> tuple[str, ...]:
    everywhere = user.all_halls or user.role is Role.ADMIN
    halls = "all" if everywhere else ", ".join(accounts.halls_of(session, user))
    return user.name, user.role.value, halls, user.department_id or "", "yes" if user.active else "no"


@app.command("password")
def password(name: NameArgument, password: PasswordOption = "", config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Give a user a new password and end their sessions.

    Example: hallwatch user password li.wei
    """
    chosen = password or passwords.generate()
    with opened(config) as services, services.database.transaction() as session:
        accounts.set_password(session, _find(session, name), chosen)
    out.print(f"{name} has a new password and is signed out everywhere.", highlight=False)
    _show_made(password, chosen)


@app.command("disable")
def disable(name: NameArgument, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Keep a user from signing in, and sign them out; what they did stays in the access log.

    Example: hallwatch user disable li.wei
    """
    with opened(config) as services, services.database.transaction() as session:
        accounts.set_active(session, _find(session, name), active=False)
    out.print(f"{name} is disabled.", highlight=False)


@app.command("enable")
def enable(name: NameArgument, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Let a disabled user sign in again.

    Example: hallwatch user enable li.wei
    """
    with opened(config) as services, services.database.transaction() as session:
        accounts.set_active(session, _find(session, name), active=True)
    out.print(f"{name} may sign in again.", highlight=False)


def _find(session: Session, name: str) -> User:
    user = accounts.find_user(session, name)
    if user is None:
        raise UserError(f"There is no user {name!r}; `hallwatch user list` shows all.")
    return user


def _show_made(given: str, chosen: str) -> None:
    if not given:
        out.print(f"The password is [bold]{chosen}[/] (shown this once).", highlight=False)
