"""User accounts."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session, col, delete, select

from storage.models import Department, Hall, Role, Scope, User
from storage.sayings import Saying
from web import passwords, sessions
from web.i18n import gettext_marker as _

_LONGEST_NAME = 64
_NAME = re.compile(r"[^\W_][\w.@-]*")
"""Letters of any script: people in Chinese halls may be called by their names, others by their mail address."""
NAME_RULE = Saying(
    "A sign-in name has at most %(most)s letters, digits and . _ - @, no blanks, and begins with a letter or digit.",
    most=_LONGEST_NAME,
)
_ONLY_CASE = _("There is a user “%(name)s” already; names have to differ by more than capital letters.")
_LAST_ADMIN = Saying("This is the last administrator who may sign in; make or enable another one first.")


class AccountProblem(ValueError):
    """The account cannot be made or changed like this."""

    def __init__(self, field: str, saying: Saying) -> None:
        super().__init__(saying)
        self.field = field
        self.saying = saying


@dataclass(frozen=True)
class NewUser:
    name: str
    password: str
    role: Role
    display_name: str = ""
    halls: frozenset[str] = field(default_factory=frozenset)
    all_halls: bool = False
    department_id: str | None = None
    language: str = ""


def checked_name(name: str) -> str:
    """The name, if somebody can sign in with it. Raises AccountProblem."""
    if not name:
        raise AccountProblem("name", Saying("A user needs a name to sign in with."))
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        raise AccountProblem("name", NAME_RULE)
    return name


def create_user(session: Session, new: NewUser, now: datetime) -> User:
    """Raises AccountProblem or PasswordProblem."""
    checked_name(new.name)
    _check_differs(session, new.name)
    user = User(
        name=new.name,
        display_name=new.display_name,
        password_hash=passwords.hash_password(new.password),
        role=new.role,
        language=new.language,
        created_at=now,
    )
    set_scope(session, user, halls=new.halls, all_halls=new.all_halls, department_id=new.department_id)
    return user


def _check_differs(session: Session, name: str) -> None:
    """People take Admin and admin for one."""
    for known in session.exec(select(User.name)):
        if known == name:
            raise AccountProblem("name", Saying("There is a user “%(name)s” already.", name=known))
        if known.casefold() == name.casefold():
            raise AccountProblem("name", Saying(_ONLY_CASE, name=known))


def set_scope(
    session: Session, user: User, *, halls: frozenset[str], all_halls: bool, department_id: str | None
) -> None:
    """Raises AccountProblem when a hall or the department does not exist or is missing."""
    if user.role is Role.DEPARTMENT and not department_id:
        raise AccountProblem("department", Saying("A user of the role Department needs a department."))
    if department_id and session.get(Department, department_id) is None:
        raise AccountProblem("department", Saying("There is no department “%(id)s”.", id=department_id))
    for hall_id in sorted(halls):
        if session.get(Hall, hall_id) is None:
            raise AccountProblem("halls", Saying("There is no hall “%(id)s”.", id=hall_id))
    user.all_halls = all_halls
    user.department_id = department_id
    session.add(user)
    session.flush()
    assert user.id is not None
    session.exec(delete(Scope).where(col(Scope.user_id) == user.id))
    session.add_all(Scope(user_id=user.id, hall_id=hall_id) for hall_id in sorted(halls))
    session.flush()


def set_password(session: Session, user: User, password: str) -> None:
    """Ends every session of the user. Raises PasswordProblem."""
    user.password_hash = passwords.hash_password(password)
    session.add(user)
    assert user.id is not None
    sessions.close_all(session, user.id)


def set_active(session: Session, user: User, active: bool) -> None:
    """A disabled user is signed out everywhere. Raises AccountProblem for the last administrator."""
    if not active and user.active and user.role is Role.ADMIN and not _has_other_admin(session, user):
        raise AccountProblem("active", _LAST_ADMIN)
    user.active = active
    session.add(user)
    assert user.id is not None
    if not active:
        sessions.close_all(session, user.id)


def find_user(session: Session, name: str) -> User | None:
    return session.exec(select(User).where(User.name == name)).first()


def halls_of(session: Session, user: User) -> list[str]:
    return sorted(session.exec(select(Scope.hall_id).where(Scope.user_id == user.id)))


def authenticate(session: Session, name: str, password: str) -> User | None:
    """The active user with this name and password."""
    user = find_user(session, name)
    if not passwords.verify(user.password_hash if user else None, password) or user is None or not user.active:
        return None
    if passwords.needs_rehash(user.password_hash):
        user.password_hash = passwords.hash_password(password)
        session.add(user)
    return user


def set_language(session: Session, user_id: int, language: str) -> None:
    user = session.get(User, user_id)
    if user:
        user.language = language
        session.add(user)


def has_admin(session: Session) -> bool:
    return session.exec(_ADMINS).first() is not None


def _has_other_admin(session: Session, user: User) -> bool:
    return session.exec(_ADMINS.where(User.id != user.id)).first() is not None


_ADMINS = select(User.id).where(User.role == Role.ADMIN, col(User.active).is_(True))


def sees_nothing(*, role: Role, halls: Collection[str], all_halls: bool) -> bool:
    """Whether a user of this scope would be shown no hall at all."""
    return not (halls or all_halls or role is Role.ADMIN)
