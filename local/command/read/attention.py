"""All that waits for a person, each with the command that comes next."""

from collections.abc import Iterator

from local.command.deployed import Deployed
from local.command.read.dead_letters import DEAD_LETTERS, waiting
from local.command.read.products import unusable
from local.command.tell import Row
from shared.app import App
from shared.aws.dynamodb import DUE_SHARDS
from shared.book.store import wallet_of
from shared.payments.record import Attention
from shared.work.due import DueRow

# What an operator would do, in this order, until it is mended.
NEXT = {
    Attention.GONE: ("settle {id}", "pay-back {id}", "close {id} --as not_sold"),
    Attention.ODD_RECEIPT: ("why {id}", "refund {id} --amount AMOUNT"),
    Attention.NEVER_VERIFIES: ("why {id}", "settle {id}"),
    Attention.CANCELLED_BUT_PAID: ("refund {id}", "close {id} --as not_sold"),
    Attention.UNMATCHED: ("refund {id}", "close {id} --as looked_after"),
}
BLOCKED = ("why {id}", "resume {id}", "fail {id}")
MEANINGS = {reason.value: reason for reason in Attention}


def commands(deployed: Deployed, words: tuple[str, ...], key: str = "") -> list[str]:
    """As they are typed, or copied: for this stack, whichever is yours by default."""
    return [f"pi-bundle {one.format(id=key)} {deployed.option}" for one in words]


def attention(deployed: Deployed) -> list[Row]:
    return [
        *_records(deployed),
        *_doubts(deployed),
        *_dead_letters(deployed),
        *_products(deployed),
    ]


def alarms(deployed: Deployed) -> Iterator[Row]:
    """Those that ring."""
    for name, means in deployed.ringing().items():
        told = {"what": "alarm", "id": name, "why": "rings", "means": means, "since": None}
        yield {**told, "next": commands(deployed, ("doctor",))}


def unfinished(app: App, what: str) -> Iterator[DueRow]:
    """All of a kind that are not finished, but for the wallets' books."""
    for shard in range(DUE_SHARDS):
        for row in app.unfinished[what].unfinished(str(shard)):
            if wallet_of(row.key) is None:
                yield row


def _records(deployed: Deployed) -> Iterator[Row]:
    for what in ("payment", "payout"):
        for row in unfinished(deployed.app, what):
            if row.needs_review is None:
                continue
            reason = MEANINGS.get(row.needs_review)
            yield {
                "what": what,
                "id": row.key,
                "why": row.needs_review,
                "means": reason.meaning if reason else "A program cannot decide.",
                "since": row.created_at,
                "next": commands(deployed, BLOCKED if reason is None else NEXT[reason], row.key),
            }


def _doubts(deployed: Deployed) -> Iterator[Row]:
    """Movements of the wallet that a book could not place."""
    proof = deployed.app.prove_wallet
    sides = proof.payments, proof.payouts
    for side in sides:
        for wallet in side.days.wallets():
            book = side.books.get(wallet)
            for doubt in book.doubts if book else ():
                yield {
                    "what": "transfer",
                    "id": doubt.subject or str(doubt.token),
                    "why": "in_doubt",
                    "means": "The wallet's book cannot match it with a record.",
                    "since": None,
                    "next": commands(deployed, ("why {id}",), doubt.subject)
                    if doubt.subject
                    else [],
                }


def _dead_letters(deployed: Deployed) -> Iterator[Row]:
    for name in DEAD_LETTERS:
        if number := waiting(deployed, name):
            yield {
                "what": "dead letters",
                "id": name,
                "why": f"{number} messages",
                "means": DEAD_LETTERS[name].meaning,
                "since": None,
                "next": commands(deployed, ("redrive {id}",), name),
            }


def _products(deployed: Deployed) -> Iterator[Row]:
    for product_id, wrong in unusable(deployed.app):
        yield {
            "what": "product",
            "id": product_id,
            "why": "unusable",
            "means": wrong,
            "since": None,
            "next": commands(deployed, ("products put {id} --price PRICE",), product_id),
        }
