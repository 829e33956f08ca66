"""Horizon by its links: what a client finds that knows the root alone, and where pages begin."""

import re
from typing import Any

import pytest
import requests
from stellar_sdk import Server

from local.emulator.chain import CREATE_ACCOUNT
from tests.emulator.world import World

PAIR = "&".join(
    f"{side}_asset_{part}={{{side}_asset_{part}}}"
    for side in ("base", "counter")
    for part in ("type", "code", "issuer")
)
# What Horizon 2.28 links its root with.
ROOT_LINKS = {
    "account": "/accounts/{account_id}",
    "account_transactions": "/accounts/{account_id}/transactions{?cursor,limit,order}",
    "fee_stats": "/fee_stats",
    "ledger": "/ledgers/{sequence}",
    "ledgers": "/ledgers{?cursor,limit,order}",
    "operation": "/operations/{id}",
    "operations": "/operations{?cursor,limit,order,include_failed}",
    "payments": "/payments{?cursor,limit,order,include_failed}",
    "self": "/",
    "strict_receive_paths": (
        "/paths/strict-receive{?source_assets,source_account,destination_account,"
        "destination_asset_type,destination_asset_issuer,destination_asset_code,destination_amount}"
    ),
    "strict_send_paths": (
        "/paths/strict-send{?destination_account,destination_assets,source_asset_type,"
        "source_asset_issuer,source_asset_code,source_amount}"
    ),
    "trade_aggregations": f"/trade_aggregations?{PAIR}",
    "trades": f"/trades?{PAIR}",
    "transaction": "/transactions/{hash}",
    "transactions": "/transactions{?cursor,limit,order}",
}


class Walker:
    """Follows links, of which it fills in what it is given (RFC 6570, as far as Horizon needs)."""

    def __init__(self, world: World) -> None:
        self.world = world

    def walk(self, resource: Any, name: str, **parts: str) -> Any:
        link = resource["_links"][name]
        assert link.get("templated", False) == ("{" in link["href"])

        def query(names: re.Match[str]) -> str:
            given = [f"{each}={parts[each]}" for each in names[1].split(",") if each in parts]
            return "?" + "&".join(given) if given else ""

        href = re.sub(r"\{\?([^}]*)\}", query, link["href"])
        response = self.world.call("GET", href.format(**parts).removeprefix(self.world.url))
        assert response.ok, response.text
        return response.json()


@pytest.fixture
def walker(world: World) -> Walker:
    return Walker(world)


def hashes(page: Any) -> list[str]:
    return [
        record.get("transaction_hash") or record["hash"] for record in page["_embedded"]["records"]
    ]


def pay_thrice(world: World) -> tuple[str, list[str]]:
    """The app's wallet, and what it received of strangers."""
    wallet = world.state()["apps"][0]["wallet"]
    transfer = {"destination": wallet, "amount": 1}
    return wallet, [world.transfer(**transfer)["txid"] for _ in range(3)]


def test_the_root_has_horizons_links(world: World) -> None:
    links = world.horizon("/")["_links"]
    for name, path in ROOT_LINKS.items():
        assert links[name]["href"] == f"{world.url}/horizon{path}"
        assert links[name].get("templated", False) == ("{" in path)


def test_the_root_needs_no_slash(real_world: World) -> None:
    url = f"{real_world.url}/horizon"
    answer = requests.get(url, allow_redirects=False, timeout=5)
    assert answer.json() == real_world.horizon("/")


def test_every_link_of_what_there_is_leads_somewhere(world: World, walker: Walker) -> None:
    wallet, txids = pay_thrice(world)
    root = world.horizon("/")
    account = walker.walk(root, "account", account_id=wallet)
    for page in (
        walker.walk(root, "account_transactions", account_id=wallet),
        walker.walk(account, "transactions"),
        walker.walk(account, "operations"),
        walker.walk(account, "payments"),
        walker.walk(root, "transactions"),
        walker.walk(root, "operations"),
        walker.walk(root, "payments"),
    ):
        assert hashes(page) == txids
    transaction = walker.walk(root, "transaction", hash=txids[1])
    [operation] = walker.walk(transaction, "operations")["_embedded"]["records"]
    assert operation["transaction_hash"] == txids[1]
    assert walker.walk(operation, "self") == operation
    assert walker.walk(root, "operation", id=operation["id"]) == operation
    assert walker.walk(operation, "transaction") == transaction
    assert hashes(walker.walk(transaction, "precedes")) == txids[2:]
    assert hashes(walker.walk(transaction, "succeeds")) == txids[:1]
    ledger = walker.walk(transaction, "ledger")
    assert ledger["sequence"] == transaction["ledger"]
    for listed in ("transactions", "operations", "payments"):
        assert hashes(walker.walk(ledger, listed)) == txids[1:2]
    assert walker.walk(root, "ledgers", limit="1", order="desc")["_embedded"]["records"]
    assert walker.walk(root, "fee_stats")["last_ledger_base_fee"] == "100000"


