"""Put products, change them, or sell them no more. Each is checked as an approval reads it."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from local.command.deployed import Deployed, StackError
from local.command.read.products import AMOUNTS, COLUMNS, shown
from local.command.tell import Row
from shared.aws.dynamodb import Item, decoded, encoded
from shared.payments.past import FLAGS
from shared.payments.prices import PRODUCT_ID
from shared.payments.products import KEY, UnusableProduct, product_of


def put(deployed: Deployed, product_id: str, **given: Any) -> Row:
    """Put a product, or change one: what is not given stays as it was, as do attributes of your
    own. Amounts are text. Raises StackError: it could not be sold."""
    standing = _standing(deployed, product_id)
    kept = standing or {"active": True}
    given = {name: value for name, value in given.items() if value is not None}
    if given.keys() & AMOUNTS:  # a price takes the place of a range, and the other way round
        kept = {name: value for name, value in kept.items() if name not in AMOUNTS}
    row = checked({**kept, KEY: product_id, **given})
    _replace(deployed, standing, row)
    return shown(row)


def checked(row: Item) -> Item:
    """The row without what is not given. Raises StackError."""
    row = {name: value for name, value in row.items() if value is not None}
    product_id = row[KEY]
    if not PRODUCT_ID.fullmatch(product_id):
        raise StackError(f"{product_id!r} is no id that metadata.productId can name.")
    if "price" in row and ("minimum" in row or "maximum" in row):
        raise StackError(f"{product_id}: give a price, or a minimum and a maximum.")
    try:
        product_of(row)
    except UnusableProduct as wrong:
        has_comma = any("," in str(row.get(name, "")) for name in AMOUNTS)
        hint = " Write it with a point: 3.14" if has_comma else ""
        raise StackError(f"{product_id}: {wrong}{hint}") from None
    return row


def switch_off(deployed: Deployed, product_id: str) -> Row:
    """Sell it no more; its row stays. Raises StackError: there is none."""
    row = _standing(deployed, product_id)
    if row is None:
        raise StackError(f"There is no product {product_id}.")
    off = {**row, "active": False}
    _replace(deployed, row, off)
    return shown(off)


def read_csv(path: Path) -> list[Item]:
    """Products of a file with a header of these columns: product_id, name, price, minimum, maximum,
    once, active. Each is checked before any is put. Raises StackError with the line."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return list(_products_of(path.name, csv.DictReader(file)))
    except (OSError, UnicodeDecodeError, csv.Error) as wrong:
        raise StackError(f"{path.name} cannot be read as CSV in UTF-8: {wrong}") from None


def _products_of(name: str, reader: "csv.DictReader[str]") -> Iterator[Item]:
    if unknown := set(reader.fieldnames or ()) - set(COLUMNS):
        raise StackError(
            f"{name}: no column {min(unknown)!r}; known, with commas between: {', '.join(COLUMNS)}"
        )
    for line in reader:
        try:
            yield checked(_of_line(line))
        except StackError as wrong:
            raise StackError(f"{name}, line {reader.line_num}: {wrong}") from None


def _of_line(line: dict[str, str]) -> Item:
    """Raises StackError: a flag is neither yes nor no, or there are more cells than columns."""
    if None in line:
        raise StackError("it has more cells than the header. A price has a point: 3.14")
    row: dict[str, Any] = {name: text.strip() or None for name, text in line.items() if text}
    row[KEY] = row.get(KEY) or ""
    flags = {name: _flag(name, row[name]) for name in ("once", "active") if row.get(name)}
    return {**row, **flags}  # what is not given stays as it was


def _flag(name: str, text: str) -> bool:
    if text.lower() not in FLAGS:
        raise StackError(f"{name} is {text!r}. Write yes or no.")
    return FLAGS[text.lower()]


def _replace(deployed: Deployed, standing: Item | None, row: Item) -> None:
    """Raises StackError: it is not any more as it was read. A new price must not put on sale again
    what was switched off meanwhile."""
    table, dynamodb = deployed.app.settings.text("PRODUCTS_TABLE"), deployed.aws("dynamodb")
    try:
        dynamodb.put_item(TableName=table, Item=encoded(row), **_only_if(standing))
    except dynamodb.exceptions.ConditionalCheckFailedException:
        raise StackError(f"{row[KEY]} was changed at this moment. Look at it again.") from None


def _only_if(standing: Item | None) -> dict[str, Any]:
    if standing is None:
        return {"ConditionExpression": f"attribute_not_exists({KEY})"}
    names = dict(enumerate(standing))
    absent = [name for name in COLUMNS if name not in standing]  # `once`, say
    tests = [
        *(f"#n{n} = :n{n}" for n in names),
        *(f"attribute_not_exists(#{name})" for name in absent),
    ]
    return {
        "ConditionExpression": " AND ".join(tests),
        "ExpressionAttributeNames": {
            **{f"#n{n}": name for n, name in names.items()},
            **{f"#{name}": name for name in absent},
        },
        "ExpressionAttributeValues": encoded({f":n{n}": standing[of] for n, of in names.items()}),
    }


def _standing(deployed: Deployed, product_id: str) -> Item | None:
    table, key = deployed.app.settings.text("PRODUCTS_TABLE"), encoded({KEY: product_id})
    answer = deployed.aws("dynamodb").get_item(TableName=table, Key=key, ConsistentRead=True)
    return decoded(answer["Item"]) if "Item" in answer else None
