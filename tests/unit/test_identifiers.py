"""Ids go into URLs, keys and memos: nothing passes that is not plainly an id."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.base.errors import BadRequest
from shared.base.identifiers import ad_id_of, payment_id_of, txid_of
from tests.unit.samples import PAYMENT_ID, TXID

Reader = Callable[[object], str]
READERS: dict[Reader, str] = {
    payment_id_of: "invalid_payment_id",
    txid_of: "invalid_txid",
    ad_id_of: "invalid_ad_id",
}
MALFORMED = [
    *(None, "", 7, True, ["a"], {"a": 1}, "a b", " a", "a\n", "../me", "a/b", "a?b", "a#b"),
    *("a%2Fb", "a\x00", "ä", "\ud800", ".", "..", "a" * 129),
]


@pytest.mark.parametrize(
    ("read", "given_", "expected"),
    [
        (payment_id_of, PAYMENT_ID, PAYMENT_ID),
        (payment_id_of, "a" * 64, "a" * 64),
        (txid_of, TXID, TXID),
        (txid_of, TXID.upper(), TXID),
        (ad_id_of, "a.b:c~d=e+f-_", "a.b:c~d=e+f-_"),
    ],
)
def test_an_id_is_read(read: Reader, given_: str, expected: str) -> None:
    assert read(given_) == expected


@pytest.mark.parametrize("value", MALFORMED, ids=repr)
@pytest.mark.parametrize("read", READERS)
def test_what_is_not_an_id_is_a_bad_request(read: Reader, value: object) -> None:
    with pytest.raises(BadRequest) as refused:
        read(value)
    assert refused.value.code == READERS[read]
    assert repr(value) not in refused.value.message


@pytest.mark.parametrize("value", ["a" * 65, "a.b", "a:b"])
def test_a_payment_id_is_stricter_than_an_ad_id(value: str) -> None:
    assert ad_id_of(value) == value
    with pytest.raises(BadRequest):
        payment_id_of(value)


@pytest.mark.parametrize("value", ["incomplete", "incomplete_server_payments"])
def test_a_payment_id_is_not_the_name_of_another_call(value: str) -> None:
    with pytest.raises(BadRequest):
        payment_id_of(value)


@pytest.mark.parametrize("value", [TXID[:-1], TXID + "0", "g" * 64, "\N{KELVIN SIGN}" * 64])
def test_a_txid_is_64_hexadecimal_digits(value: str) -> None:
    with pytest.raises(BadRequest):
        txid_of(value)


@given(st.text())
def test_whatever_passes_needs_no_quoting(value: str) -> None:
    for read in READERS:
        try:
            passed = read(value)
        except BadRequest:
            continue
        assert passed.isascii()
        assert not set(passed) & set("/?#%\\ ")
        assert passed.strip(".")
