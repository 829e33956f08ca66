"""What became of a record is appended, and what happened to money is never folded away."""

from hypothesis import given
from hypothesis import strategies as st

from shared.work.story import MOST_ENTRIES, Entry, Story, continued

STATES = ("requested", "created", "signed", "blocked")


def wait(why: str, at: int = 0, state: str = "created") -> Entry:
    return Entry(at, state, state, why, "send_payout", version=at + 2)


def change(was: str, state: str, at: int = 0) -> Entry:
    return Entry(at, was, state, None, "send_payout", version=at + 2)


def told(entries: list[Entry]) -> Story:
    story: Story = ()
    for entry in entries:
        story = continued(story, entry)
    return story


def test_the_same_wait_is_counted() -> None:
    story = told([wait("timeout", 1), wait("timeout", 2), wait("timeout", 5)])
    assert [(e.at, e.until, e.times, e.version) for e in story] == [(1, 5, 3, 7)]


def test_another_wait_and_a_change_are_told() -> None:
    story = told([wait("timeout", 1), wait("payouts_off", 2), change("created", "signed", 3)])
    assert [(e.why, e.state, e.times) for e in story] == [
        ("timeout", "created", 1),
        ("payouts_off", "created", 1),
        (None, "signed", 1),
    ]


def test_a_wait_after_a_change_is_another_one() -> None:
    there_and_back = [change("created", "signed", 2), change("signed", "created", 3)]
    story = told([wait("timeout", 1), *there_and_back, wait("timeout", 4)])
    assert [e.times for e in story] == [1, 1, 1, 1]


def test_the_oldest_waits_fold_first() -> None:
    waits = [wait(f"reason_{n % 2}", n) for n in range(MOST_ENTRIES + 5)]
    story = told([change("requested", "created"), *waits])
    assert len(story) == MOST_ENTRIES
    assert (story[0].state, story[1].at, story[1].times) == ("created", 0, 7)
    assert [e.at for e in story[2:]] == list(range(7, MOST_ENTRIES + 5))


entries = st.builds(
    lambda was, state, why: Entry(0, was, state, why, None, 2),
    st.sampled_from(STATES),
    st.sampled_from(STATES),
    st.sampled_from((None, "a", "b")),
)


@given(st.lists(entries, max_size=120))
def test_it_is_short_and_keeps_what_it_can(played: list[Entry]) -> None:
    story = told(played)
    assert len(story) <= MOST_ENTRIES
    if played:
        assert (story[-1].state, story[-1].why) == (played[-1].state, played[-1].why)
    changes = [e for e in played if not e.is_wait]
    if len(changes) < MOST_ENTRIES // 2:
        assert [e for e in story if not e.is_wait] == changes
        assert sum(e.times for e in story) == len(played)


def test_refunds_are_never_folded_away() -> None:
    refunds = [wait(f"refund r{n}", n, "completed") for n in range(5)]
    waits = [wait(f"reason {n}", 10 + n) for n in range(2 * MOST_ENTRIES)]
    story = told([*refunds, *waits])
    assert [entry.why for entry in story[:5]] == [f"refund r{n}" for n in range(5)]
    assert len(story) == MOST_ENTRIES
