"""Products are put as an approval reads them, or not at all."""

from pathlib import Path
from typing import Any

import pytest

from local.command.change import products
from tests.command.operator import Operator
from tests.world import User, World


def test_a_product_that_was_put_is_sold(operator: Operator, world: World, alice: User) -> None:
    shown = operator.does("products", "put", "cake", "--name", "Cake", "--price", "2.5")
    assert (shown["price"], shown["active"], shown["wrong"]) == ("2.5", True, None)
    payment_id = world.start(alice, "2.5", {"productId": "cake"})
    assert world.approve(payment_id, alice).status == 200


def test_a_change_keeps_what_it_does_not_name(operator: Operator, world: World) -> None:
    operator.does("products", "put", "cake", "--name", "Cake", "--price", "2.5", "--once")
    world.tables.edit("ProductsTable", "cake", picture="cake.webp")
    operator.does("products", "put", "cake", "--price", "3")
    [row] = [one for one in world.tables.items("ProductsTable") if one["product_id"] == "cake"]
    assert (row["name"], row["price"], row["once"], row["active"]) == ("Cake", "3", True, True)
    assert row["picture"] == "cake.webp"


def test_a_price_takes_the_place_of_a_range_and_back(operator: Operator) -> None:
    operator.does("products", "put", "gift", "--minimum", "1", "--maximum", "5")
    shown = operator.does("products", "put", "gift", "--price", "3")
    assert (shown["price"], shown["minimum"], shown["maximum"]) == ("3", None, None)
    shown = operator.does("products", "put", "gift", "--minimum", "1", "--maximum", "5")
    assert (shown["price"], shown["minimum"], shown["maximum"]) == (None, "1", "5")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("cake", "--price", "3,14"), "not an amount of Pi"),
        (("cake", "--price", "0.00000001"), "not an amount of Pi"),
        (("cake", "--price", "-1"), "not an amount of Pi"),
        (("cake",), "neither a price"),
        (("cake", "--minimum", "1"), "neither a price"),
        (("cake", "--minimum", "2", "--maximum", "1"), "above its maximum"),
        (("cake", "--price", "1", "--minimum", "1"), "give a price, or"),
        (("a cake", "--price", "1"), "no id"),
    ],
)
def test_what_could_not_be_sold_is_not_put(
    operator: Operator, world: World, words: tuple[str, ...], told: str
) -> None:
    before = world.tables.items("ProductsTable")
    assert told in operator.is_refused("products", "put", *words)
    assert world.tables.items("ProductsTable") == before


def test_off_it_is_sold_no_more(operator: Operator, world: World, alice: User) -> None:
    operator.does("products", "off", "apple_pie_1")
    assert world.approve(world.start(alice), alice).error == "unknown_product"
    operator.does("products", "put", "apple_pie_1", "--active")
    assert world.approve(world.start(alice), alice).status == 200
    assert "There is no product" in operator.is_refused("products", "off", "nothing")


def test_the_list_says_what_is_wrong(operator: Operator, world: World) -> None:
    world.sell("cake", price="3,14")
    shown = {row["product_id"]: row for row in operator.does("products", "list")}
    assert shown["apple_pie_1"]["wrong"] is None
    assert "not an amount of Pi" in shown["cake"]["wrong"]


# --- Import ---------------------------------------------------------------------------------------

CSV = """product_id,name,price,minimum,maximum,once,active
cake,Cake,2.5,,,,
badge,Badge,1,,,yes,yes
gift,"Gift, large",,1,50,no,no
"""


def test_a_file_is_imported_whole(operator: Operator, world: World, tmp_path: Path) -> None:
    file = tmp_path / "products.csv"
    file.write_text("\ufeff" + CSV)  # as a spreadsheet writes it
    before = world.tables.items("ProductsTable")
    operator.does("products", "import", file, "--dry-run")
    assert world.tables.items("ProductsTable") == before
    operator.does("products", "import", file, "--yes")
    rows = {row["product_id"]: row for row in world.tables.items("ProductsTable")}
    assert (rows["badge"]["once"], rows["badge"]["price"]) == (True, "1")
    assert (rows["gift"]["active"], rows["gift"]["name"]) == (False, "Gift, large")
    assert rows["cake"]["active"] is True


def test_an_import_keeps_what_it_does_not_name(operator: Operator, tmp_path: Path) -> None:
    operator.does("products", "put", "badge", "--price", "1", "--once", "--inactive")
    file = tmp_path / "prices.csv"
    file.write_text("product_id,price\nbadge,2\n")
    [shown] = operator.does("products", "import", file, "--yes")[-1:]
    assert (shown["price"], shown["once"], shown["active"]) == ("2", True, False)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("cake,Cake,2;5,,,,", "line 5"),
        ("cake,Cake,2.5,,,perhaps,", "line 5"),
        (",Cake,2.5,,,,", "line 5"),
        ('cake,Cake,"2,5",,,,', "with a point"),
        ("cake,Cake,2,5,,,yes,yes", "more cells than the header"),
        ("cake,Cake,2.5,,,perhaps,", "once is 'perhaps'. Write yes or no."),
    ],
)
def test_nothing_is_imported_if_one_line_is_wrong(
    operator: Operator, world: World, tmp_path: Path, line: str, told: str
) -> None:
    file = tmp_path / "products.csv"
    file.write_text(CSV + line + "\n")
    before = world.tables.items("ProductsTable")
    assert told in operator.is_refused("products", "import", file, "--yes")
    assert world.tables.items("ProductsTable") == before


def test_a_file_that_is_not_utf_8(operator: Operator, tmp_path: Path) -> None:
    file = tmp_path / "products.csv"
    file.write_bytes("product_id,name,price\ntart,Tärt,1\n".encode("latin-1"))
    assert "CSV in UTF-8" in operator.is_refused("products", "import", file, "--yes")


def test_a_column_that_nobody_knows(operator: Operator, tmp_path: Path) -> None:
    file = tmp_path / "products.csv"
    file.write_text("product_id,prise\ncake,1\n")
    assert "no column 'prise'" in operator.is_refused("products", "import", file, "--yes")


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [(("off", "cake"), "active", False), (("put", "cake", "--once"), "once", True)],
)
def test_a_price_writes_over_nothing_that_was_changed_meanwhile(
    operator: Operator,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    name: str,
    value: object,
) -> None:
    """What was switched off is not on sale again, nor sold twice what became sold once."""
    operator.does("products", "put", "cake", "--price", "1")
    read = products._standing

    def read_and_overtaken(*given: Any) -> Any:
        monkeypatch.setattr(products, "_standing", read)
        row = read(*given)
        operator.does("products", *words)
        return row

    monkeypatch.setattr(products, "_standing", read_and_overtaken)
    assert "at this moment" in operator.is_refused("products", "put", "cake", "--price", "2")
    [row] = [one for one in operator.does("products", "list") if one["product_id"] == "cake"]
    assert (row["price"], row[name]) == ("1", value)


def test_two_who_put_a_new_product_do_not_write_over_each_other(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator.does("products", "put", "cake", "--price", "1")
    monkeypatch.setattr(products, "_standing", lambda *_: None)
    assert "at this moment" in operator.is_refused("products", "put", "cake", "--price", "2")
