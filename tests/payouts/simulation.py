"""One random history: operators ask, senders pay, and all that can go wrong goes wrong, by the dice
of a seed. The promises are checked after every step, and at the end, in fair weather again, every
payout must reach its end.

`python -m tests.payouts.simulation` plays SEEDS histories; SEED=n replays one and tells what
happens.
"""

import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from local.emulator.chain import MINIMUM_STROOPS
from local.emulator.errors import PiError
from local.emulator.registry import SCOPES, wallet_seed_of
from shared.adapters.observability import logger
from shared.domain.errors import BundleError
from shared.domain.payout import PayoutState
from tests.payouts.promises import check
from tests.payouts.stories import payout_world
from tests.world import World
from tests.world.devices import Died, lost
from tests.world.effects import Moment
from tests.world.emulator import KEY
from tests.world.stage import Backup

OTHER_KEY = "the other app's key"
STEPS = 40
PAYOUTS = 5
USERS = ("alice", "bob", "carol")
CALM_ROUNDS = 12
REPEATS_FOR = timedelta(minutes=40)  # of the hour that is promised, less what the clocks differ
AT_REST = (PayoutState.COMPLETED, PayoutState.FAILED)
CODES = (
    *("unknown_error", "missing_scope", "too_many_payments", "feature_not_available"),
    *("not_verified", "payment_not_found", "timeout", "stale_history"),
)
# Of Pi and the chain; each a whole service or one question that the others do not answer.
PATHS = (
    *(
        "/v2/*",
        "/v2/payments",
        "/v2/payments/*/complete",
        "/v2/payments/incomplete_server_payments",
    ),
    *("/horizon/*", "/horizon/transactions", "/horizon/transactions/*", "/horizon/ledgers"),
    *("/horizon/accounts/*/payments", "/horizon/accounts/*"),
)


class ViolatedError(AssertionError):
    """A promise does not hold; the seed replays it."""


@dataclass(slots=True)
class Dice:
    """What happens at an effect. `wild`: how often anything does, from 0 to 1."""

    random: Random
    world: World
    wild: float = 0.0
    meanwhile: list[Callable[[], object]] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)
    _lost: tuple[Moment, str] | None = None
    _inside: bool = False

    def next_step(self) -> None:
        self._lost = None

    def __call__(self, moment: Moment, effect: str) -> None:
        if self._inside:
            return
        if self._lost == (moment, effect):
            raise lost(effect)
        # Writes to Pi and to the chain are where money can be lost or doubled.
        weight = 4 if effect.startswith("POST ") else 1
        if self.random.random() < self.wild * weight:
            self._go_wrong(moment, effect)

    def _go_wrong(self, moment: Moment, effect: str) -> None:
        event = self.random.choice(("dies", "lost", "lost for now", "slow", "meanwhile"))
        self.happened[event] += 1
        match event:
            case "dies":
                raise Died(f"{moment} {effect}")
            case "lost for now":  # and so is every repeat within this step
                self._lost = moment, effect
                raise lost(effect)
            case "lost":
                raise lost(effect)
            case "slow":
                self.world.tick(self.random.choice((1, 7, 40)))
            case "meanwhile":
                self._inside = True
                try:
                    self.random.choice(self.meanwhile)()
                finally:
                    self._inside = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What the operator's back end keeps of a payout: its request, and when it first asked."""

    body: dict[str, Any]
    at: datetime


