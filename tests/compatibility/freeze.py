"""`python -m tests.compatibility.freeze FOLDER`: play today's code and freeze what it writes.

It plays its own plays, the tests of payouts and of foul weather, and histories of the dice, all by
seeds. Of all that was written it keeps the fewest items in which each state, reason and attribute
is met. It says what was not met, and never writes over a file. It takes some minutes.
"""

import json
import sys
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.cloud.template import load, translate
from local.processes import ROOT
from tests.compatibility import readers_2026_11 as readers
from tests.compatibility import today
from tests.compatibility.contract import api, stack
from tests.compatibility.harvest import Harvest, Wire, watching
from tests.compatibility.plays import PLAYS
from tests.dice import weather
from tests.dice.history import play
from tests.template.metrics import sent
from tests.world import new_world
from tests.world.tables import in_memory

SEEDS = 120
PLAYED = {
    "payouts": ("pi", "chain", "requests", "attacks", "book", "wake_ups"),
    "weather": (
        *("attention", "book", "bus", "cancel", "chain", "keys", "rewards", "proof"),
        "book_attacks",
    ),
}
NOT_PLAYED = "MiniStack or ministack or local_cloud"  # it makes tables of names that change
WHY = (
    *("attention", "refusal", "owed", "reason", "blocked_reason", "blocked_from", "giving_up"),
    *("withdrawing", "doubt", "chain_error"),
)

MISMATCHES = {
    *("unexpected_direction", "unexpected_user", "unexpected_amount", "unexpected_network"),
    *("unexpected_token", "missing_address"),
}
WITHDRAWALS = {
    *("unexpected_address", "above_paid_amount", "never_applied", "unexpected_identifier"),
    *("no_destination", *MISMATCHES),
}
REFUSED_FOR_GOOD = {
    *("missing_scope", "invalid_address", "missing_wallet", "invalid_amount", "altered_amount"),
    *("invalid_arguments", "invalid_metadata", "user_not_found", "op_no_destination"),
}
# Every state, and every reason of each, that the code of the day can write.
EXPECTED = {
    "payment": {
        "state": {"open", "completed", "cancelled"},
        "attention": readers.ATTENTIONS,
        "owed": readers.PAYMENT_EVENTS,
        "odd": {"kind", "wallets", "amount", "second"},
        "refusal": {
            *("unexpected_network", "unexpected_token", "unexpected_split", "unexpected_wallet"),
            *("unknown_product", "unexpected_amount", "payment_cancelled"),
        },
    },
    "reward": {"state": readers.REWARD_STATES, "owed": readers.REWARD_EVENTS},
    "payout": {
        "state": readers.PAYOUT_STATES,
        "owed": readers.PAYOUT_EVENTS,
        "blocked_from": {"requested", "created", "signed"},
        "waits": {
            *("payouts_off", "chain_unclear", "not_applied", "may_still_apply", "not_verified"),
            *("creation_unclear", "ongoing_payment_found", "too_many_payments", "no_destination"),
            *("too_many_cancelled_payments", "user_not_found", "payment_not_found"),
            *("wrong_seed", "no_wallet", "fee_above_cap", "balance_too_low", "(other)"),
            *("wallet_seed_missing", "wallet_seed_invalid", "server_key_refused"),
            *("pi_answer_invalid", "feature_not_available", "server_key_of_another_app"),
            "too_many_withdrawals",
        },
        "withdrawing": WITHDRAWALS,
        "giving_up": {"given_up", *REFUSED_FOR_GOOD},
        "failed": {"given_up", *REFUSED_FOR_GOOD},
        "doubt": {"payment_not_found", "user_not_found"},
        "chain_error": {"op_no_destination", "op_underfunded", "tx_bad_seq", "tx_too_late"},
        "blocked": {
            *("unexpected_error", "no_envelope", "other_transaction", "not_cancelled", "(other)"),
            *("completed_without_txid", "payment_not_found", "user_not_found", "not_verified"),
            *("verification_failed", "txid_mismatch", *(WITHDRAWALS - {"no_destination"})),
        },
    },
}