@pytest.mark.parametrize("resource", ["transactions", "operations", "payments"])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_everybodys_history_by_page(
    world: World, walker: Walker, resource: str, order: str
) -> None:
    _, txids = pay_thrice(world)
    page = walker.walk(world.horizon("/"), resource, limit="2", order=order)
    rest = walker.walk(page, "next")
    assert hashes(page) + hashes(rest) == (txids if order == "asc" else txids[::-1])
    assert hashes(walker.walk(rest, "next")) == []


def test_the_next_page_shows_failed_ones_too(world: World, walker: Walker) -> None:
    failed = [world.pay(world.approved(), successful=False) for _ in range(2)]
    assert hashes(world.horizon("/transactions")) == []
    page = world.horizon("/payments?include_failed=true&limit=1")
    assert hashes(page) + hashes(walker.walk(page, "next")) == failed


def test_a_transactions_payments(world: World) -> None:
    """Of a failed one too: who asks for it knows that it is one."""
    for successful in (True, False):
        txid = world.pay(world.approved(), successful=successful)
        [payment] = world.horizon(f"/transactions/{txid}/payments")["_embedded"]["records"]
        assert payment["transaction_hash"] == txid
        assert payment["transaction_successful"] == successful


def test_a_ledgers_transactions(world: World, walker: Walker) -> None:
    """A failed one only if it is asked for; none in an empty ledger; 404 for an unknown one."""
    txid = world.pay(world.approved(), successful=False)
    path = f"/ledgers/{world.horizon(f'/transactions/{txid}')['ledger']}/transactions"
    assert hashes(world.horizon(path)) == []
    assert hashes(world.horizon(f"{path}?include_failed=true")) == [txid]
    assert hashes(world.horizon("/ledgers/1/transactions")) == []
    latest = world.horizon("/")["history_latest_ledger"]
    unknown = world.call("GET", f"/horizon/ledgers/{latest + 1}/transactions")
    assert unknown.status_code == 404


def test_markets_are_empty(world: World, walker: Walker) -> None:
    """A client that walks them finds a page with nothing on it."""
    root = world.horizon("/")
    pair = dict.fromkeys(re.findall(r"{(\w+)}", PAIR), "x")
    assert hashes(walker.walk(root, "trades", **pair)) == []
    assert hashes(walker.walk(root, "trade_aggregations", **pair)) == []
    for name in ("strict_send_paths", "strict_receive_paths", "offers", "claimable_balances"):
        assert hashes(walker.walk(root, name)) == []
    account = walker.walk(root, "account", account_id=world.state()["apps"][0]["wallet"])
    for name in ("offers", "trades"):
        assert hashes(walker.walk(account, name)) == []


def test_an_accounts_operations_are_of_every_kind(world: World) -> None:
    wallet, _ = pay_thrice(world)
    new = world.sign_in(username="new", funded=False)
    address = world.start(new["accessToken"])["from_address"]
    created = {"kind": CREATE_ACCOUNT, "source": wallet, "destination": address, "amount": 5}
    world.transfer(**created)
    operations = world.horizon(f"/accounts/{wallet}/operations?order=desc")
    kinds = [record["type"] for record in operations["_embedded"]["records"]]
    assert kinds == ["create_account", "payment", "payment", "payment"]


def test_now_is_behind_all_there_is(world: World) -> None:
    _, before = pay_thrice(world)
    follow = world.horizon("/transactions?cursor=now")
    assert hashes(follow) == []
    assert hashes(world.horizon("/transactions?cursor=now&order=desc")) == before[::-1]
    _, after = pay_thrice(world)
    path = follow["_links"]["next"]["href"].removeprefix(f"{world.url}/horizon")
    assert hashes(world.horizon(path)) == after


def test_now_is_that_of_a_horizon_that_lags(world: World) -> None:
    _, txids = pay_thrice(world)
    world.set(ledger_lag_s=60)
    path = world.horizon("/payments?cursor=now")["_links"]["next"]["href"]
    world.advance(61)
    assert hashes(world.horizon(path.removeprefix(f"{world.url}/horizon"))) == txids


def test_an_operation_that_is_not_shown(world: World) -> None:
    _, [txid, *_] = pay_thrice(world)
    [operation] = world.horizon(f"/transactions/{txid}/operations")["_embedded"]["records"]
    path = f"/horizon/operations/{operation['id']}"
    assert world.call("GET", f"/horizon/operations/{int(operation['id']) + 1}").status_code == 404
    assert world.call("GET", "/horizon/operations/1").status_code == 404
    joined = world.call("GET", f"{path}?join=transactions").json()
    assert joined["transaction"] == world.horizon(f"/transactions/{txid}")
    ledger = joined["transaction"]["ledger"]
    world.set(holes=[[ledger, ledger]])
    assert world.call("GET", path).status_code == 404


def test_the_stock_client_walks_it(real_world: World) -> None:
    wallet, txids = pay_thrice(real_world)
    with Server(f"{real_world.url}/horizon") as server:
        assert hashes(server.operations().for_account(wallet).call()) == txids
        assert hashes(server.payments().for_transaction(txids[0]).call()) == txids[:1]
        assert hashes(server.transactions().cursor("now").order(desc=True).call()) == txids[::-1]
        [first] = server.operations().limit(1).call()["_embedded"]["records"]
        assert server.operations().operation(first["id"]).call() == first