class History:
    def __init__(self, seed: int, world: World, tell: Callable[[str], object]) -> None:
        self.random, self.world, self.tell = Random(seed), world, tell
        self.dice = Dice(self.random, world)
        self.dice.meanwhile = [
            self.wake,
            self.wake,
            self.wake,
            self.decide,
            self.stranger_pays,
            self.restore,
            self.restore,
        ]
        self.cold_start()
        self.asked: dict[str, Asked] = {}
        self.backups: list[Backup] = []
        for name in USERS:
            world.uid(name)
        self.sold = [world.sold("3", world.uid(name)) for name in USERS]

    def cold_start(self) -> None:
        """New environments, the other sender's as well."""
        self.world.cold_start()
        self.other_sender = self.world.environment("send_payout")

    # --- What may happen -------------------------------------------------------------------------

    def ask(self) -> None:
        """A new payout or refund, or an old one again. The operator's back end writes down what it
        asks for before it asks, and asks for the same under the same id."""
        payout_id, body = f"p{self.random.randrange(PAYOUTS)}", self._body()
        earlier = self.asked.get(payout_id)
        if earlier is not None:
            is_forgotten = all(r.payout_id != payout_id for r in self.world.all_payouts())
            if is_forgotten and self.world.now - earlier.at > REPEATS_FOR:
                return  # whoever comes back so late has to look himself: see the runbook
            # What a restored table has forgotten can be told from another body by nobody.
            if is_forgotten or self.random.random() < 0.7:
                body = earlier.body
        self.asked.setdefault(payout_id, Asked(body, self.world.now))
        reply = self.world.post(payout_id=payout_id, **body)
        self.tell(f"asked for {payout_id}: {reply.status} {reply.error or reply.state}")
        if earlier is None and 400 <= reply.status < 500:
            del self.asked[payout_id]
        if reply.status >= 500 and reply.error != "service_unavailable":
            raise ViolatedError(f"answered {reply.error}")

    def _body(self) -> dict[str, Any]:
        if self.random.random() < 0.4:
            payment_id = self.random.choice(self.sold)
            return {"refund_of": payment_id, "amount": self.random.choice(("1", "2", "3"))}
        uid = self.world.uid(self.random.choice(USERS))
        amount = self.random.choice(("0.0000001", "3.14", "60", "100"))
        return {"uid": uid, "memo": "Hi", "amount": amount}

    def wake(self) -> None:
        """Another sender, which the queue would not allow, on something unfinished."""
        unfinished = [r.payout_id for r in self.world.all_payouts() if r.due_at is not None]
        if unfinished:
            self.world.wake_sender(self.random.choice(unfinished), self.other_sender)

    def send(self) -> None:
        self.world.send(self.random.randrange(1, 4))

    def sweep(self) -> None:
        with suppress(BundleError):
            self.world.sweep()

    def decide(self) -> None:
        for record in self.world.all_payouts():
            if record.state is PayoutState.BLOCKED:
                decision = self.random.choice(("resume", "resume", "fail"))
                self.decide_about(record.payout_id, decision)

    def give_up(self) -> None:
        self.decide_about(f"p{self.random.randrange(PAYOUTS)}", "fail")

    def decide_about(self, payout_id: str, decision: str) -> None:
        """Whoever gives up has put the right key before: the runbook says so."""
        if decision == "resume" or self.world.server_key == KEY:
            self.world.decide(payout_id, decision)

    def stranger_pays(self) -> None:
        """From our own wallet, or to it."""
        with suppress(PiError):
            self.world.stranger_pays("1")

    def forge(self) -> None:
        stranger = self.world.pi.registry.sign_in("stranger")[0].wallet
        for payment in list(self.world.pi.payments.values())[-2:]:
            with suppress(PiError):
                self.world.stranger_pays(
                    str(payment.amount),
                    source=stranger,
                    destination=self.random.choice((self.world.wallet, payment.to_address)),
                    memo=payment.identifier,
                )

    def throw_switch(self) -> None:
        self.world.switch.value = self.random.choice(("on", "on", "on", "off"))

    def wait(self) -> None:
        self.world.tick(self.random.choice((1, 30, 61, 121, 299, 301, 400, 1800, 3700)))

    def lag(self) -> None:
        self.world.pi.settings.ledger_lag_s = self.random.choice((0, 0, 4, 60, 3600))

    def chain_ways(self) -> None:
        settings = self.world.pi.settings
        settings.close_at_once = self.random.random() < 0.5
        settings.repeats_success = self.random.random() < 0.5
        settings.base_fee_stroops = self.random.choice((100_000, 100_000, 200_000, 2_000_000))

    def fund(self) -> None:
        balances = (10**13, 10**13, 10**13, MINIMUM_STROOPS + 5_000_000, MINIMUM_STROOPS + 150_000)
        self.world.pi.chain.fund(self.world.wallet, self.random.choice(balances))

    def scopes(self) -> None:
        scopes = self.random.choice((SCOPES, SCOPES, ("username",)))
        self.world.uid(self.random.choice(USERS), scopes=scopes)

    def jump(self) -> None:
        """Our clock against Pi's."""
        seconds = self.random.choice((0, 0, -70, 70, -1000, 1000))
        self.world.ahead = type(self.world.ahead)(seconds=seconds)

    def fault(self) -> None:
        path = self.random.choice(PATHS)
        times = self.random.choice((1, 4, 20, 80))
        if self.random.random() < 0.5:
            drop = self.random.choice(("before", "after"))
            self.world.fault(path=path, times=times, drop=drop)
        else:
            self.world.fault(path=path, times=times, code=self.random.choice(CODES))

    def outage(self) -> None:
        """One of AWS's services is away, or back."""
        service = self.random.choice((self.world.payout_queue, self.world.bus, self.world.switch))
        service.down = not service.down

    def lose_messages(self) -> None:
        self.world.payout_queue.messages.clear()

    def back_up(self) -> None:
        self.backups.append(self.world.backup())

    def restore(self) -> None:
        """The tables forget; Pi, the chain and the queue do not. What was backed up later belongs
        to a life that has ended: the runbook forbids to go back to it."""
        if self.backups:
            number = self.random.randrange(len(self.backups))
            self.world.restore(self.backups[number])
            del self.backups[number + 1 :]

    def short_pages(self) -> None:
        """Horizon shows few at a time: a look reads less than there is."""
        self.world.pi.settings.page_limit = self.random.choice((1, 2, 200))

    def rotate_key(self) -> None:
        """The server key is another app's for a while: Pi knows none of our payments by it."""
        if any(record.giving_up for record in self.world.all_payouts()):
            return  # a person who gives up sees to it that the key is right
        if "other-app" not in self.world.pi.registry.apps:
            self.world.pi.registry.add_app("other-app", OTHER_KEY)
        self.world.server_key = self.random.choice((KEY, KEY, OTHER_KEY))
        self.cold_start()

    def rotate_secrets(self) -> None:
        right = wallet_seed_of("demo-app")
        seeds = (right, right, right, wallet_seed_of("other"), "none")
        self.world.wallet_seed = self.random.choice(seeds)

    def anonymous(self) -> None:
        route = self.random.choice(("cancel", "incomplete", "complete", "error"))
        for payment in list(self.world.pi.payments.values())[-1:]:
            body = {"paymentId": payment.identifier, "txid": "ab" * 32}
            before = payment.dto()
            # By itself: a sender that goes on meanwhile would be taken for its effect.
            with self.world.effects.watched_by(None):
                self.world.call(f"POST /pi_payment/{route}", body=body)
            if payment.dto() != before:
                raise ViolatedError(f"an anonymous {route} had an effect")

    # --- Playing it ------------------------------------------------------------------------------

    def play(self) -> None:
        """Each history has some kinds of weather and not the others, so that each meets each."""
        frequent = [
            self.back_up,
            self.ask,
            self.send,
            self.send,
            self.sweep,
            self.sweep,
            self.wake,
            self.wait,
        ]
        weather = [
            *(self.decide, self.give_up, self.stranger_pays, self.forge, self.throw_switch),
            *(self.lag, self.chain_ways, self.fund, self.scopes, self.jump, self.fault, self.fault),
            *(self.outage, self.lose_messages, self.rotate_secrets, self.anonymous),
            *(self.restore, self.restore, self.short_pages, self.rotate_key),
        ]
        weather = [self.cold_start, *self.random.sample(weather, self.random.randrange(6))]
        settings = self.world.pi.settings
        settings.close_at_once = self.random.random() < 0.7
        settings.repeats_success = self.random.random() < 0.5
        self.dice.wild = self.random.choice((0.0, 0.01, 0.03, 0.1))
        rough = self.random.choice((0.1, 0.3))
        for _ in range(STEPS):
            self.step(self.random.choice(weather if self.random.random() < rough else frequent))
            self.check()
        self.calm()

    def step(self, step: Callable[[], object]) -> None:
        self.tell(step.__name__)
        self.dice.next_step()
        with self.world.effects.watched_by(self.dice):
            try:
                step()
            except Died as died:
                self.tell(f"  died {died}")
                self.world.cold_start()  # the other sender lives on, with its memory

    def check(self) -> None:
        check(self.world)
        if self.world.metrics.counted["UnexpectedError"]:
            raise ViolatedError("something unexpected was raised")
        for record in self.world.all_payouts():
            txid = (record.txid or "none")[:8]
            self.tell(f"    {record.payout_id} {record.state} {record.reason} {txid}")

    def calm(self) -> None:
        """Fair weather; a person funds the wallet, mends the secrets and resumes what is blocked.
        Then every payout must come to its end."""
        world, settings = self.world, self.world.pi.settings
        world.heal()
        world.switch.value, world.ahead = "on", world.ahead * 0
        world.payout_queue.down = world.bus.down = world.switch.down = False
        world.wallet_seed, world.server_key = wallet_seed_of("demo-app"), KEY
        self.cold_start()
        settings.page_limit = 200
        settings.ledger_lag_s, settings.base_fee_stroops = 0, 100_000
        world.pi.chain.fund(world.wallet, 10**13)
        for number in range(CALM_ROUNDS):
            for record in world.all_payouts():
                if record.state is PayoutState.BLOCKED:
                    decision = "resume" if number < CALM_ROUNDS // 2 else "fail"
                    world.decide(record.payout_id, decision)
            world.rounds(2)
            self.mend_strangers()
            self.check()
        for record in world.all_payouts():
            is_at_rest = record.state in AT_REST and record.due_at is None
            if not is_at_rest:
                raise ViolatedError(f"{record.payout_id} is still {record.state} {record.reason}")
            if f"Payout{record.state.capitalize()}" not in world.events(record.payout_id):
                raise ViolatedError(f"nobody was told of {record.payout_id}")
        if world.payout_queue.dead_letters:
            raise ViolatedError("a message reached the dead letter queue")

    def mend_strangers(self) -> None:
        """What is open at Pi and forgotten here, as the runbook says: a person completes it with
        its transaction, or cancels it, long after anybody could still have paid it."""
        pi, app = self.world.pi, self.world.pi.registry.app()
        known = {record.payment_id for record in self.world.all_payouts()}
        names = {record.payout_id for record in self.world.all_payouts() if not record.closed_at}
        for payment in list(pi.payments.values()):
            if not payment.is_open or payment.identifier in known:
                continue
            if payment.metadata["payout_id"] in names:
                continue  # it will be adopted
            own = self.world.transfers_of(payment.metadata["payout_id"])
            memo = payment.identifier
            paid = [tx.txid for tx in pi.chain.transactions if tx.memo == memo and tx.txid in own]
            if paid:
                pi.complete(app, payment.identifier, {"txid": paid[0]})
            else:
                pi.cancel(app, payment.identifier)


