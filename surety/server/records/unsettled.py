"""Keys that a transaction made and that may yet be rolled back: whoever remembers one must not use it then.

Otherwise something could be encrypted under a key that no row holds, and would be lost for good.
"""

from collections.abc import Callable

from django.db import connection, transaction

_unsettled: dict[str, Callable[[], None]] = {}


def note(person_id: str) -> None:
    """That the key of this person was made just now, in the caller's transaction if there is one."""

    def settle() -> None:
        if _unsettled.get(person_id) is settle:
            del _unsettled[person_id]

    _unsettled[person_id] = settle
    transaction.on_commit(settle)  # at once where there is no transaction


def rolled_back(person_id: str) -> bool:
    """Whether the key's transaction is over without a commit, or is not ours: it has to be read from the database."""
    settle = _unsettled.get(person_id)
    if settle is None or any(waiting[1] is settle for waiting in connection.run_on_commit):
        return False
    _unsettled.pop(person_id, None)
    return True
