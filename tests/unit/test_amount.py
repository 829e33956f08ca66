"""Promise 5: money is never a float, and two amounts are equal or not, never nearly so."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.base.amount import Amount, InvalidAmount, TooManyDecimals

MOST_STROOPS = 10**19 - 1
stroops = st.integers(0, MOST_STROOPS)


@pytest.mark.parametrize(
    ("pi", "expected", "printed"),
    [
        ("0", 0, "0"),
        ("3.14", 31_400_000, "3.14"),
        ("3.1400000", 31_400_000, "3.14"),
        ("100", 1_000_000_000, "100"),
        ("1E+2", 1_000_000_000, "100"),
        ("1e-7", 1, "0.0000001"),
        ("1E-7", 1, "0.0000001"),
        ("12.5e-1", 12_500_000, "1.25"),
        ("0.1000000000", 1_000_000, "0.1"),
        ("100000000000", 10**18, "100000000000"),
        (7, 70_000_000, "7"),
        (Decimal("2.50"), 25_000_000, "2.5"),
    ],
)
def test_an_amount_is_read_and_printed_exactly(pi: object, expected: int, printed: str) -> None:
    amount = Amount.of(pi)
    assert amount.stroops == expected
    assert str(amount) == printed


@pytest.mark.parametrize(
    "pi",
    [
        *(3.14, 1e-7, float("nan"), True, False, None, b"3", [3], {"amount": 3}, "", "three"),
        *("3,14", "0x10", "NaN", "sNaN", "Infinity", "-1", "-1e-7", "1e-8", "0.00000001"),
        *("3.14159265", "0." + "9" * 40, "3.14" + "0" * 40 + "1", Decimal("Infinity"), -1, 10**12),
        *("3_1", " 3 ", "\uff13.14"),
    ],
)
def test_what_is_not_an_exact_amount_of_pi_is_refused(pi: object) -> None:
    with pytest.raises(InvalidAmount):
        Amount.of(pi)


@pytest.mark.parametrize("pi", ["1e-8", "3.14159265", "0." + "9" * 40, "3.14" + "0" * 40 + "1"])
def test_too_many_decimals_are_told_from_what_is_no_amount(pi: str) -> None:
    with pytest.raises(TooManyDecimals):
        Amount.of(pi)
    for other in ("three", f"-{pi}", 10**12, None):
        with pytest.raises(InvalidAmount) as invalid:
            Amount.of(other)
        assert not isinstance(invalid.value, TooManyDecimals)


@pytest.mark.parametrize(
    "pi", ["1e999999999", "1e-999999999", "0e999999999", "9" * 10_000, Decimal("1e999999")]
)
def test_a_huge_exponent_costs_nothing(pi: object) -> None:
    # Were it ever written out in digits, this would take minutes and gigabytes.
    with pytest.raises(InvalidAmount):
        Amount.of(pi)


@given(stroops)
def test_what_is_printed_reads_back_the_same(count: int) -> None:
    amount = Amount(count)
    assert Amount.of(str(amount)) == amount
    assert "e" not in str(amount).lower()


@given(stroops)
def test_any_notation_of_a_number_is_the_same_amount(count: int) -> None:
    value = Decimal(count).scaleb(-7)
    for text in (str(value), f"{value:e}", f"{value:f}", str(value.normalize())):
        assert Amount.of(json.loads(json.dumps(text))) == Amount(count)
        assert Amount.of(json.loads(text.lower(), parse_float=Decimal)) == Amount(count)


@given(stroops, st.from_regex(r"(0{0,60}|9{0,60})[1-9]", fullmatch=True))
def test_nothing_is_rounded_away(count: int, further_decimals: str) -> None:
    whole, fraction = divmod(count, 10**7)
    with pytest.raises(InvalidAmount):
        Amount.of(f"{whole}.{fraction:07d}{further_decimals}")


@given(stroops, st.integers(1, 10_000))
def test_a_price_times_a_quantity_is_exact(count: int, quantity: int) -> None:
    assert (Amount(count) * quantity).stroops == count * quantity


@given(stroops, stroops)
def test_amounts_are_ordered_as_their_stroops(one: int, other: int) -> None:
    assert (Amount(one) <= Amount(other)) == (one <= other)
