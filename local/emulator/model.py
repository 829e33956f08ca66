"""Who and what Pi knows, apart from payments: apps, users, ads, and the emulator's settings."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


def iso(at: datetime) -> str:
    """A moment as Pi prints it: `2026-11-23T14:00:05.123Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(slots=True)
class Settings:
    """What is unknown about Pi, or differs between its versions. The defaults are the usual case.

    show_txid_before_complete: a paid payment shows its transaction before `/complete`.
    forgets_links: Pi does not learn of the transactions by which users pay, unless it is told.
    ledger_lag_s: Horizon shows only what closed at least so long ago.
    page_limit: the most records that Horizon puts on one page.
    approval_limit_s: a payment not approved by then is cancelled.
    auto_cancel: a user's new payment cancels an unpaid one, instead of being refused.
    approve_repeat_refused: approving twice is `already_approved`, instead of 200 again.
    base_fee_stroops: what the chain takes for a transaction, and the least that it may bid.
    close_at_once: a submitted transaction is applied at once, instead of at the next close.
    ledger_close_s: a ledger closes so often; another pace begins when it is set.
    node_lag_s: Horizon's address has two nodes, of which the other one is so far behind the first;
        which of them answers a request follows from the seed. 0: there is one.
    pi_links: a transaction's `_link` leads to Pi's own Horizon, which does not know it, instead of
        to the emulator's chain.
    holes: ledgers (first and last) of which Horizon knows nothing, neither themselves nor their
        transactions; it tells only of a hole that begins with ledger 1. Accounts are as always.
    text_amounts: an amount may be a text (`"3.14"`, as pi-go and Ruby send it), instead of being an
        `invalid_amount`.
    cancelled_limit: an app with so many cancelled A2U payments creates no other:
        `too_many_cancelled_payments`. null: no limit.
    revoked_is_unknown: a payout to the uid of a user who has revoked the app is `user_not_found`,
        instead of `missing_scope`.
    notification_batch: a request with more notifications is refused.
    notification_quota: so many notifications an app's user gets in 24 hours; one more refuses the
        whole request and names the user.
    notification_quota_names: of the users over their quota so many are named; null: all of them.
    notification_app_quota: so many notifications an app sends in 24 hours; null: no limit.
    notification_refusal: what an app hears that may send none: a `sentence` (403), the `code`
        `feature_not_available` (403), or `not_found` (404).
    notification_strangers_refused: a uid that is nobody's refuses the whole request (422, naming
        it), instead of being left out of what was delivered.
    sdk_approval_s: the browser SDK's dialog waits so long for the server's approval, and then
        cancels the payment.
    sdk_completion_s: so long it waits for the completion, and then lets go.
    sdk_repeat_s: while it waits, it calls the page again so often.
    sdk_done_s: so long it says that all is done.
    sdk_incomplete_first: an incomplete payment is told before `authenticate` has resolved; without,
        after.
    sdk_ads: `ready`, or what the SDK answers in place of an ad: `AD_NOT_AVAILABLE`,
        `AD_NETWORK_ERROR`, `AD_DISPLAY_ERROR`, `ADS_NOT_SUPPORTED`.
    sdk_ad_s: so long an ad is.
    sdk_ad_status: the ad network's word on an ad that was watched to its end.
    sdk_ad_id: the page is told the `adId`, as in apps that the ad network has accepted.
    sdk_marker: pages show a small marker at their edge, with what a user can do at Pi.
    repeats_success: Horizon answers an applied envelope with its result once more, as long as it
        shows it; without, with what the core says (`tx_bad_seq`).
    """

    show_txid_before_complete: bool = True
    forgets_links: bool = False
    ledger_lag_s: float = 0.0
    page_limit: int = 200
    approval_limit_s: float = 60.0
    auto_cancel: bool = True
    approve_repeat_refused: bool = False
    base_fee_stroops: int = 100_000
    close_at_once: bool = True
    repeats_success: bool = True
    ledger_close_s: float = 5.0
    node_lag_s: float = 0.0
    pi_links: bool = False
    text_amounts: bool = False
    cancelled_limit: int | None = None
    revoked_is_unknown: bool = True
    notification_batch: int = 256
    notification_quota: int = 48
    notification_quota_names: int | None = None
    notification_app_quota: int | None = None
    notification_refusal: str = "sentence"
    notification_strangers_refused: bool = False
    holes: list[tuple[int, int]] = field(default_factory=list)
    sdk_approval_s: float = 60.0
    sdk_completion_s: float = 60.0
    sdk_repeat_s: float = 10.0
    sdk_done_s: float = 1.5
    sdk_incomplete_first: bool = True
    sdk_ads: str = "ready"
    sdk_ad_s: float = 5.0
    sdk_ad_status: str | None = "granted"
    sdk_ad_id: bool = True
    sdk_marker: bool = True


@dataclass(slots=True)
class App:
    """An app as its operator registered it. No wallet, no A2U or no notifications: what needs it
    fails."""

    app_id: str
    key: str
    network: str
    wallet: str | None
    a2u: bool = True
    notifications: bool = True


@dataclass(slots=True)
class User:
    """A user of one app: the same person has another uid in another app, and in the same app after
    they have revoked it. A revoked uid is never used again."""

    uid: str
    username: str
    app_id: str
    scopes: list[str]
    wallet: str
    roles: list[str] = field(default_factory=list)
    revoked: bool = False

    @property
    def person(self) -> str:
        """Who it is in this app, under whatever uid."""
        return f"{self.app_id}/{self.username}"

    def dto(self, valid_until: datetime) -> dict[str, Any]:
        """The UserDTO. `platform` comes back unasked; the username only with its scope."""
        dto: dict[str, Any] = {
            "uid": self.uid,
            "credentials": {
                "scopes": [*self.scopes, "platform"],
                "valid_until": {
                    "timestamp": int(valid_until.timestamp()),
                    "iso8601": iso(valid_until),
                },
            },
            "app_id": self.app_id,
            "receiving_email": False,
            "roles": self.roles,
            "preferred_language": "en",
        }
        if "username" in self.scopes:
            dto["username"] = self.username
        return dto


@dataclass(slots=True)
class Token:
    """One sign-in of a user."""

    uid: str
    valid_until: datetime


@dataclass(slots=True)
class Ad:
    """A rewarded ad that somebody has watched: it names no user."""

    identifier: str
    app_id: str
    status: str | None = None
    granted_at: str | None = None
    revoked_at: str | None = None

    def dto(self) -> dict[str, Any]:
        """The RewardedAdStatusDTO."""
        return {
            "identifier": self.identifier,
            "mediator_ack_status": self.status,
            "mediator_granted_at": self.granted_at,
            "mediator_revoked_at": self.revoked_at,
        }
