"""The operator, his back end, and what runs by itself: the schedule, the worker, the sender."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from local.emulator.errors import PiError
from shared.base.errors import BundleError
from shared.payouts.record import ASKED_FOR_DAILY, PayoutRecord, PayoutState
from tests.dice.scene import Scene, Step
from tests.dice.tables import payouts_of
from tests.world.emulator import KEY

PAYOUTS = 5
NOTIFICATIONS = 4
USERS = ("alice", "bob", "carol")
REPEATS_FOR = timedelta(minutes=40)  # of the hour that is promised, less what the clocks differ


@dataclass(frozen=True, slots=True)
class Asked:
    """What the operator's back end keeps of a payout: its request, and when it first asked."""

    body: dict[str, Any]
    at: datetime


class BackOffice:
    def __init__(self, scene: Scene) -> None:
        self._scene, self._world, self._random = scene, scene.world, scene.random
        self._asked: dict[str, Asked] = {}
        self._users = [self._world.user(name) for name in USERS]
        self._readers = [self._world.reader(f"reader {name}") for name in USERS]
        self._sold = [self._world.sold("3", user.uid) for user in self._users]
        self.cold_start()

    def cold_start(self) -> None:
        """New environments, the other sender's as well."""
        self._world.cold_start()
        self.other_sender = self._world.environment("send_payout")

    def steps(self) -> list[Step]:
        """What happens to payouts all the time."""
        return [*(self.ask, self.send, self.send, self.wake), *(self.sweep, self.sweep, self.wait)]

    def background(self) -> list[Step]:
        """What happens to payments and rewards all the time."""
        steps = [self.sweep, self.work, self.work, self.round, self.wait]
        return [*steps, self.catch_up, self.notify]

    # --- What runs by itself ---------------------------------------------------------------------

    def sweep(self) -> None:
        with suppress(BundleError):
            self._world.sweep()

    def work(self) -> None:
        self._world.work()

    def send(self) -> None:
        self._world.send(self._random.randrange(1, 4))

    def round(self) -> None:
        """The schedule fires, and the queues are worked off."""
        self._world.tick(self._world.sweep_seconds)
        self.sweep()
        self._world.work()
        self._world.send()

    def wake(self) -> None:
        """Another sender, which the queue would not allow, on something unfinished."""
        unfinished = [r.payout_id for r in self._payouts() if r.due_at is not None]
        if unfinished:
            self._world.wake_sender(self._random.choice(unfinished), self.other_sender)

    def wait(self) -> None:
        self._world.tick(self._random.choice((1, 30, 61, 121, 299, 301, 400, 1800, 3700)))

    def wait_for_long(self) -> None:
        """No sweep for most of a day, or for longer."""
        self._world.tick(self._random.choice((20_000, 90_000)))

    # --- What the back end asks for --------------------------------------------------------------

    def ask(self) -> None:
        """A new payout or refund, or an old one again. The operator's back end writes down what it
        asks for before it asks, and asks for the same under the same id."""
        payout_id, body = f"p{self._random.randrange(PAYOUTS)}", self._body()
        earlier = self._asked.get(payout_id)
        if earlier is not None:
            is_forgotten = payout_id not in self._payout_ids()
            if is_forgotten and self._world.now - earlier.at > REPEATS_FOR:
                return  # whoever comes back so late has to look himself: see the runbook
            # What a restored table has forgotten can be told from another body by nobody.
            if is_forgotten or self._random.random() < 0.7:
                body = earlier.body
        self._asked.setdefault(payout_id, Asked(body, self._world.now))
        reply = self._scene.answered(
            f"asked for {payout_id}", self._world.post(payout_id=payout_id, **body)
        )
        if earlier is None and 400 <= reply.status < 500:
            del self._asked[payout_id]
        may_fail = {"service_unavailable"} | (
            {"unexpected_error"} if self._scene.damaged else set()
        )
        if reply.status >= 500 and reply.error not in may_fail:
            self._scene.complain(f"asked for a payout, answered {reply.error}")

    def _body(self) -> dict[str, Any]:
        if self._random.random() < 0.4:
            sold = [*self._sold, *(sale.payment_id for sale in self._scene.sales[-2:])]
            refund = {
                "refund_of": self._random.choice(sold),
                "amount": self._random.choice(("1", "2", "3")),
            }
            if self._random.random() < 0.2:  # to the user's new uid
                refund["refund_to"] = self._random.choice(self._users).uid
            return refund
        uid = self._random.choice(self._users).uid
        amount = self._random.choice(("0.0000001", "3.14", "60", "100"))
        return {"uid": uid, "memo": "Hi", "amount": amount}

    def notify(self) -> None:
        """A new notification, or an old one again; sometimes to others, which is refused."""
        notification_id = f"n{self._random.randrange(NOTIFICATIONS)}"
        uids = [*self._readers, self._users[0].uid][self._random.random() < 0.1 :]
        reply = self._world.notify(notification_id, *uids, title=notification_id)
        self._scene.answered(f"POST {notification_id}", reply)

    def read(self) -> None:
        """What the back end sees of a payout."""
        path = {"payout_id": f"p{self._random.randrange(PAYOUTS)}"}
        self._scene.answered("GET payout", self._world.call("GET /payouts/{payout_id}", path=path))

    def catch_up(self) -> None:
        """It was down: it asks for what it missed, and has an event sent again."""
        since, world = self._world.clock() - self._random.choice((600, 90_000)), self._world
        page = world.call("GET /events", query={"since": str(since), "limit": "5"})
        self._scene.answered("GET events", page)
        told = [event.event_id for event in world.bus.events]
        if told:
            body = {"event_id": self._random.choice(told)}
            reply = world.call("POST /events/send_again", body=body)
            self._scene.answered(f"sent again {body['event_id']}", reply)

    # --- What the operator does ------------------------------------------------------------------

    def decide(self) -> None:
        for record in self._payouts():
            if record.state is PayoutState.BLOCKED:
                decision = self._random.choice(("resume", "resume", "fail"))
                self._decide_about(record.payout_id, decision)

    def give_up(self) -> None:
        self._decide_about(f"p{self._random.randrange(PAYOUTS)}", "fail")

    def _decide_about(self, payout_id: str, decision: str) -> None:
        """Whoever gives up has put the right key before: the runbook says so. No person decides
        within the second in which a payout was blocked, which tells its events apart."""
        self._world.tick(1)
        if decision == "resume" or self._world.server_key == KEY:
            self._world.decide(payout_id, decision)

    def decide_all(self, decision: str) -> None:
        """About what is blocked. What waits for a user who does not come back is given up too."""
        for record in self._payouts():
            waits = record.state is PayoutState.REQUESTED and record.reason in ASKED_FOR_DAILY
            if record.state is PayoutState.BLOCKED or (waits and decision == "fail"):
                self._world.decide(record.payout_id, decision)

    def mend_strangers(self) -> None:
        """What is open at Pi and forgotten here, as the runbook says: a person completes it with
        its transaction, or cancels it, long after anybody could still have paid it."""
        pi, app = self._world.pi, self._world.pi.registry.app()
        known = {record.payment_id for record in self._payouts()}
        names = {record.payout_id for record in self._payouts() if not record.closed_at}
        for payment in list(pi.payments.values()):
            is_ours = payment.direction == "app_to_user" and payment.is_open
            if not is_ours or payment.identifier in known:
                continue
            if payment.metadata["payout_id"] in names:
                continue  # it will be adopted
            own = self._scene.transfers_of(payment.metadata["payout_id"])
            memo = payment.identifier
            paid = [
                tx.txid for tx in self._scene.transactions() if tx.memo == memo and tx.txid in own
            ]
            with suppress(PiError):
                if paid:
                    pi.complete(app, payment.identifier, {"txid": paid[0]})
                else:
                    pi.cancel(app, payment.identifier)

    def _payouts(self) -> list[PayoutRecord]:
        """Those that can be read."""
        return list(payouts_of(self._world).values())

    def _payout_ids(self) -> set[str]:
        return {item["payout_id"]["S"] for item in self._world.tables.raw("PayoutsTable")}
