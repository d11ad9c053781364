"""Whether the store does what footage needs of it: keeps bytes, and keeps what is locked."""

from dataclasses import dataclass

from storage.models import StoreVerdict
from storage.objects import ObjectStore, StoreError


@dataclass(frozen=True, slots=True)
class StoreFinding:
    verdict: StoreVerdict
    detail: str = ""
    """Why it failed."""

    @property
    def ok(self) -> bool:
        return is_safe(self.verdict)


def is_safe(verdict: StoreVerdict) -> bool:
    """A store that cannot lock says so, and is none the worse for it."""
    return verdict in (StoreVerdict.LOCK_HELD, StoreVerdict.NO_LOCK)


def examine_store(store: ObjectStore) -> StoreFinding:
    """Takes as long as the store does; raises nothing."""
    try:
        store.check()
        if not store.can_lock():
            return StoreFinding(StoreVerdict.NO_LOCK)
        return StoreFinding(StoreVerdict.LOCK_HELD if store.lock_withstands() else StoreVerdict.LOCK_BROKEN)
    except StoreError as error:
        return StoreFinding(StoreVerdict.FAILED, str(error))