def harvested() -> Harvest:
    """All that the code of the day writes while it is played."""
    files = [f"tests/{room}/test_{name}.py" for room, names in PLAYED.items() for name in names]
    with watching() as harvest, pytest.MonkeyPatch.context() as patch:
        how = ("-q", "-n", "0", "-p", "no:cacheprovider", "-k", f"not ({NOT_PLAYED})")
        failed = pytest.main([*how, *(str(ROOT / file) for file in files)])
        today.log_handle.disabled = True
        for name, its_play in PLAYS.items():
            with new_world(in_memory, None, **its_play.parameters) as world:
                its_play.play(world)
                sys.stdout.write(f"played: {name}\n")
        for name in ("edit", "newer_version"):  # nobody edits by hand what is frozen
            patch.setattr(weather.Weather, name, _nothing(name))
        for seed in range(1, SEEDS + 1):
            play(seed)
    if failed:
        sys.stdout.write("Some of the tests that were played have failed: see above.\n")
    return harvest


def _nothing(name: str) -> Any:
    def nothing(self: weather.Weather) -> None:
        """As if it had not happened."""

    nothing.__name__ = name
    return nothing


# --- Which items ---------------------------------------------------------------------------------


def chosen(items: list[Wire], table: str) -> dict[str, Wire]:
    """The fewest of these in which all that any of them shows is met, each under a name."""
    readable = [item for item in items if _is_read(table, item)]
    shown = [(item, shows(table, item)) for item in readable]
    missing = {feature for _, features in shown for feature in features}
    kept: dict[str, Wire] = {}
    while missing:
        item, features = max(shown, key=lambda one: (len(one[1] & missing), -len(one[0])))
        missing -= features
        name = base = title(table, item)
        for number in range(2, 1000):
            if name not in kept:
                break
            name = f"{base} ({number})"
        kept[name] = {name: item[name] for name in sorted(item)}
    return dict(sorted(kept.items()))


def _is_read(table: str, item: Wire) -> bool:
    """By the reader of the day, and written back as it stood: not what a test has damaged."""
    kind = readers.KINDS[table].get(readers.kind_of(table, item)) if table in readers.KINDS else ""
    try:
        readers.read(table, item)
        return not kind or today.KINDS[kind].encode(today.KINDS[kind].decode(item)) == item
    except Exception:  # noqa: BLE001 - whatever it is, it is not to be frozen
        return False


def shows(table: str, item: Wire) -> set[Hashable]:
    """What an item is worth keeping for."""
    kind = readers.kind_of(table, item)
    state = item.get("state", {}).get("S", "")
    features: set[Hashable] = {(kind, state, name) for name in item}
    if kind or not state:
        return {(kind, *sorted(item))}
    why = set(reasons(table, item))
    # Each state with its reasons; the chain's words, receipts and what a blocked one owes, once.
    main = {pair for pair in why if pair[0] not in ("chain_error", "doubt", "odd")}
    if state in ("blocked", "failed"):
        main = {pair for pair in main if pair[0] in (state, "blocked_from")}
    return features | why | {tuple(sorted({("state", state), *main}))}


def reasons(table: str, item: Wire) -> Iterator[tuple[str, str]]:
    """Why it stands as it does: pairs of what `EXPECTED` names and a reason."""
    record = readers.read(table, item)
    state = record.get("state", "")
    yield "state", state
    for name in WHY:
        if name not in record:
            continue
        known = EXPECTED[readers.KINDS[table][""]]
        group = name
        if name == "reason":
            group = state if state in ("blocked", "failed") else "waits"
        elif name == "blocked_reason":
            continue
        is_known = record[name] in known.get(group, set())
        yield group, record[name] if is_known else "(other)"
    for receipt in record.get("receipts", ()):
        yield "odd", receipt.get("odd", "")


