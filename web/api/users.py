"""User accounts: for administrators."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import AfterValidator, Field, SecretStr
from sqlmodel import Session, col, select

from storage.models import Role, User
from storage.sayings import Saying
from web import accounts, passwords, sessions
from web.accounts import AccountProblem, NewUser
from web.api.administration import AdminDesk
from web.declared_values import Id, Name, OptionalName, Strict
from web.errors import Conflict, NotFound, Unprocessable
from web.field_problems import FieldProblem
from web.passwords import PasswordProblem

router = APIRouter(prefix="/api/v1", tags=["users"])


class UserSettings(Strict):
    """What an administrator may change. `halls` is ignored where `all_halls` is set; admins see every hall."""

    display_name: OptionalName = ""
    role: Role
    halls: frozenset[Id] = frozenset()
    all_halls: bool = False
    department: Id | None = None
    active: bool = True


def _strong_or_empty(password: SecretStr) -> SecretStr:
    if password:
        passwords.check_strength(password.get_secret_value())
    return password


ChosenPassword = Annotated[SecretStr, AfterValidator(_strong_or_empty)]
"""Empty: one is made and shown once in the answer."""


class UserToCreate(UserSettings):
    name: Annotated[Name, AfterValidator(accounts.checked_name), Field(description=accounts.NAME_RULE)]
    password: ChosenPassword = SecretStr("")


class UserShown(UserSettings):
    name: str
    language: str


class UserCreated(UserShown):
    password: str
    """Shown this once; empty if the administrator chose it."""


class NewPassword(Strict):
    password: ChosenPassword = SecretStr("")


class PasswordShown(Strict):
    password: str


@router.get("/users")
def list_users(desk: AdminDesk) -> list[UserShown]:
    with desk.reading() as session:
        return [shown(session, user) for user in session.exec(select(User).order_by(col(User.name)))]


@router.post("/users", status_code=201)
def create_user(desk: AdminDesk, new: UserToCreate) -> UserCreated:
    given = new.password.get_secret_value()
    password = given or passwords.generate()
    with desk.changing(f"user:{new.name}") as session:
        try:
            user = accounts.create_user(session, _account(new, password), desk.services.clock())
        except (AccountProblem, PasswordProblem) as problem:
            raise _unprocessable(problem) from None
        accounts.set_active(session, user, new.active)
        return UserCreated(**dict(shown(session, user)), password="" if given else password)


def _account(new: UserToCreate, password: str) -> NewUser:
    return NewUser(
        name=new.name,
        password=password,
        role=new.role,
        display_name=new.display_name,
        halls=new.halls,
        all_halls=new.all_halls,
        department_id=new.department,
    )


@router.put("/users/{name}")
def change_user(desk: AdminDesk, name: str, changed: UserSettings) -> UserShown:
    """Ends the user's sessions at another role or when disabled; halls are read anew with each request."""
    with desk.changing(f"user:{name}") as session:
        user = _find(session, name)
        if user.id == desk.viewer.user_id and (changed.role is not Role.ADMIN or not changed.active):
            raise Conflict(Saying("You cannot take your own administration away; ask another administrator."))
        _change(session, user, changed)
        return shown(session, user)


def _change(session: Session, user: User, changed: UserSettings) -> None:
    if user.role is not changed.role and user.id is not None:
        sessions.close_all(session, user.id)
    user.role = changed.role
    user.display_name = changed.display_name
    try:
        accounts.set_scope(
            session, user, halls=changed.halls, all_halls=changed.all_halls, department_id=changed.department
        )
        accounts.set_active(session, user, changed.active)
    except AccountProblem as problem:
        raise _unprocessable(problem) from None


@router.post("/users/{name}/password")
def set_password(desk: AdminDesk, name: str, new: NewPassword) -> PasswordShown:
    """Signs the user out everywhere. An empty password makes one and shows it this once."""
    given = new.password.get_secret_value()
    password = given or passwords.generate()
    with desk.changing(f"user:{name}:password") as session:
        try:
            accounts.set_password(session, _find(session, name), password)
        except PasswordProblem as problem:
            raise _unprocessable(problem) from None
    return PasswordShown(password="" if given else password)


def _find(session: Session, name: str) -> User:
    user = accounts.find_user(session, name)
    if user is None:
        raise NotFound
    return user


def _unprocessable(problem: AccountProblem | PasswordProblem) -> Unprocessable:
    field = "password" if isinstance(problem, PasswordProblem) else problem.field
    return Unprocessable(fields=[FieldProblem(field, problem.saying)])


def shown(session: Session, user: User) -> UserShown:
    return UserShown(
        name=user.name,
        display_name=user.display_name,
        role=user.role,
        halls=frozenset(accounts.halls_of(session, user)),
        all_halls=user.all_halls,
        department=user.department_id,
        active=user.active,
        language=user.language,
    )
