"""Who is calling is what Pi says about the token, asked at most once a minute."""

from collections.abc import Iterator
from concurrent.futures import Executor
from threading import Event

import pytest

from shared.base.errors import PiInvalidResponse, PiUnavailable, TokenRefused
from shared.base.secret import Secret
from shared.base.threads import Threads
from shared.pi.objects import UserDto
from shared.users.seen_tokens import SeenTokens
from shared.users.verify import Users
from tests.unit.pi_in_process import PiInProcess

WRONG = Secret("no-such-token")


def users(pi: PiInProcess, app_id: str | None = None) -> Users:
    return Users(pi.client(), SeenTokens(), app_id)


def test_pi_says_who_it_is(pi: PiInProcess) -> None:
    uid, token = pi.sign_in()
    assert users(pi).verify(token).uid == uid


@pytest.mark.parametrize("token", [None, WRONG])
def test_no_token_or_a_wrong_one_is_refused(pi: PiInProcess, token: Secret | None) -> None:
    with pytest.raises(TokenRefused) as refused:
        users(pi).recognise(token)
    assert refused.value.code == "invalid_token"
    assert len(pi.calls) == (0 if token is None else 1)


def test_with_an_app_configured_tokens_of_others_are_refused(pi: PiInProcess) -> None:
    pi.state.registry.add_app("other-app", "other-key")
    _, ours = pi.sign_in()
    _, theirs = pi.sign_in(app_id="other-app")
    configured = users(pi, app_id="demo-app")
    configured.verify(ours)
    for _ in range(2):  # and not remembered as a good one
        with pytest.raises(TokenRefused) as refused:
            configured.recognise(theirs)
        assert refused.value.code == "wrong_app"
    assert configured.recognise_if_valid(theirs) is None


def test_with_an_app_configured_a_token_of_no_app_is_refused(pi: PiInProcess) -> None:
    """Whether Pi names the app of a token of `Pi.signIn` is not known."""
    _, token = pi.sign_in()
    for shown in ({}, {"app_id": None}):
        pi.fault(status=200, body={"uid": "uid-1", **shown})
        with pytest.raises(TokenRefused) as refused:
            users(pi, app_id="demo-app").recognise(token)
        assert refused.value.code == "missing_app_id"
        assert "Pi.authenticate" in refused.value.message
    pi.fault(status=200, body={"uid": "uid-1"})
    assert users(pi).verify(token).uid == "uid-1"


def test_without_one_every_app_counts(pi: PiInProcess) -> None:
    pi.state.registry.add_app("other-app", "other-key")
    uid, theirs = pi.sign_in(app_id="other-app")
    assert users(pi).verify(theirs).uid == uid


def test_a_token_seen_within_a_minute_is_not_asked_about_again(pi: PiInProcess) -> None:
    uid, token = pi.sign_in()
    asked = users(pi)
    assert asked.recognise(token).uid == uid
    pi.clock.sleep(59)
    assert pi.clock.invocation(15, asked.recognise, token).uid == uid
    assert len(pi.calls) == 1
    pi.clock.sleep(1)
    pi.clock.invocation(15, asked.recognise, token)
    assert len(pi.calls) == 2


def test_verifying_asks_every_time(pi: PiInProcess) -> None:
    _, token = pi.sign_in()
    asked = users(pi)
    asked.verify(token)
    asked.verify(token)
    assert len(pi.calls) == 2


def test_an_expired_token_is_noticed_after_a_minute(pi: PiInProcess) -> None:
    uid, token = pi.sign_in()
    asked = users(pi)
    asked.recognise(token)
    pi.state.registry.expire_tokens(uid)
    pi.clock.sleep(60)
    with pytest.raises(TokenRefused):
        pi.clock.invocation(15, asked.recognise, token)


@pytest.mark.parametrize("token", [None, WRONG])
def test_a_wrong_optional_token_counts_as_none(pi: PiInProcess, token: Secret | None) -> None:
    assert users(pi).recognise_if_valid(token) is None


def test_but_a_pi_out_of_order_does_not_make_a_caller_anonymous(pi: PiInProcess) -> None:
    _, token = pi.sign_in()
    pi.fault("/v2/me", status=500, times=None)
    with pytest.raises(PiUnavailable):
        users(pi).recognise_if_valid(token)
    pi.heal()
    pi.fault("/v2/me", status=200, body="{}", content_type="application/json")
    with pytest.raises(PiInvalidResponse):
        users(pi).recognise_if_valid(token)


@pytest.fixture
def executor() -> Iterator[Executor]:
    with Threads(max_workers=1) as threads:
        yield threads


def test_two_questions_are_asked_at_once(pi: PiInProcess, executor: Executor) -> None:
    uid, token = pi.sign_in()
    user, answer = users(pi).recognise_while(token, executor, lambda: "answer")
    assert (user.uid, answer) == (uid, "answer")


def test_without_a_token_nothing_is_asked(pi: PiInProcess, executor: Executor) -> None:
    asked: list[str] = []
    with pytest.raises(TokenRefused):
        users(pi).recognise_while(None, executor, lambda: asked.append("question"))
    assert (asked, pi.calls) == ([], [])


def test_the_tokens_error_comes_first_and_ends_it(pi: PiInProcess, executor: Executor) -> None:
    """Also where the question takes longer than Pi's answer about the token."""
    ended: list[str] = []
    slow = Event()

    def question() -> None:
        slow.wait(0.2)
        ended.append("question")
        raise PiInvalidResponse

    with pytest.raises(TokenRefused):
        users(pi).recognise_while(WRONG, executor, question)
    assert ended == ["question"]


ALICE = UserDto("uid-1", "alice", None, (), None)
BOB = UserDto("uid-2", "bob", None, (), None)


def test_tokens_are_told_apart() -> None:
    seen = SeenTokens()
    seen.remember(Secret("a"), ALICE)
    seen.remember(Secret("b"), BOB)
    assert (seen.user(Secret("a")), seen.user(Secret("b"))) == (ALICE, BOB)
    assert seen.user(Secret("c")) is None


def test_promise_6_a_memory_of_tokens_holds_no_token() -> None:
    seen = SeenTokens()
    seen.remember(Secret("canary"), ALICE)
    assert "canary" not in repr((vars(seen), vars(seen._users)))
