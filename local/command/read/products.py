"""The table of products: what the app sells, judged as an approval reads it."""

from collections.abc import Iterator

from local.command.deployed import scanned
from local.command.tell import Row
from shared.app import App
from shared.aws.dynamodb import Item, decoded
from shared.payments.products import KEY, UnusableProduct, product_of

AMOUNTS = frozenset({"price", "minimum", "maximum"})
COLUMNS = ("product_id", "name", "price", "minimum", "maximum", "once", "active")


def rows(app: App) -> Iterator[Item]:
    return map(decoded, scanned(app.edges.aws("dynamodb"), app.settings.text("PRODUCTS_TABLE")))


def unusable(app: App) -> Iterator[tuple[str, str]]:
    """The products that are for sale and cannot be sold, each with what is wrong."""
    for row in rows(app):
        if row.get("active") is not True:
            continue
        try:
            product_of(row)
        except UnusableProduct as wrong:
            yield str(row[KEY]), str(wrong)


def listed(app: App) -> list[Row]:
    """All products, by their ids."""
    return [shown(row) for row in sorted(rows(app), key=lambda row: str(row[KEY]))]


def shown(row: Item) -> Row:
    """A product for a person; `wrong`: why nobody can buy it."""
    given = {name: row.get(name) for name in COLUMNS}
    amounts = {name: None if row.get(name) is None else str(row[name]) for name in AMOUNTS}
    try:
        product_of(row)
        wrong = None
    except UnusableProduct as reason:
        wrong = str(reason)
    return {**given, **amounts, "once": bool(row.get("once", False)), "wrong": wrong}
