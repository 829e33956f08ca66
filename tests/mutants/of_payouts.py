"""Edits to payouts."""

from tests.mutants.edit import Edit

PAYOUT = "shared/payouts/record.py"
DECISION = "shared/payouts/decision.py"
SEND = "shared/payouts/send.py"
COMPARE = "shared/payouts/compare.py"
REQUEST = "shared/payouts/request.py"
STORE = "shared/payouts/store.py"

IN_PI = "tests/payouts/test_pi.py"
IN_CHAIN = "tests/payouts/test_chain.py"
IN_ATTACKS = "tests/payouts/test_attacks.py"
IN_REQUESTS = "tests/payouts/test_requests.py"
IN_BOOK_OF_PAYOUTS = "tests/payouts/test_book.py"
IN_RESTORE = "tests/payouts/test_restore.py"
IN_DECISIONS = "tests/payouts/test_decisions.py"

EDITS = [
    # --- Have it created, once ---
    Edit(
        "no-wait-after-an-unclear-creation",
        DECISION,
        "create_attempted_at is not None and case.now < settled_at:\n",
        "create_attempted_at is not None and case.now < record.create_attempted_at:\n",
        "Pi is not asked again before what it may have created had time to show.",
        f"{IN_PI}::test_a_creation_whose_outcome_is_unclear",
    ),
    Edit(
        "creation-not-written-down-first",
        SEND,
        "    record = _write(parts, record, decision.new)\n"
        "    try:\n"
        "        payment = parts.pi.create",
        "    try:\n        payment = parts.pi.create",
        "A creation is written down before it is asked for.",
        "tests/payouts/test_pi.py::test_a_creation_whose_outcome_is_unclear",
    ),
    Edit(
        "list-of-open-payments-not-looked-at",
        DECISION,
        "if payout_of(payment) == record.payout_id and not payment.is_cancelled:",
        "if payout_of(payment) == record.payout_id and payment.is_cancelled:",
        "What Pi has created already is adopted.",
        f"{IN_PI}::test_what_pi_has_open_for_it_is_not_created_again",
    ),
    Edit(
        "another-payments-answer-adopted",
        SEND,
        "    if payout_of(payment) != record.payout_id:\n        raise PiInvalidResponse",
        "    if payment.identifier == record.payout_id:\n        raise PiInvalidResponse",
        "A created payment is adopted only if it carries our payout id.",
        f"{IN_PI}::test_a_creation_that_answers_with_another_payment_pays_nobody_else",
    ),
    Edit(
        "payment-in-the-way-adopted",
        DECISION,
        "if in_the_way is not None and payout_of(in_the_way) == record.payout_id:",
        "if in_the_way is not None:",
        "Another payout's payment is not this one's.",
        "tests/payouts/test_pi.py::test_another_payout_of_ours_is_in_the_way",
    ),
    Edit(
        "created-while-switched-off",
        DECISION,
        "    if not case.ask(Ask.SWITCH_AGAIN):\n        return case.wait(Reason.PAYOUTS_OFF)\n",
        "",
        "The switch is asked just before Pi is.",
        "tests/payouts/test_switch.py::test_thrown_before_any_effect",
    ),
    Edit(
        "switched-off-asks-pi",
        DECISION,
        "    if not case.ask(Ask.SWITCH):\n"
        "        return case.wait(Reason.PAYOUTS_OFF)\n"
        "    if case.seen.held",
        "    if case.seen.held",
        "A payout that is switched off costs Pi no calls.",
        "tests/payouts/test_switch.py::test_a_payout_that_is_off_costs_pi_no_calls",
    ),
    Edit(
        "refused-for-ever",
        DECISION,
        "    if again.refusals >= MOST_REFUSALS:\n",
        "    if again.refusals < 0:\n",
        "A creation that is refused without a reason is not tried for ever.",
        f"{IN_PI}::test_a_creation_that_is_refused_without_a_reason",
    ),
    Edit(
        "refused-creation-waits-as-an-unclear-one",
        PAYOUT,
        "create_attempted_at=None, refusals=record.refusals + 1",
        "refusals=record.refusals + 1",
        "A clear refusal is no unclear outcome.",
        f"{IN_PI}::test_a_refused_creation_does_not_wait_as_an_unclear_one",
    ),
    Edit(
        "user-not-found-by-another-apps-key",
        DECISION,
        "case.hold_up(cause, at=not_created(record, now, cause))",
        "case.write(never_created(record, Reason.USER_NOT_FOUND, now))",
        "While the key is another app's nothing fails.",
        "tests/payouts/test_pi.py::test_another_apps_key_blocks_none",
    ),
    Edit(
        "unknown-user-for-ever",
        DECISION,
        "if is_ours and asked_for >= UNKNOWN_USER_PATIENCE_SECONDS:",
        "if is_ours and asked_for < 0:",
        "A user who is not there for a month ends the payout.",
        f"{IN_PI}::test_pi_has_not_known_him_for_a_month",
    ),
    Edit(
        "withdrawal-answer-ignored",
        SEND,
        "parts.pi.cancel(str(record.payment_id)).is_cancelled",
        "parts.pi.cancel(str(record.payment_id)) is not None",
        "A payout begins anew only once Pi shows its payment to be cancelled.",
        f"{IN_CHAIN}::test_pi_answers_its_cancellation_and_has_not_cancelled_it",
    ),
    Edit(
        "withdrawals-without-end",
        STORE,
        ':one": 1, ":most": MOST_WITHDRAWALS',
        ':one": 1, ":most": 100 * MOST_WITHDRAWALS',
        "Pi limits an app's cancelled payments.",
        f"{IN_CHAIN}::test_no_more_is_withdrawn_in_a_day_than_pi_bears",
    ),
    Edit(
        "no-account-for-ever",
        DECISION,
        "(record.no_account_since or case.now) >= NO_DESTINATION_PATIENCE_SECONDS:\n",
        "(record.no_account_since or case.now) < 0:\n",
        "A recipient without an account for a day ends the payout.",
        f"{IN_CHAIN}::test_it_fails_after_a_day",
    ),
    Edit(
        "given-up-without-a-search",
        DECISION,
        "    case.ask(Ask.BOOK, wallet)\n    if case.ask(Ask.ACCOUNT, wallet) is None:",
        "    if case.ask(Ask.ACCOUNT, wallet) is None:",
        "A payout that was paid before a restore does not fail.",
        "tests/payouts/test_restore.py::test_given_up_but_paid_long_ago",
    ),
    Edit(
        "given-up-under-another-apps-key",
        DECISION,
        "    if case.ask(Ask.KEY) is False:\n"
        "        return case.hold_up(Reason.SERVER_KEY_OF_ANOTHER_APP)\n"
        "    case.ask(Ask.BOOK",
        "    case.ask(Ask.BOOK",
        "While the key is another app's nothing is given up.",
        f"{IN_PI}::test_a_request_is_not_given_up_while_the_key_is_another_apps",
    ),
    Edit(
        "created-on-an-older-word-of-the-switch",
        DECISION,
        "    if not case.ask(Ask.SWITCH_AGAIN):\n",
        "    if not case.ask(Ask.SWITCH):\n",
        "The switch is asked just before Pi is, not only at first.",
        "tests/payouts/test_switch.py::test_thrown_before_any_effect",
    ),
    Edit(
        "unanswered-account-taken-for-none",
        DECISION,
        "        has_account = True  # asked again before anything is signed\n",
        "        has_account = False\n",
        "No answer never counts as absent: the payment stays, and the account is asked for again.",
        f"{IN_CHAIN}::test_an_account_that_cannot_be_asked_for_is_asked_for_before_signing",
    ),
    Edit(
        "another-seeds-silence-proves",
        DECISION,
        "    if case.ask(Ask.ACCOUNT, wallet) is None:  "
        "# another seed's, perhaps: that proves nothing\n"
        "        return case.unclear()\n",
        "",
        "A wallet that is none has paid nothing, which proves nothing of the right one.",
        f"{IN_RESTORE}::test_given_up_while_the_seed_is_wrong",
    ),
    # --- Sign one transaction ---
    Edit(
        "sequence-read-after-the-search",
        DECISION,
        """\
    account: Account | None = case.ask(Ask.ACCOUNT, wallet)
    is_over = payment.is_cancelled or record.ending is not None
    case.ask(Ask.BOOK, wallet, record.max_time if is_over else None)
""",
        """\
    is_over = payment.is_cancelled or record.ending is not None
    case.ask(Ask.BOOK, wallet, record.max_time if is_over else None)
    account: Account | None = case.ask(Ask.ACCOUNT, wallet)
""",
        "What is applied after the search takes the sequence number from ours.",
        f"{IN_CHAIN}::test_an_old_envelope_is_applied_while_a_new_one_is_signed",
    ),
    Edit(
        "signed-without-a-search",
        DECISION,
        "    case.ask(Ask.BOOK, wallet, record.max_time if is_over else None)\n",
        "    if is_over:\n        case.ask(Ask.BOOK, wallet, record.max_time)\n",
        "What was paid before a restore is not paid again.",
        f"{IN_RESTORE}::test_a_paid_payout_is_not_paid_again",
    ),
    Edit(
        "cancelled-while-a-forgotten-envelope-lives",
        DECISION,
        "    if is_over and record.max_time is None:\n        return _let_forgotten_die(case)\n",
        "",
        "What a restored table has forgotten may still be applied.",
        f"{IN_RESTORE}::test_given_up_while_a_forgotten_envelope_is_alive",
    ),
    Edit(
        "envelopes-without-end",
        DECISION,
        "    if record.envelopes >= MOST_ENVELOPES:\n",
        "    if record.envelopes < 0:\n",
        "A transaction is not signed for ever.",
        f"{IN_CHAIN}::test_the_number_is_taken_again_and_again",
    ),
    Edit(
        "signed-with-another-wallets-seed",
        DECISION,
        "    if not case.ask(Ask.SIGNS_FOR, expected.transfer.source):\n",
        "    if not expected.transfer.source:\n",
        "The seed is the wallet's that Pi names.",
        "tests/payouts/test_chain.py::test_the_wrong_seed",
    ),
    Edit(
        "signed-for-nobodys-account",
        DECISION,
        "    if not case.ask(Ask.HAS_ACCOUNT, expected.transfer.destination):\n",
        "    if not expected.transfer.destination:\n",
        "A recipient without an account is found before anything is signed.",
        f"{IN_CHAIN}::test_an_account_that_cannot_be_asked_for_is_asked_for_before_signing",
    ),
    Edit(
        "signed-while-switched-off",
        DECISION,
        "        return case.hold_up(cause)\n"
        "    if not case.ask(Ask.SWITCH):\n"
        "        return case.wait(Reason.PAYOUTS_OFF)\n",
        "        return case.hold_up(cause)\n",
        "The switch is asked just before a transaction is signed.",
        "tests/payouts/test_switch.py::test_what_expired_unpaid_is_not_signed_again_while_off",
    ),
    Edit(
        "any-fee",
        DECISION,
        "    if fee > case.terms.fee_cap.stroops:\n        return Reason.FEE_ABOVE_CAP\n",
        "",
        "A transaction costs no more than the operator allows.",
        f"{IN_CHAIN}::test_the_fee_is_above_the_cap",
    ),
    Edit(
        "reserve-not-kept",
        DECISION,
        "free = account.free - account.reserves * case.ask(Ask.RESERVE)",
        "free = account.free",
        "The wallet keeps what the chain wants it to keep.",
        f"{IN_CHAIN}::test_the_wallet_has_too_little",
    ),
    Edit(
        "moved-payment-paid",
        PAYOUT,
        "    return then != (payment.from_address, payment.to_address)\n",
        "    return then == (payment.to_address, payment.from_address)\n",
        "A payment whose wallets changed since is not paid.",
        "tests/payouts/test_pi.py::test_pi_shows_another_payment_than_was_asked_for",
    ),
    Edit(
        "another-amount-paid",
        PAYOUT,
        "    if payment.amount != record.amount:\n        return Reason.UNEXPECTED_AMOUNT\n",
        "",
        "Only what was asked for is paid.",
        f"{IN_PI}::test_pi_shows_another_payment_than_was_asked_for",
    ),
    Edit(
        "another-user-paid",
        PAYOUT,
        "    if payment.user_uid != record.uid:\n        return Reason.UNEXPECTED_USER\n",
        "",
        "Only who was asked for is paid.",
        f"{IN_PI}::test_pi_shows_another_payment_than_was_asked_for",
    ),
    Edit(
        "another-network-paid",
        PAYOUT,
        "    if payment.network != network:\n",
        "    if payment.network is None:\n",
        "Test-Pi and Pi are not mixed up.",
        f"{IN_PI}::test_the_app_is_on_another_network",
    ),
    Edit(
        "no-answer-taken-for-absent",
        DECISION,
        "            raise _NoAnswerError(answer)\n",
        "            return None\n",
        "No answer never counts as absent: where there is none, the payout waits.",
        f"{IN_DECISIONS}::test_given_up_while_the_chain_cannot_be_read",
    ),
    Edit(
        "signed-after-a-search-of-the-past",
        DECISION,
        "    case.ask(Ask.BOOK, wallet, record.max_time if is_over else None)\n",
        "    case.ask(Ask.BOOK, wallet, record.max_time if is_over else 0)\n",
        "Before anything is signed the book must show the present, not only what is dead.",
        f"{IN_CHAIN}::test_horizon_lags_before_anything_is_signed",
    ),
    # --- Hand it in ---
    Edit(
        "submitted-though-pi-names-another",
        DECISION,
        "    if named is not None or case.now > record.max_time or is_over:\n",
        "    if case.now > record.max_time or is_over:\n",
        "Where Pi names another transaction, ours is not handed in.",
        f"{IN_CHAIN}::test_pi_names_another_transaction_than_ours",
    ),
    Edit(
        "submitted-after-its-time",
        DECISION,
        "    if named is not None or case.now > record.max_time or is_over:\n",
        "    if named is not None or is_over:\n",
        "An envelope that is over is not handed in.",
        f"{IN_CHAIN}::test_its_time_is_over_and_the_chain_has_a_minute_to_show_it",
    ),
    Edit(
        "dead-before-the-chain-has-settled",
        DECISION,
        "    if case.now > settled_at:\n",
        "    if case.now > record.max_time:\n",
        "One node shows what was applied a minute later than another.",
        f"{IN_CHAIN}::test_its_time_is_over_and_the_chain_has_a_minute_to_show_it",
    ),
    Edit(
        "submission-not-written-down-first",
        DECISION,
        "Step.SUBMIT, submitted(record, case.now))\n",
        "Step.SUBMIT, waiting(record, case.now + RETRY_SECONDS, Reason.NOT_APPLIED))\n",
        "What may have been paid is written down before.",
        "tests/payouts/test_switch.py::test_what_was_submitted_is_finished_while_off",
    ),
    Edit(
        "handed-in-while-switched-off",
        DECISION,
        "    if record.submitted_at is None and not case.ask(Ask.SWITCH):\n"
        "        return case.wait(Reason.PAYOUTS_OFF)\n",
        "",
        "The switch stops what was not handed in yet.",
        "tests/payouts/test_switch.py::test_thrown_before_any_effect",
    ),
    Edit(
        "off-holds-up-what-was-submitted",
        DECISION,
        "    if record.submitted_at is None and not case.ask(Ask.SWITCH):\n",
        "    if not case.ask(Ask.SWITCH):\n",
        "What may have been paid is finished, switch or not.",
        "tests/payouts/test_switch.py::test_what_was_submitted_is_finished_while_off",
    ),
    Edit(
        "handed-in-though-it-is-to-end",
        DECISION,
        "    is_over = payment.is_cancelled or record.ending is not None\n    if named",
        "    is_over = payment.is_cancelled\n    if named",
        "What a person gives up is not handed in again.",
        "tests/payouts/test_decisions.py::test_given_up_while_an_envelope_is_alive",
    ),
    Edit(
        "handed-in-though-cancelled-at-pi",
        DECISION,
        "    is_over = payment.is_cancelled or record.ending is not None\n    if named",
        "    is_over = record.ending is not None\n    if named",
        "What Pi has cancelled is not paid.",
        f"{IN_CHAIN}::test_pi_has_cancelled_it_before_it_is_handed_in",
    ),
    Edit(
        "old-chain-error-decides",
        PAYOUT,
        "        submitted_at=None,\n        chain_error=None,\n        doubt=None,\n",
        "        submitted_at=None,\n        doubt=None,\n",
        "What the chain said of an earlier envelope decides nothing about a later one.",
        f"{IN_CHAIN}::test_what_the_chain_said_of_an_earlier_envelope_says_nothing_of_a_later_one",
    ),
    Edit(
        "old-max-time-decides",
        PAYOUT,
        "        txid=None,\n        max_time=None,\n",
        "        txid=None,\n",
        "The last moment of an earlier envelope decides nothing about a later one.",
        f"{IN_RESTORE}::test_ended_while_the_second_envelope_is_forgotten",
    ),
    Edit(
        "old-max-time-decides-after-a-decision",
        PAYOUT,
        "max_time=record.max_time if record.envelope else None",
        "max_time=record.max_time",
        "The wait for a forgotten envelope begins anew with a person's decision.",
        f"{IN_DECISIONS}::test_a_decision_forgets_the_last_moment_of_what_is_not_signed",
    ),
    Edit(
        "handed-in-on-an-older-word-of-the-switch",
        DECISION,
        "    payment, settled_at = _payment_of(case), record.max_time + CHAIN_SETTLES_SECONDS\n",
        "    case.ask(Ask.SWITCH)\n"
        "    payment, settled_at = _payment_of(case), record.max_time + CHAIN_SETTLES_SECONDS\n",
        "The switch is asked just before a transaction is handed in, not only at first.",
        "tests/payouts/test_switch.py::test_thrown_before_any_effect",
    ),
    Edit(
        "dead-without-a-search",
        DECISION,
        "    case.ask(Ask.BOOK, _wallet_of(case), dead_since)\n",
        "",
        "What was signed is dead only once the wallet's book shows that it has not paid.",
        f"{IN_CHAIN}::test_paid_in_a_ledger_that_horizon_lacks",
    ),
    # --- Tell Pi what paid it ---
    Edit(
        "another-transaction-reported",
        DECISION,
        "    if named and txid and named != txid:\n"
        "        return case.block(Reason.OTHER_TRANSACTION)  # paid by somebody else as well?\n",
        "",
        "Two transactions for one payout are a person's.",
        "tests/payouts/test_chain.py::test_paid_by_somebody_else_later",
    ),
    Edit(
        "report-answer-ignored",
        SEND,
        "    if not payment.status.developer_completed:\n        raise PiInvalidResponse\n",
        "",
        "Only what Pi shows to be completed is completed.",
        f"{IN_ATTACKS}::test_pi_answers_the_completion_and_has_not_completed_it",
    ),
    Edit(
        "given-up-answer-ignored",
        DECISION,
        "    if not payment.is_cancelled:\n"
        "        return case.block(Reason.NOT_CANCELLED)\n"
        "    reason =",
        "    reason =",
        "A payout fails only once Pi shows its payment to be cancelled.",
        f"{IN_ATTACKS}::test_pi_does_not_cancel_what_is_given_up",
    ),
    Edit(
        "failed-and-open-at-pi",
        DECISION,
        "        return Decision(Step.CANCEL, record)\n"
        "    if not payment.is_cancelled:\n"
        "        return case.block(Reason.NOT_CANCELLED)\n",
        "",
        "A payout that failed is open nowhere.",
        "tests/payouts/test_decisions.py::test_given_up_while_it_is_not_even_blocked",
    ),
    Edit(
        "double-payment-unnoticed",
        DECISION,
        "        if own is not None and own.successful:\n"
        "            return case.block(Reason.OTHER_TRANSACTION)\n",
        "",
        "Two transactions for one payout are a person's.",
        f"{IN_CHAIN}::test_a_later_one_shows_before_ours",
    ),
    Edit(
        "second-payment-stays-open",
        DECISION,
        "    if payment.is_cancelled:\n        return _adopt(case, former)\n",
        "    return _adopt(case, former)\n",
        "What a former payment has paid is not paid by this one as well.",
        "tests/payouts/test_restore.py::test_a_paid_payout_is_not_paid_again",
    ),
    Edit(
        "forgotten-fails-under-another-apps-key",
        DECISION,
        "    if is_ours is False or (is_ours is None and record.giving_up != Reason.GIVEN_UP):\n",
        "    if is_ours is None and record.giving_up != Reason.GIVEN_UP:\n",
        "While the key is another app's nothing is given up.",
        f"{IN_PI}::test_what_pi_does_not_know_is_not_failed_while_the_key_is_another_apps",
    ),
    Edit(
        "refused-transaction-reported",
        DECISION,
        "    if on_chain is not None and on_chain.successful:\n",
        "    if on_chain is not None:\n",
        "What the chain has applied and refused has not paid.",
        f"{IN_CHAIN}::test_the_wallet_is_emptied_at_the_last_moment",
    ),
    Edit(
        "any-submission-reported",
        DECISION,
        "    if submission.txid == case.record.txid:\n"
        "        return _report(case, payment, submission.txid)\n",
        "    if submission.error is None:\n"
        "        return _report(case, payment, case.record.txid)\n",
        "Only what the chain says to be applied is reported.",
        f"{IN_ATTACKS}::test_the_chain_answers_a_submission_and_has_not_applied_it",
    ),
    # --- What has paid it ---
    Edit(
        "anybodys-payment-of-that-name",
        COMPARE,
        "record.uid == asked.uid or record.payment_id == payment_id",
        "True",
        "Another payout of the same id is not this one.",
        f"{IN_RESTORE}::test_another_payout_with_the_same_id_is_not_this_one",
    ),
    Edit(
        "any-payment-of-that-user",
        STORE,
        '.get("paid_for")',
        '.get("payout_id")',
        "Another payout of the same amount to the same user is not this one.",
        "tests/payouts/test_story.py::test_two_of_the_same_amount_to_the_same_user_are_both_paid",
    ),
    Edit(
        "paid-twice-taken-for-paid",
        DECISION,
        "    if len(record.sent) > 1:\n"
        "        return case.block(Reason.OTHER_TRANSACTION)\n"
        "    [sent] = record.sent\n",
        "    sent = record.sent[0]\n",
        "Two transactions for one payout are a person's.",
        f"{IN_CHAIN}::test_a_later_one_paid_as_well_and_one_node_lacks_ours",
    ),
    Edit(
        "refunded-once-more-after-a-restore",
        DECISION,
        "    if record.refund_of is not None and case.ask(Ask.OVER_REFUNDED, record.refund_of):\n",
        "    if False:\n",
        "What a forgotten refund has paid back is not paid back again.",
        f"{IN_RESTORE}::test_another_refund_of_what_a_forgotten_one_has_paid_back",
    ),
    Edit(
        "doubt-proves-that-nothing-was-sent",
        SEND,
        "    if book.is_in_doubt_about(record.payout_id, record.amount.stroops):\n"
        "        return False\n",
        "",
        "What Pi does not know may be ours under another app's key.",
        "tests/payouts/test_restore.py::test_the_server_key_is_another_apps_by_now",
    ),
    Edit(
        "lagging-chain-proves",
        SEND,
        "book.covers >= now - LATELY_SECONDS if",
        "True if",
        "A chain that is behind proves nothing.",
        f"{IN_CHAIN}::test_horizon_lags_before_anything_is_signed",
    ),
    Edit(
        "dead-before-the-chain-has-passed",
        SEND,
        "else book.until > dead_since",
        "else True",
        "Nothing more can come only after a moment that the chain has passed.",
        f"{IN_CHAIN} tests/payouts/test_attacks.py",
    ),
    Edit(
        "forgotten-request-is-created-anew",
        DECISION,
        "    if case.ask(Ask.IS_BEHIND, wallet):\n        case.ask(Ask.BOOK, wallet)\n",
        "",
        "After a restore nothing is created before the book has read back.",
        f"{IN_RESTORE}::test_nothing_is_created_before_the_book_has_read_back",
    ),
    Edit(
        "forgotten-request-not-taken-over",
        COMPARE,
        "parts.payouts.get(asked.payout_id) or parts.payouts.take_over(asked)",
        "parts.payouts.get(asked.payout_id)",
        "What was paid and forgotten is not paid again, however late it is asked for again.",
        f"{IN_RESTORE}::test_a_forgotten_request_comes_again_after_days",
    ),
    Edit(
        "refund-forgotten-twice",
        STORE,
        "            writes.append(self._refund(record, None))\n",
        "            pass\n",
        "A refund that a restore forgot counts again.",
        f"{IN_RESTORE}::test_a_refund_that_the_tables_forgot",
    ),
    Edit(
        "sent-by-hand-unseen",
        COMPARE,
        "    except BadRequest:\n        _report(movement)\n",
        "    except BadRequest:\n",
        "What no payout asked for rings an alarm.",
        f"{IN_BOOK_OF_PAYOUTS}::test_what_was_sent_by_hand_is_reported_once",
    ),
    Edit(
        "paid-after-it-failed-unseen",
        COMPARE,
        "            if record.closed_at is not None:  # paid twice, or after it had failed\n",
        "            if False:\n",
        "A payout that is paid twice rings an alarm.",
        f"{IN_BOOK_OF_PAYOUTS}::test_a_payout_that_was_paid_twice_is_reported",
    ),
    Edit(
        "only-pi-tells-what-was-sent",
        SEND,
        "    parts.payouts.keep_payment(str(decision.new.payment_id), record.payout_id)\n",
        "",
        "What Pi has forgotten is not failed although paid.",
        f"{IN_PI}::test_what_pi_has_forgotten_is_given_up_but_was_paid",
    ),
    # --- Take it on ---
    Edit(
        "another-request-under-the-same-id",
        REQUEST,
        "    if standing.fingerprint != request.fingerprint:\n",
        "    if standing.payout_id != request.payout_id:\n",
        "Another request under the same id is refused.",
        "tests/payouts/test_requests.py::test_another_request_under_the_same_id",
    ),
    Edit(
        "refund-to-somebody-else",
        REQUEST,
        "        if uid not in (None, payer):\n",
        "        if uid is True:\n",
        "A request that contradicts itself is refused.",
        f"{IN_REQUESTS}::test_a_refund_that_contradicts_itself",
    ),
    Edit(
        "unknown-key-obeyed-by-half",
        "functions/request_payout/app.py",
        '    allow_only(KEYS_OF_REFUND, body, "A refund")\n',
        "",
        "A request that contradicts itself is refused.",
        f"{IN_REQUESTS}::test_a_refund_that_contradicts_itself",
    ),
    Edit(
        "new-uid-not-part-of-the-identity",
        REQUEST,
        '({"refund_to": refund_to} if refund_to else {})',
        "{}",
        "Whom a refund goes to is part of the request.",
        f"{IN_REQUESTS}::test_whom_a_refund_goes_to_is_part_of_its_identity",
    ),
    Edit(
        "refund-measured-anew-at-a-repeat",
        REQUEST,
        "    if standing is not None:\n        payer",
        "    if standing is True:\n        payer",
        "The same request gives the same answer, whatever has become of its payment.",
        f"{IN_REQUESTS}::test_a_refund_is_the_same_whatever_has_become_of_its_payment",
    ),
    Edit(
        "metadata-without-its-types",
        "shared/base/exact_json.py",
        "            return str(value)\n",
        "            return json.dumps(str(value))\n",
        "Metadata reaches Pi with its types.",
        f"{IN_REQUESTS}::test_metadata_reaches_pi_with_its_types",
    ),
    Edit(
        "unpaid-payment-refunded",
        REQUEST,
        "    if payment.refundable == ZERO:\n",
        "    if False:\n",
        "Only what was received is given back.",
        "tests/payouts/test_requests.py::test_what_was_never_paid_is_not_refunded",
    ),
    Edit(
        "requested-while-switched-off",
        REQUEST,
        "        if not parts.switch.is_on():\n"
        '            raise Conflict("payouts_off", "Payouts are switched off.")\n',
        "",
        "Nothing is taken on while payouts are off.",
        "tests/payouts/test_requests.py::test_everything_is_refused_while_payouts_are_off",
    ),
    Edit(
        "payout-above-its-cap",
        REQUEST,
        "    if request.amount > caps.payment:\n",
        "    if request.amount > caps.wallet_day:\n",
        "One payout pays no more than its cap.",
        "tests/payouts/test_requests.py::test_what_no_payout_can_be_made_of",
    ),
    Edit(
        "payout-id-taken-from-the-caller",
        REQUEST,
        "    if RESERVED_KEY in request.metadata:\n",
        "    if not request.payout_id:\n",
        "Nobody but us writes the payout id into the metadata.",
        "tests/payouts/test_requests.py::test_what_no_payout_can_be_made_of",
    ),
    Edit(
        "caps-one-payout-late",
        STORE,
        "    room = most.stroops - amount.stroops\n",
        "    room = most.stroops\n",
        "The day's caps hold.",
        "tests/payouts/test_requests.py::test_the_users_day",
    ),
    Edit(
        "first-of-the-day-above-the-cap",
        STORE,
        'first = "attribute_not_exists(#sum) OR " if room >= 0 else ""',
        'first = "attribute_not_exists(#sum) OR "',
        "The day's caps hold for the first payout too.",
        "tests/payouts/test_requests.py::test_a_day_that_is_too_small_for_even_one",
    ),
    Edit(
        "repeat-refused-at-the-cap",
        STORE,
        '        if reasons[0]["Code"] == FAILED_CONDITION:\n'
        '            return self._read(decoded(reasons[0]["Item"]))\n'
        "        codes = (",
        "        codes = (",
        "The same request gives the same answer, also when two of them meet.",
        f"{IN_REQUESTS}::test_the_same_request_meets_itself_at_a_cap",
    ),
    Edit(
        "wallets-day-not-given-back",
        STORE,
        "            self._count(_day_of_wallet(old), minus, None),\n",
        "",
        "A payout that failed gives back all that it had reserved.",
        "tests/payouts/test_requests.py::"
        "test_the_number_is_given_back_unless_the_recipient_was_the_cause",
    ),
    Edit(
        "number-given-back-to-its-cause",
        STORE,
        "        if old.refund_of is None and new.reason not in RECIPIENT_FAULTS:\n",
        "        if old.refund_of is None:\n",
        "A recipient who was the cause cannot make the wallet pay fees without end.",
        "tests/payouts/test_requests.py::"
        "test_the_number_is_given_back_unless_the_recipient_was_the_cause",
    ),
    Edit(
        "refund-given-back-twice",
        STORE,
        "if old.refund_of is not None and refunded >= old.amount.stroops:",
        "if old.refund_of is not None:",
        "Tables restored to different moments do not let more be refunded than was paid.",
        "tests/payouts/test_attacks.py::test_a_payment_restored_apart_is_not_refunded_twice",
    ),
    # --- A person decides ---
    Edit(
        "closed-payout-given-up",
        REQUEST,
        "    if record.closed_at is not None:\n",
        "    if record.state is PayoutState.FAILED:\n",
        "A payout that has come to its end is not given up.",
        "tests/payouts/test_decisions.py::"
        "test_only_what_is_blocked_is_resumed_and_only_what_is_open_given_up",
    ),
    Edit(
        "running-payout-resumed",
        REQUEST,
        "    if record.state is not PayoutState.BLOCKED:\n",
        "    if record.closed_at is not None:\n",
        "Only what is blocked is resumed.",
        "tests/payouts/test_decisions.py::"
        "test_only_what_is_blocked_is_resumed_and_only_what_is_open_given_up",
    ),
    Edit(
        "lost-decision-answers-200",
        REQUEST,
        "    if not written:\n        raise WriteConflict\n",
        "",
        "A decision that was lost to another writer is said so.",
        f"{IN_DECISIONS}::test_a_decision_that_somebody_else_overtakes_is_not_answered_as_taken",
    ),
    Edit(
        "blocked-and-nobody-looks",
        PAYOUT,
        "    elif record.state is PayoutState.BLOCKED:\n"
        "        due_at = now + ATTENTION_PAUSE_SECONDS\n",
        "    elif record.state is PayoutState.BLOCKED:\n        due_at = None\n",
        "What is blocked stays in sight.",
        f"{IN_DECISIONS}::test_what_is_blocked_is_looked_at_daily",
    ),
    Edit(
        "step-after-a-lost-write",
        SEND,
        "    standing, written = parts.payouts.replace(old, new)\n"
        "    if not written:\n"
        "        raise WriteConflict\n",
        "    standing, _ = parts.payouts.replace(old, new)\n",
        "Who lost a write does not act on what it would have written.",
        "tests/payouts/test_overlap.py::test_the_other_one_goes_first_at_any_effect",
    ),
    Edit(
        "question-refused-for-ever",
        DECISION,
        "        if self.now - (asked.doubt_since or self.now) >= UNVERIFIED_PATIENCE_SECONDS:\n",
        "        if asked.doubt_since is None:\n",
        "A question that Pi refuses for a day is a person's.",
        f"{IN_PI}::test_a_question_that_is_refused_for_a_day_needs_a_person",
    ),
    Edit(
        "one-bug-locks-the-queue",
        SEND,
        "        return _write_and_tell(parts, standing, Decision(Step.BLOCK, new))\n",
        "        raise\n",
        "One bad payout does not lock the only queue for all others.",
        "tests/payouts/test_decisions.py::test_a_bug_after_the_step_has_written_blocks_what_stands",
    ),
    Edit(
        "undirected-payout-is-foreign",
        COMPARE,
        "    if asked is None and payment is not None and payment.direction is None:\n",
        "    if False:\n",
        "What Pi does not say now it may say later.",
        "tests/payouts/test_restore.py::test_pi_does_not_say_at_once_what_a_forgotten_payment_was",
    ),
]
