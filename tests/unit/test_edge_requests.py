"""Promise 7: whatever is sent, it is read as what it plainly says or answered with a clear 400."""

from decimal import Decimal
from typing import Any

import pytest

from shared.base.errors import BadRequest
from shared.base.secret import Secret
from shared.edge.http import LARGEST_BODY, Request
from tests.unit.lambda_events import event


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("{}", {}),
        (b"{}", {}),
        ('{"paymentId": "p", "error": {}}', {"paymentId": "p", "error": {}}),
        ('{"a": 1e-7, "b": 7}', {"a": Decimal("1e-7"), "b": 7}),
        ('{"ä": "\N{PIE}"}', {"ä": "\N{PIE}"}),
        ('{"ä": "\N{PIE}"}'.encode(), {"ä": "\N{PIE}"}),
        (' \n{"transactionId": null}\n', {"transactionId": None}),
    ],
)
def test_a_json_object_is_read(body: str | bytes, expected: dict[str, Any]) -> None:
    assert Request(event(body)).body() == expected


@pytest.mark.parametrize(
    "body",
    [
        None,
        "",
        "null",
        "[]",
        '"text"',
        "7",
        "{",
        "{'a': 1}",
        "paymentId=p",
        '{"a": 1} {"b": 2}',
        '{"a": NaN}',
        '{"a": Infinity}',
        '{"a": -Infinity}',
        '{"paymentId": "a", "paymentId": "b"}',
        '{"payment": {"identifier": "a", "identifier": "b"}}',
        '{"a": ' + "9" * 5000 + "}",
        '{"a": 1e99999999999999999999}',
        '{"a": 1.5e-99999999999999999999}',
        '{"a":' * 10_000 + "1" + "}" * 10_000,
        "[" * 60_000,
        '{"a": "\ud800"}',
        b"\xff\xfe\x00",
        b"\x80abc",
        b"",
    ],
    ids=range(24),
)
def test_anything_else_is_an_invalid_body(body: str | bytes | None) -> None:
    with pytest.raises(BadRequest) as refused:
        Request(event(body)).body()
    assert refused.value.code == "invalid_body"


@pytest.mark.parametrize("text", ["not base64!", "e30", "e30=\n", "=", "ä"])
def test_a_body_that_is_not_the_base64_it_claims_to_be_is_invalid(text: str) -> None:
    with pytest.raises(BadRequest) as refused:
        Request(event() | {"body": text, "isBase64Encoded": True}).body()
    assert refused.value.code == "invalid_body"


def padded(size: int) -> bytes:
    return b'{"a": "' + b"x" * (size - 9) + b'"}'


@pytest.mark.parametrize("is_binary", [True, False])
@pytest.mark.parametrize(
    ("size", "fits"), [(LARGEST_BODY, True), (LARGEST_BODY + 1, False), (1_000_000, False)]
)
def test_64_kilobytes_are_enough(size: int, fits: bool, is_binary: bool) -> None:
    body = padded(size)
    request = Request(event(body if is_binary else body.decode()))
    if fits:
        assert len(request.body()["a"]) == size - 9
        return
    with pytest.raises(BadRequest) as refused:
        request.body()
    assert refused.value.code == "body_too_large"


def test_bytes_count_not_characters() -> None:
    with pytest.raises(BadRequest) as refused:
        Request(event('{"a": "' + "\N{PIE}" * 20_000 + '"}')).body()
    assert refused.value.code == "body_too_large"


# --- The token -----------------------------------------------------------------------------------

IN_HEADER = {"authorization": "Bearer token-1"}


@pytest.mark.parametrize(
    ("headers", "body", "token"),
    [
        ({}, {}, None),
        (IN_HEADER, {}, "token-1"),
        ({"Authorization": "bearer   token-1 "}, {}, "token-1"),
        ({}, {"accessToken": "token-1"}, "token-1"),
        (IN_HEADER, {"accessToken": "token-1"}, "token-1"),
        (IN_HEADER, {"accessToken": None}, "token-1"),
        ({"authorization": "Basic dXNlcjpw"}, {}, None),
        ({"authorization": "Basic dXNlcjpw"}, {"accessToken": "token-1"}, "token-1"),
        ({"authorization": "Bearer"}, {}, None),
        ({"authorization": "Bearer a,Bearer b"}, {}, None),
        ({"authorization": "Bearer a b"}, {}, None),
        ({"authorization": "Bearer a\r\nX-Injected: 1"}, {}, None),
        ({"authorization": "Bearer tökên"}, {}, None),
        ({}, {"accessToken": ""}, None),
        ({}, {"accessToken": 7}, None),
        ({}, {"accessToken": {"a": 1}}, None),
        ({}, {"accessToken": "a\nb"}, None),
        ({}, {"accessToken": "a" * 4096}, "a" * 4096),
        ({}, {"accessToken": "a" * 4097}, None),
    ],
)
def test_a_token_comes_in_the_header_or_the_body(
    headers: dict[str, str], body: dict[str, Any], token: str | None
) -> None:
    found = Request(event(headers=headers)).token(body)
    assert found == (None if token is None else Secret(token))


@pytest.mark.parametrize("in_body", ["token-2", "", 7, ["token-1"], "TOKEN-1"])
def test_two_different_tokens_are_a_bad_request(in_body: Any) -> None:
    with pytest.raises(BadRequest) as refused:
        Request(event(headers=IN_HEADER)).token({"accessToken": in_body})
    assert refused.value.code == "conflicting_tokens"
    assert "token-" not in refused.value.message


@pytest.mark.parametrize("absent", [{}, {"headers": None}])
def test_an_event_without_headers_has_no_token(absent: dict[str, Any]) -> None:
    bare = {key: value for key, value in event().items() if key != "headers"}
    assert Request(bare | absent).token() is None


def test_paths_and_queries_are_text_or_absent() -> None:
    request = Request(
        event() | {"pathParameters": {"id": "p"}, "queryStringParameters": {"limit": "5"}}
    )
    assert (request.path("id"), request.path("other")) == ("p", "")
    assert (request.query("limit"), request.query("next")) == ("5", None)
    bare = Request({"pathParameters": None, "queryStringParameters": None})
    assert (bare.path("id"), bare.query("limit")) == ("", None)
