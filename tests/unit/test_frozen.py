"""What is made at a fifth of the price is what `dataclass(frozen=True, slots=True)` makes."""

import copy
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace
from typing import Any

import pytest

from shared.base.amount import Amount
from shared.base.frozen import frozen
from shared.stellar.objects import Transfer

Make = Callable[..., Any]
KINDS: list[Make] = [frozen, dataclass(frozen=True, slots=True)]


@pytest.fixture(params=KINDS, ids=["ours", "dataclass"])
def make(request: pytest.FixtureRequest) -> Make:
    kind: Make = request.param
    return kind


def sample(make: Make) -> Any:
    @make
    class Sample:
        number: int
        secret: str = field(default="", repr=False)
        names: list[str] = field(default_factory=list, metadata={"stored_as": "n"})

    return Sample


def test_its_values_by_place_by_name_and_by_default(make: Make) -> None:
    kind = sample(make)
    one, other = kind(1, "s", ["a"]), kind(number=1)
    assert (one.number, one.secret, one.names) == (1, "s", ["a"])
    assert (other.secret, other.names) == ("", [])
    assert other.names is not kind(2).names
    for wrong in ((), (1, 2, 3, 4)):
        with pytest.raises(TypeError):
            kind(*wrong)


def test_it_cannot_be_changed(make: Make) -> None:
    one = sample(make)(1)
    with pytest.raises(FrozenInstanceError):
        one.number = 2
    with pytest.raises(FrozenInstanceError):
        del one.number
    with pytest.raises((FrozenInstanceError, TypeError)):
        one.other = 1
    assert not hasattr(one, "__dict__")
    assert one.number == 1


def test_it_is_its_values(make: Make) -> None:
    kind, twin = sample(make), sample(make)
    assert kind(1, "s") == kind(1, "s") != kind(1, "t")
    assert kind(1) != twin(1)
    assert kind(1) != 1
    assert hash(make_point(make)(1, 2)) == hash(make_point(make)(1, 2))


def make_point(make: Make) -> Any:
    @make
    class Point:
        x: int
        y: int

        def __repr__(self) -> str:
            return "here"

    return Point


def test_it_can_be_copied(make: Make) -> None:
    one = sample(make)(1, "s", ["a"])
    shallow, deep = copy.copy(one), copy.deepcopy(one)
    assert shallow == deep == one
    assert shallow.names is one.names is not deep.names


def test_it_can_be_kept_in_a_file() -> None:
    one = Transfer("from", "to", Amount.of("3.14"))
    assert pickle.loads(pickle.dumps(one)) == one


def test_what_is_secret_is_not_shown(make: Make) -> None:
    assert repr(sample(make)(1, "s")).endswith("Sample(number=1, names=[])")
    assert repr(make_point(make)(1, 2)) == "here"


def test_it_is_a_dataclass(make: Make) -> None:
    kind = sample(make)
    assert [one.name for one in fields(kind)] == ["number", "secret", "names"]
    assert fields(kind)[2].metadata == {"stored_as": "n"}
    changed = replace(kind(1, "s"), number=2)
    assert (changed.number, changed.secret) == (2, "s")
    assert make_point(make).__match_args__ == ("x", "y")


def test_one_that_inherits_and_goes_by_names() -> None:
    @frozen(kw_only=True)
    class Parts:
        pi: int
        patience: int | None = None

    @frozen(kw_only=True)
    class More(Parts):
        users: int

    more = More(pi=1, users=2)
    assert (more.pi, more.patience, more.users) == (1, None, 2)
    assert more == More(pi=1, users=2) != Parts(pi=1)
    with pytest.raises(TypeError):
        More(1, 2)  # type: ignore[call-arg]
