"""What must hold at every moment, whoever has died where."""

from collections import Counter

from shared.notifications.record import OUTCOMES, BatchRecord, BatchState
from tests.world import World


def check(world: World) -> None:
    """Each user at most once per notification, each in one list, and what is said is true."""
    got = Counter((one.title, one.user_uid) for one in world.pi.notifications)
    assert all(times == 1 for times in got.values()), "notified twice"
    for batch in world.all_batches():
        _check_batch(batch, {uid for title, uid in got if title == batch.text.title})


def check_at_rest(world: World) -> None:
    """And nothing is left to do."""
    check(world)
    check_told(world)
    assert world.wake_ups.messages == world.wake_ups.dead_letters == []
    assert world.metrics.counted["UnexpectedError"] == 0


def check_told(world: World) -> None:
    """What became of each user is known, or known to be unclear; and it was told of."""
    for batch in world.all_batches():
        assert (batch.state, batch.pending, batch.due_at) == (BatchState.CLOSED, (), None)
        told = {outcome: list(getattr(batch, outcome)) for outcome in OUTCOMES}
        assert world.told(batch.batch_id) == {name: uids for name, uids in told.items() if uids}


def _check_batch(batch: BatchRecord, got: set[str]) -> None:
    lists = [batch.pending, *(getattr(batch, outcome) for outcome in OUTCOMES)]
    users = [uid for some in lists for uid in some]
    assert len(users) == len(set(users)) <= 256
    assert set(batch.delivered) <= got
    assert not got & {*batch.not_consented, *batch.over_quota, *batch.refused}
    if batch.state is BatchState.PENDING:
        assert not got & set(batch.pending)
    # Unfinished work is always due: nothing depends on the caller's coming back.
    assert batch.due_at is not None or batch.state is BatchState.CLOSED