def title(table: str, item: Wire) -> str:
    """What a person calls it."""
    kind = readers.kind_of(table, item)
    if kind or "state" not in item:
        return kind.rstrip("#") or "product"
    record = readers.read(table, item)
    why = [record[name] for name in WHY if name in record and name != "blocked_reason"]
    return ", ".join(dict.fromkeys([record["state"], *why]))


def not_reached(kept: dict[str, dict[str, Wire]]) -> list[str]:
    """What the code of the day can write as far as is known, and did not."""
    missing = []
    for table, kinds in readers.BY_TABLE.items():
        items = list(kept[table].values())
        prefixes = {readers.kind_of(table, item) for item in items}
        missing += [f"{table} {prefix}" for prefix in kinds if prefix not in prefixes]
        if table not in readers.KINDS:
            continue
        records = [item for item in items if not readers.kind_of(table, item)]
        met = {pair for item in records for pair in reasons(table, item)}
        kind = readers.KINDS[table][""]
        for group, values in EXPECTED[kind].items():
            lacking = sorted(value for value in values if (group, value) not in met)
            missing += [f"{kind} {group} {value}" for value in lacking]
    return missing


# --- Messages and events -------------------------------------------------------------------------


def wake_ups(bodies: list[str]) -> dict[str, Any]:
    """One of each kind of work."""
    kept: dict[str, Any] = {}
    for body in bodies:
        kept.setdefault(readers.wake_up(body)[0], {"body": body})
    return dict(sorted(kept.items()))


def payout_messages(messages: list[dict[str, str]]) -> dict[str, Any]:
    """One about a payout, one about a wallet's book; with what SQS orders and drops them by."""
    kept: dict[str, Any] = {}
    for message in messages:
        key, _ = readers.payout_wake_up(message["MessageBody"])
        kept.setdefault("book" if key.startswith("wallet#") else "payout", message)
    return dict(sorted(kept.items()))


def events(entries: list[dict[str, str]]) -> dict[str, Any]:
    """Of each type those that differ in what they leave empty."""
    kept: dict[str, Any] = {}
    for entry in entries:
        detail = json.loads(entry["Detail"])
        empty = [name for name, value in detail.items() if value is None]
        kept.setdefault(f"{entry['DetailType']}, no {' '.join(empty) or '-'}", entry)
    return dict(sorted(kept.items()))


def creations(bodies: list[Any]) -> dict[str, Any]:
    """What Pi is asked to create for a payout: the key that names it there is found for ever."""
    kept: dict[str, Any] = {}
    for body in bodies:
        is_refund = "refund_of" in body["payment"]["metadata"]
        kept.setdefault("refund" if is_refund else "payout", body)
    return dict(sorted(kept.items()))


# --- The files -----------------------------------------------------------------------------------

FILES = {
    "payments": "PaymentsTable",
    "payouts": "PayoutsTable",
    "rewards": "RewardsTable",
    "products": "ProductsTable",
}


def main() -> int:
    if len(sys.argv) != 2:
        sys.stdout.write(f"{__doc__}")
        return 2
    folder = Path(sys.argv[1])
    harvest = harvested()
    kept = {table: chosen(harvest.items[table], table) for table in FILES.values()}
    files: dict[str, Any] = {name: kept[table] for name, table in FILES.items()}
    bodies = [message["MessageBody"] for message in harvest.messages["WakeUps"]]
    files |= {
        "wake_ups": wake_ups(bodies),
        "payout_queue": payout_messages(harvest.messages["Payouts"]),
        "events": events(harvest.entries),
        "creations": creations(harvest.created),
        "template": stack(translate(load(ROOT / "template.yaml"))),
        "api": api(),
        "metrics": {"names": sorted(sent())},
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        with (folder / f"{name}.json").open("x") as file:  # raises if it exists
            file.write(f"{json.dumps(content, indent=1, ensure_ascii=False)}\n")
        sys.stdout.write(f"{len(content):4} {name}\n")
    sys.stdout.write("Not reached:\n" + "".join(f"  {one}\n" for one in not_reached(kept)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
