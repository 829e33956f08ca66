"""What the dice must meet often enough, or their promises are worth nothing."""

from collections import Counter

from shared.payments.record import Attention, PaymentEvent, PaymentState
from shared.payouts.record import PayoutEvent, PayoutState
from shared.rewards.record import RewardEvent, RewardState

ONE_IN = 200
ENOUGH = 2000  # histories, to judge the dice by them

REFUSALS = ("network", "token", "split", "wallet", "amount")
WAITS = (
    *("chain_unclear", "not_applied", "may_still_apply", "ongoing_payment_found"),
    *("creation_unclear", "balance_too_low", "fee_above_cap", "wrong_seed", "server_key_refused"),
)

MUST = (
    *(f"payment {state}" for state in PaymentState),
    "payment put to rest",
    *(f"attention {reason}" for reason in Attention),
    *(f"refusal unexpected_{what}" for what in REFUSALS),
    "refusal unknown_product",
    "refusal already_bought",
    *(f"payout waits {reason}" for reason in WAITS),
    *(f"reward {state}" for state in RewardState),
    *(f"payout {state}" for state in PayoutState),
    *(f"event {kind}" for kind in (*PaymentEvent, *RewardEvent, *PayoutEvent, "NotificationSent")),
)


def report(reached: Counter[str], histories: int) -> tuple[str, list[str]]:
    """A page for a person, by groups, with the number of histories that met each; and what must be
    met in one of 200 and was not."""
    groups: dict[str, list[str]] = {}
    for name, times in sorted(reached.items(), key=lambda one: -one[1]):
        group, _, rest = name.rpartition(" ") if name.startswith("payout ") else name.partition(" ")
        groups.setdefault(group, []).append(f"{rest} {times}")
    lines = [f"  {group}: {', '.join(names)}" for group, names in sorted(groups.items())]
    rare = [name for name in MUST if reached[name] * ONE_IN < histories]
    return "\n".join(lines), [f"{name} ({reached[name]})" for name in rare]
