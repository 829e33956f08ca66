"""Why a payout waits, is blocked, or failed, as far as the bundle says so itself. A reason may also
be Pi's code of a refusal, or the chain's of a transaction that failed: docs/payout-reasons.md.
"""

from __future__ import annotations

from shared.base.described import Described


class Reason(Described):
    # --- It waits, and goes on by itself ---------------------------------------------------------
    PAYOUTS_OFF = "payouts_off", "The switch is off. It goes on when the switch is on again."
    CREATION_UNCLEAR = (
        "creation_unclear",
        "Pi did not answer the creation. Pi's list is read again in two minutes.",
    )
    CREATION_REFUSED = (
        "creation_refused",
        "Pi refused the creation without a reason. Tried five times, then blocked.",
    )
    CHAIN_UNCLEAR = (
        "chain_unclear",
        "The chain cannot be read, or not far enough. Tried again each minute.",
    )
    MAY_STILL_APPLY = (
        "may_still_apply",
        "A signed transaction may still apply. It goes on when its last moment has passed.",
    )
    NOT_APPLIED = (
        "not_applied",
        "The chain has not applied the transaction yet. The same one is handed in again.",
    )
    NOT_VERIFIED = "not_verified", "Pi has not verified the transaction yet. Blocked after a day."
    NO_DESTINATION = (
        "no_destination",
        "The recipient's wallet is not on the chain. Asked for hourly, failed after a day.",
    )
    USER_NOT_FOUND = (
        "user_not_found",
        "Pi knows no such user of this app. Asked for daily, failed after a month.",
    )
    PAYMENT_NOT_FOUND = (
        "payment_not_found",
        "Pi does not know the payment that it created. Blocked after a day.",
    )

    # --- All payouts wait for the same; an alarm rings -------------------------------------------
    WRONG_SEED = "wrong_seed", "The seed is not that of the app's wallet. Put the right one."
    WALLET_SEED_MISSING = "wallet_seed_missing", "There is no seed. Put it into its secret."
    WALLET_SEED_INVALID = "wallet_seed_invalid", "The seed is none. Put the right one."
    NO_WALLET = "no_wallet", "The wallet is not on the chain. Fund it, or put the right seed."
    BALANCE_TOO_LOW = "balance_too_low", "The wallet cannot pay this one. Fund it."
    FEE_ABOVE_CAP = "fee_above_cap", "The chain's fee is above FeeCapStroops. Wait, or raise it."
    SERVER_KEY_REFUSED = "server_key_refused", "Pi does not take the server key. Put a valid one."
    SERVER_KEY_OF_ANOTHER_APP = (
        "server_key_of_another_app",
        "Pi takes the server key, and does not know this stack's payments by it. Put this app's.",
    )
    FEATURE_NOT_AVAILABLE = (
        "feature_not_available",
        "Pi has not enabled payouts for this app. Asked for every ten minutes.",
    )
    PI_ANSWER_INVALID = (
        "pi_answer_invalid",
        "Pi does not list the open payouts, without which none is created.",
    )
    TOO_MANY_WITHDRAWALS = (
        "too_many_withdrawals",
        "Twenty payments were cancelled at Pi today. It goes on tomorrow (UTC).",
    )

    # --- An operator must look -------------------------------------------------------------------
    ABOVE_PAID_AMOUNT = (
        "above_paid_amount",
        "A restored table took on a refund that was paid already. Give it up.",
    )
    MISSING_ADDRESS = "missing_address", "Pi's payment names no wallets. Ask Pi, then resume it."
    UNEXPECTED_ADDRESS = (
        "unexpected_address",
        "Pi names other wallets than at the creation. Ask Pi; resume it, or give it up.",
    )
    UNEXPECTED_DIRECTION = (
        "unexpected_direction",
        "Pi's payment has this payout's id, and is none to a user. Find who created it.",
    )
    UNEXPECTED_USER = (
        "unexpected_user",
        "Pi's payment has this payout's id, and another user. Find who created it.",
    )
    UNEXPECTED_AMOUNT = (
        "unexpected_amount",
        "Pi's payment has this payout's id, and another amount. Find who created it.",
    )
    UNEXPECTED_NETWORK = (
        "unexpected_network",
        "Pi's payment is on another network. Check the parameter PiNetwork.",
    )
    UNEXPECTED_TOKEN = (
        "unexpected_token",
        "Pi's payment is in another token than Pi. Find who created it.",
    )
    UNEXPECTED_IDENTIFIER = (
        "unexpected_identifier",
        "Pi's identifier is no memo of the chain. Give it up; the bundle must be changed.",
    )
    OTHER_TRANSACTION = (
        "other_transaction",
        "Two transactions name it: it may be paid twice. Look at both, and change the wallet.",
    )
    NOT_CANCELLED = (
        "not_cancelled",
        "It is unpaid, and Pi does not cancel it. Look at Pi's answer, and resume it later.",
    )
    COMPLETED_WITHOUT_TXID = (
        "completed_without_txid",
        "Pi has completed it and shows no transaction. Find it, and close it as paid.",
    )
    NO_ENVELOPE = "no_envelope", "Its transaction was edited away. Put back what the chain shows."
    UNEXPECTED_ERROR = "unexpected_error", "A bug in the bundle. Resume it when that is fixed."

    # --- It failed, or is about to, with proof that it was not paid ------------------------------
    NEVER_APPLIED = (
        "never_applied",
        "No transaction was applied: it failed, or five in turn were not, and it is blocked.",
    )
    GIVEN_UP = "given_up", "An operator gave it up."


# A payout that waits for its recipient is not stuck; each of these ends by itself.
RECIPIENT_WAITS = frozenset({Reason.NO_DESTINATION, Reason.USER_NOT_FOUND})
# Failures that the recipient caused: they count towards what one user may be paid in a day.
RECIPIENT_FAULTS = frozenset(
    {
        *("op_no_destination", "missing_scope", "missing_wallet", "invalid_address"),
        Reason.USER_NOT_FOUND,
    }
)