def play(seed: int, tell: Callable[[str], object] = lambda _line: None) -> Counter[str]:
    """The states at the end. Raises AssertionError with the seed in it."""
    with payout_world(seed=seed) as world:
        history = History(seed, world, tell)
        try:
            history.play()
        except AssertionError as violated:
            raise AssertionError(f"SEED={seed}: {violated}") from violated
        return Counter(str(record.state) for record in world.all_payouts()) + history.dice.happened


def _play_quietly(seed: int) -> tuple[int, str | None, Counter[str]]:
    logger.setLevel("CRITICAL")
    try:
        return seed, None, play(seed)
    except Exception as error:  # noqa: BLE001 - told with its seed; the others go on
        return seed, repr(error), Counter()


def main() -> int:
    if replayed := os.environ.get("SEED"):
        logger.setLevel("CRITICAL")
        play(int(replayed), lambda line: sys.stdout.write(f"{line}\n"))
        sys.stdout.write(f"SEED={replayed}: every promise held\n")
        return 0
    count, first = int(os.environ.get("SEEDS") or 300), int(os.environ.get("FIRST") or 1)
    started, failures, seen = time.monotonic(), 0, Counter[str]()
    with ProcessPoolExecutor() as processes:
        seeds = range(first, first + count)
        for seed, failure, tally in processes.map(_play_quietly, seeds, chunksize=20):
            seen += tally
            if failure:
                failures += 1
                sys.stdout.write(f"SEED={seed} violates a promise: {failure}\n")
    seconds = time.monotonic() - started
    sys.stdout.write(f"{count} histories in {seconds:.0f} s, {failures} failed. Met on the way: ")
    sys.stdout.write(", ".join(f"{name} {times}" for name, times in seen.most_common()) + "\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
