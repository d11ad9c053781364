"""The signed-in person behind a request."""

from dataclasses import dataclass

from storage.models import Role
from web.permissions import Permission, allowed


@dataclass(frozen=True)
class Viewer:
    user_id: int
    name: str
    display_name: str
    role: Role
    halls: frozenset[str] | None
    """Ids of the halls in scope; None means all."""
    department_id: str | None
    language: str
    """zh, en, or empty for the browser's."""
    csrf: str

    def may(self, permission: Permission) -> bool:
        return allowed(self.role, permission)

    def may_see_hall(self, hall_id: str) -> bool:
        return self.halls is None or hall_id in self.halls
