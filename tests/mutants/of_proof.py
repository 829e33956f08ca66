"""Edits to the daily proof."""

from tests.mutants.edit import Edit

PROVE = "shared/proof/prove.py"
PROOF = "shared/proof/record.py"
IN_PROOF = "tests/weather/test_proof.py"
UNREAD = f"{IN_PROOF}::test_a_chain_that_cannot_be_read_proves_nothing"
EDITED = f"{IN_PROOF}::test_a_record_that_was_edited"

EDITS = [
    Edit(
        "proof-of-a-day-that-a-book-has-not-read",
        PROVE,
        "    if any(book.until < day.ends for book in books.values()):\n",
        "    if any(book.until < day.begins for book in books.values()):\n",
        "Only a day that both books have read to its end is proven.",
        f"{IN_PROOF}::test_a_book_that_is_behind_proves_nothing",
    ),
    Edit(
        "proof-over-a-hole",
        PROVE,
        " or not _is_whole(parts, first, day.ends):\n",
        ":\n",
        "A day of which Horizon lacks a ledger is not proven.",
        UNREAD,
    ),
    Edit(
        "proof-of-the-rest-of-a-day",
        PROVE,
        "        if first.closed_at >= needed or not _is_whole(",
        "        if not _is_whole(",
        "A day whose morning Horizon does not show is not proven.",
        UNREAD,
    ),
    Edit(
        "proof-that-failed-says-that-it-did-not",
        PROVE,
        'gauge("ProofMissing", int(not is_proven))',
        'gauge("ProofMissing", int(is_proven))',
        "No proof rings an alarm.",
        UNREAD,
    ),
    Edit(
        "completed-record-not-looked-for-on-the-chain",
        PROVE,
        "    if transaction is None:\n        return Why.NO_TRANSACTION\n",
        "    if transaction is None:\n        return None\n",
        "What is completed has its transaction on the chain.",
        f"{IN_PROOF}::test_completed_and_never_on_the_chain",
    ),
    Edit(
        "record-that-nobody-can-prove-passed-over",
        PROVE,
        "            unproven.append(row.subject)\n",
        "            continue\n",
        "What was completed before the network began anew is not proven.",
        f"{IN_PROOF}::test_a_network_that_began_anew_proves_nothing_of_what_was_before",
    ),
    Edit(
        "amount-of-a-record-not-compared",
        PROOF,
        "    return None if settled.amount in amounts else Why.OTHER_AMOUNT\n",
        "    return None\n",
        "A completed record has the amount that its transaction moved.",
        f"{IN_PROOF}::test_paid_days_ago_in_another_amount",
    ),
    Edit(
        "memo-of-a-transaction-not-compared",
        PROOF,
        "    if memo is None or memo != settled.payment_id or not amounts:\n",
        "    if not amounts:\n",
        "A completed record's transaction has its memo.",
        f"{IN_PROOF}::test_a_transaction_that_pays_another",
    ),
    Edit(
        "movement-without-a-record-passed-over",
        PROVE,
        "    if told is None and memo in side.foreign:\n",
        "    if told is None:\n",
        "Each movement of the day has a record that tells of it.",
        EDITED,
    ),
    Edit(
        "foreign-memo-not-remembered",
        "shared/payments/note.py",
        "            parts.foreign.add(payment_id, movement.txids[0])\n",
        "            pass\n",
        "What a stranger's memo names was reported, and rings no alarm a day later.",
        f"{IN_PROOF}::test_a_busy_day",
    ),
    Edit(
        "foreign-whoever's-key-it-is",
        "shared/payments/note.py",
        "        if payment is not None or parts.canary.can_tell:\n",
        "        if True:\n",
        "What another app's key does not know may be this app's: the daily proof tells of it.",
        f"{IN_PROOF}::test_paid_while_nothing_could_tell_that_the_key_was_another_apps",
    ),
    Edit(
        "noted-movement-not-missed",
        PROOF,
        "payment.noted(record, movement, now=0) != record:",
        "payment.noted(record, movement, now=0) is None:",
        "A record tells of each movement that is not its own payment.",
        f"{IN_PROOF}::test_what_the_book_has_noted_and_somebody_has_removed",
    ),
    Edit(
        "what-goes-out-taken-for-what-comes-in",
        PROOF,
        "    return moved.destination == wallet\n",
        "    return wallet in (moved.source, moved.destination)\n",
        "In and out are summed apart.",
        f"{IN_PROOF}::test_a_busy_day",
    ),
    Edit(
        "day-not-written",
        "shared/payments/store.py",
        "        **day_key(record.completed_at, "
        "record.cancelled_at if record.last_event else None),\n",
        "",
        "What is completed is found by its day.",
        f"{IN_PROOF}::test_completed_and_never_on_the_chain",
    ),
    Edit(
        "silent-proof-is-fine",
        "template.yaml",
        "GreaterThanOrEqualToThreshold\n      TreatMissingData: breaching\n",
        "GreaterThanOrEqualToThreshold\n      TreatMissingData: notBreaching\n",
        "A proof that does not run alarms.",
        "tests/template/test_alarms.py",
    ),
    Edit(
        "proof-alarm-ends-between-proofs",
        "template.yaml",
        "# Until the next proof nothing is known anew.\n      TreatMissingData: ignore",
        "# Until the next proof nothing is known anew.\n      TreatMissingData: notBreaching",
        "What differs alarms until the next proof.",
        "tests/template/test_alarms.py",
    ),
]
