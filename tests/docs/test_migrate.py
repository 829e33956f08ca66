"""docs/migrate.md, from the exports to the last command, as it stands there."""

import csv
import json
import re
import shlex
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.payments.past import COLUMNS, STATES
from tests.command.old_back_end import OldBackEnd
from tests.command.operator import Operator
from tests.docs.pages import DOCS, named, table, text
from tests.docs.raised import TO_AN_OPERATOR
from tests.node import NODE
from tests.world import World

PAGE = DOCS / "migrate.md"
# The demo's collection, as its handlers fill it. `print` and `db` are mongosh's.
MONGOSH = """
const dated = (order) => ({ ...order, created_at: new Date(order.created_at) });
const orders = JSON.parse(process.argv[2]).map(dated);
const db = { orders: { find: () => orders } }, print = console.log;
"""
# What asks for something that the world has not.
ELSEWHERE = {"key", "doctor"}


def block(language: str) -> str:
    [found] = re.findall(rf"^```{language}\n(.*?)^```", text(PAGE), re.MULTILINE | re.DOTALL)
    return str(found)


def commands() -> list[list[str]]:
    blocks = re.findall(r"^```sh\n(.*?)^```", text(PAGE), re.MULTILINE | re.DOTALL)
    return [shlex.split(line)[1:] for one in blocks for line in one.splitlines()]


@pytest.fixture
def old(world: World) -> OldBackEnd:
    old = OldBackEnd(world)
    for kind in (old.completed, old.delivered, old.cancelled, old.paid, old.approved):
        kind()
    return old


def of_mongo(old: OldBackEnd, folder: Path) -> None:
    orders = [
        {
            "pi_payment_id": row["payment_id"],
            "user": row["uid"],
            "product_id": row["product_id"],
            "txid": row.get("txid"),
            "paid": row["state"] == "completed",
            "cancelled": row["state"] == "cancelled",
            "created_at": row["closed_at"] or "2026-11-26T12:00:00Z",
        }
        for row in old.rows.values()
    ]
    script = folder / "orders.js"
    script.write_text(MONGOSH + block("js"))
    done = subprocess.run(
        [NODE, str(script), json.dumps(orders)], capture_output=True, text=True, check=True
    )
    (folder / "payments.csv").write_text(done.stdout)


def of_sql(old: OldBackEnd, folder: Path) -> None:
    database = sqlite3.connect(":memory:")
    columns = ("payment_id", "uid", "amount", "txid", "product_id", "status", "paid_at")
    database.execute(f"CREATE TABLE payments ({', '.join(columns)})")
    statuses = {"completed": "paid", "open": "created"}
    for row in old.rows.values():
        more = {"status": statuses.get(row["state"], row["state"]), "paid_at": row["closed_at"]}
        values = [(row | more).get(column) for column in columns]
        database.execute("INSERT INTO payments VALUES (?, ?, ?, ?, ?, ?, ?)", values)
    found = database.execute(block("sql"))
    with (folder / "payments.csv").open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow([name for name, *_ in found.description])
        writer.writerows(found)
    database.close()


def test_what_a_user_has_put_into_an_order_is_no_row_of_the_file(
    world: World, old: OldBackEnd, tmp_path: Path
) -> None:
    """The demo takes the product's id from the page. It might name another's payment as
    delivered."""
    mine, theirs = old.completed(), old.approved()
    old.rows[mine]["product_id"] = f'x"\n{theirs},completed,2026-11-27T12:00:00Z,,,'
    of_mongo(old, tmp_path)
    told = Operator(world).does("import", tmp_path / "payments.csv", "--yes", status=3)
    errors = {row["payment_id"]: row["error"] for row in told["rows"]}
    assert (errors[mine], errors[theirs]) == ("invalid_row", "not_finished")
    assert world.find_record(theirs) is None


@pytest.mark.parametrize("exported", [of_mongo, of_sql])
def test_its_commands_move_an_app_here(
    world: World,
    old: OldBackEnd,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    exported: Callable[[OldBackEnd, Path], None],
) -> None:
    """Promises 3 and 4: nothing is stuck, and nothing is delivered twice."""
    exported(old, tmp_path)
    monkeypatch.chdir(tmp_path)
    tried = [words for words in commands() if words[0] not in ELSEWHERE]
    assert [words[0] for words in tried] == ["import", "import", "import", "adopt", "attention"]
    statuses = [Operator(world).run(*words, typed="y\n").exit_code for words in tried]
    # The two that are open are refused until they are adopted; nothing waits for the operator but
    # what a sweep is about to finish.
    assert statuses == [3, 3, 3, 0, 0]
    world.rounds(16)
    states = [world.record(one).state for one in old.rows]
    assert states == ["completed", "completed", "cancelled", "completed", "cancelled"]
    told = [world.events(one) for one in old.rows]
    assert told == [[], [], [], ["PaymentCompleted"], ["PaymentCancelled"]]


def test_its_columns_and_states_are_those_that_are_read() -> None:
    rows = table("| Column | Holds |", PAGE)
    assert sorted(name for cell, _ in rows for name in named(cell)) == sorted(COLUMNS)
    [states] = [holds for cell, holds in rows if cell == "`state`"]
    assert named(states) == list(STATES)


def test_each_code_is_explained_to_the_operator_somewhere() -> None:
    rows = table("| `error` | Means | Do |", PAGE)
    rows += table("| `error` | Means |", DOCS / "operate.md")
    explained = {name for cell, *_ in rows for name in named(cell)}
    ids = {"invalid_payment_id", "invalid_uid", "invalid_txid", "invalid_amount"}
    assert explained - ids == TO_AN_OPERATOR
