"""The Python SDK's side of test_stellar_sdks.py: what contract.js does, by the SDK's own calls."""

import json
from typing import Any

import pytest
from stellar_sdk import (
    Account,
    Asset,
    Keypair,
    Server,
    TransactionBuilder,
    TransactionEnvelope,
)
from stellar_sdk.client.requests_client import RequestsClient
from stellar_sdk.exceptions import BadRequestError, BaseHorizonError


class PythonSdk:
    """`call` gives the answer; or, if the SDK raised Horizon's problem, what it says."""

    def call(self, url: str, name: str, **given: Any) -> dict[str, Any]:
        with Server(url, RequestsClient(num_retries=0)) as server:
            try:
                answer: dict[str, Any] = getattr(self, name)(server, **given)
            except BaseHorizonError as error:
                extras = error.extras or {}
                return {
                    "refused": {
                        "status": error.status,
                        "type": error.type,
                        "title": error.title,
                        "result_codes": extras.get("result_codes"),
                        "invalid_field": extras.get("invalid_field"),
                    }
                }
            return {"answer": answer}

    def account(self, server: Server, address: str) -> dict[str, Any]:
        account = server.load_account(address)
        shown = server.accounts().account_id(address).call()
        [native] = shown["balances"]
        return {
            "address": account.account.account_id,
            "sequence": str(account.sequence),
            "balance": native["balance"],
            "asset_type": native["asset_type"],
        }

    def fees(self, server: Server) -> dict[str, Any]:
        stats = server.fee_stats().call()
        return {
            "base_fee": server.fetch_base_fee(),
            "last_ledger_base_fee": stats["last_ledger_base_fee"],
            "mode": stats["fee_charged"]["mode"],
            "max": stats["max_fee"]["max"],
        }

    def submit(self, server: Server, **order: Any) -> dict[str, Any]:
        signed = self._build(server, **order)
        answer = server.submit_transaction(signed)
        record = server.transactions().transaction(answer["hash"]).call()
        operations = server.operations().for_transaction(answer["hash"]).call()
        [operation] = operations["_embedded"]["records"]
        read = TransactionEnvelope.from_xdr(answer["envelope_xdr"], order["passphrase"])
        return {
            "hash": answer["hash"],
            "successful": answer["successful"],
            "own_hash": signed.hash_hex(),
            "read_hash": read.hash_hex(),
            "memo": record["memo"],
            "ledger": record["ledger"],
            "signatures": len(record["signatures"]),
            "to": operation["to"],
            "amount": operation["amount"],
        }

    def submit_async(self, server: Server, **order: Any) -> dict[str, Any]:
        signed = self._build(server, **order)
        answer = server.submit_transaction_async(signed)
        with pytest.raises(BadRequestError) as again:
            server.submit_transaction_async(signed)
        return {
            "own_hash": signed.hash_hex(),
            "hash": answer["hash"],
            "status": answer["tx_status"],
            "again": json.loads(again.value.message)["tx_status"],
            "again_status": again.value.status,
        }

    def pages(self, server: Server, address: str, order: str, limit: int) -> dict[str, Any]:
        builder = server.payments().for_account(address).limit(limit).order(order == "desc")
        page, pages = builder.call(), []
        while rows := _hashes(page):
            pages.append(rows)
            page = builder.next()
        return {"pages": pages, "last": _hashes(builder.prev())}

    def missing(self, server: Server, txid: str) -> dict[str, Any]:
        return dict(server.transactions().transaction(txid).call())

    def bad_cursor(self, server: Server) -> dict[str, Any]:
        return dict(server.transactions().cursor("yesterday").call())

    def _build(
        self,
        server: Server,
        *,
        seed: str,
        passphrase: str,
        to: str,
        amount: str,
        memo: str,
        fee: int,
        sequence_off: int = 0,
    ) -> TransactionEnvelope:
        keys = Keypair.from_secret(seed)
        sequence = server.load_account(keys.public_key).sequence + sequence_off
        envelope = (
            TransactionBuilder(Account(keys.public_key, sequence), passphrase, fee)
            .append_payment_op(to, Asset.native(), amount)
            .add_text_memo(memo)
            .set_timeout(180)
            .build()
        )
        envelope.sign(keys)
        return envelope


def _hashes(page: dict[str, Any]) -> list[str]:
    return [record["transaction_hash"] for record in page["_embedded"]["records"]]
