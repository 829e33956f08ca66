"""Which uids are one person: Pi gives a user who has revoked the app and granted it again a new
one, and tells nobody. The operator links the two, so that purchases and refunds follow the person.

An item per uid in the payments' table, so that a restore takes it back together with them: `next`
is the uid that came after this one, `previous` the one before it.
"""

from __future__ import annotations

from collections.abc import Iterator

from shared.aws.table import Table
from shared.base.errors import Conflict

PREFIX = "user#"  # no payment's id has a `#` in it
MOST_LINKS = 9  # of one person


class Links:
    def __init__(self, table: Table) -> None:
        self._table = table

    def newest(self, uid: str) -> str:
        """The person's uid of today; read consistently."""
        return [uid, *self._along("next", uid)][-1]

    def earlier(self, uid: str) -> tuple[str, ...]:
        """The person's uids before this one, the latest first."""
        return tuple(self._along("previous", uid))

    def are_one(self, before: str, uid: str) -> bool:
        """Whether the person who is `uid` now is the one who was `before`."""
        return before == uid or uid in self._along("next", before)

    def add(self, old: str, new: str) -> None:
        """The person who was `old` is `new` now; again, it changes nothing. Raises Conflict
        `not_linkable`: one of the two is linked to another uid, or both to each other."""
        later, before = [new, *self._along("next", new)], [old, *self._along("previous", old)]
        if old in later or len(later) + len(before) > MOST_LINKS + 1:
            raise Conflict(
                "not_linkable", "They would form a circle, or one user would have too many uids."
            )
        self._write(old, new, "SET #{0} = :uid", "attribute_not_exists(#{0}) OR #{0} = :uid")

    def remove(self, old: str, new: str) -> None:
        """Undo `add`. Raises Conflict `not_linkable`: these two are not linked."""
        self._write(old, new, "REMOVE #{0}", "#{0} = :uid")

    def _write(self, old: str, new: str, expression: str, only_if: str) -> None:
        """Both ends, or none."""
        reasons = self._table.transact(
            [
                self._table.updating(
                    PREFIX + uid,
                    expression.format(name),
                    {"uid": other},
                    only_if=only_if.format(name),
                )
                for uid, name, other in ((old, "next", new), (new, "previous", old))
            ]
        )
        if reasons is not None:
            raise Conflict(
                "not_linkable", "One of the two uids is linked to another uid, or to none."
            )

    def _along(self, direction: str, uid: str) -> Iterator[str]:
        for _ in range(MOST_LINKS):
            found = self._table.get(PREFIX + uid).get(direction)
            if not isinstance(found, str):
                return
            yield found
            uid = found
