"""What every test of the bundle stands on: time, Pi and its chain, tables, queues, bus, secrets,
faults, restores; and the functions, as the template deploys them, on all of it.

Only the edges of `shared.app` are replaced, Powertools' metrics, and the clock of deadlines. Time
passes only as a test says, and while a call pauses before it is tried again.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager, contextmanager
from contextvars import Context as Variables
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from re import escape, fullmatch
from threading import RLock
from typing import Any, TypeVar

from local.cloud import template
from local.emulator.faults import Fault
from local.emulator.registry import wallet_seed_of
from shared.app import App
from shared.base.context import within
from shared.base.settings import Settings
from shared.edges import Edges
from tests.world.aws import Bus, Parameters, PriceFunction, Queue, Secrets, Sqs
from tests.world.effects import Effects
from tests.world.emulator import KEY, Adapter, the_emulator
from tests.world.functions import Environment, Reply, event
from tests.world.tables import Tables

HOUR = 3600
SWEEP_SECONDS = 300  # from one sweep to the next, as the template has it

Seen = TypeVar("Seen")
Backup = Mapping[str, list[dict[str, Any]]]
"""Items by their table's logical id."""


@dataclass(frozen=True, slots=True)
class User:
    uid: str
    token: str


class Metrics:
    """Stands where Powertools' metrics stand: counters of the whole test, and the last gauges, as
    far as a function has sent them; and each number with the second in which it was sent."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self.counted: Counter[str] = Counter()
        self.last: dict[str, int] = {}
        self.sent: list[tuple[float, str, int]] = []
        self.provider = self
        self.metric_set: list[tuple[str, int]] = []

    def add_metric(self, *, name: str, unit: object, value: int) -> None:
        self.metric_set.append((name, value))

    def flush_metrics(self) -> None:
        for name, value in self.metric_set:
            self.counted[name] += value
            self.last[name] = value
            self.sent.append((self._seconds(), name, value))
        self.metric_set.clear()


class OneAtATime(Executor):
    """Runs one task at a time, in its caller's thread: at once, or by the dice of a seed when
    somebody waits for it. So a seed replays."""

    def __init__(self, dice: Random | None = None) -> None:
        self._dice = dice

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        context = copy_context()
        task = Task(lambda: context.run(fn, *args, **kwargs))
        if self._dice is None or self._dice.random() < 0.5:
            task.run()
        return task


class Task(Future[Any]):
    def __init__(self, act: Callable[[], Any]) -> None:
        super().__init__()
        self._act = act

    def run(self) -> None:
        if not self.done():
            try:
                self.set_result(self._act())
            except BaseException as error:  # noqa: BLE001 - as an executor's thread does
                self.set_exception(error)

    def result(self, timeout: float | None = None) -> Any:
        self.run()
        return super().result(timeout)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        self.run()
        return super().exception(timeout)


class Stage:
    """See the module. `ahead`: how far our clock is ahead of Pi's and the chain's. `parameters`:
    those of the stack, where they are not the template's defaults."""

    def __init__(
        self,
        tables: Tables,
        effects: Effects,
        seed: int | None = None,
        parameters: Mapping[str, str] | None = None,
    ) -> None:
        self.emulator, self.ahead = the_emulator().fresh(seed), timedelta()
        self.pi, self.front = self.emulator.pi, self.emulator.front
        self.tables, self.effects, self.metrics = tables, effects, Metrics(self.seconds)
        self.adapter = Adapter(self.emulator.app, effects)
        self.secrets = Secrets({"ServerKey": KEY, "WalletSeed": wallet_seed_of("demo-app")})
        self.switch, self.bus = Parameters(effects), Bus(effects)
        self.price_function = PriceFunction(effects)
        self.wake_ups = Queue("WakeUps", self.seconds, effects)
        self.payout_queue = Queue("Payouts", self.seconds, effects)
        self.executor: Executor = OneAtATime(None if seed is None else Random(seed))
        self.aws: dict[str, Any] = {
            "dynamodb": tables.bundle,
            "secretsmanager": self.secrets,
            "sqs": Sqs(("WakeUps", self.wake_ups), ("Payouts", self.payout_queue)),
            "events": self.bus,
            "ssm": self.switch,
            "lambda": self.price_function,
        }
        self.parameters: dict[str, str] = dict(parameters or {})
        self._names: dict[str, str] = {**tables.names}
        self._lock = RLock()
        self.eyes = self._root_for_the_test()
        self.cold_start()

    # --- Time ------------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        """Pi's time, and the chain's."""
        return self.emulator.now

    def clock(self) -> int:
        """Ours, in seconds since 1970."""
        return int((self.now + self.ahead).timestamp())

    def seconds(self) -> float:
        return self.now.timestamp()

    def tick(self, seconds: float) -> None:
        self.emulator.now += timedelta(seconds=seconds)

    def ledgers_close_seldom(self) -> None:
        """From now on: a day of them is read in a few pages."""
        self.pi.settings.ledger_close_s = 120
        self.pi.core.catch_up(self.pi.now())

    @property
    def sweep_seconds(self) -> int:
        return 60 * int(self.parameters.get("SweepMinutes", SWEEP_SECONDS // 60))

    def rounds(self, number: int = 1) -> None:
        """The schedule fires this many times; each time the queues are then worked off."""
        for _ in range(number):
            self.tick(self.sweep_seconds)
            self.sweep()
            self.work()
            self.send()

    def live(self, seconds: int) -> None:
        """So long. What lasts for hours is looked at hourly between its first and its last."""
        rounds, an_hour = seconds // self.sweep_seconds, HOUR // self.sweep_seconds
        hours = max(0, rounds // an_hour - 2)
        self.rounds(min(rounds, an_hour))
        for _ in range(hours):
            self.tick((an_hour - 1) * self.sweep_seconds)
            self.rounds()
        self.rounds(max(0, rounds - (hours + 1) * an_hour))

    # --- The bundle ------------------------------------------------------------------------------

    def deploy(self, **parameters: str) -> None:
        """The stack with other parameters."""
        self.parameters |= parameters
        self.cold_start()

    def cold_start(self) -> None:
        """New environments: nothing that the last ones kept in memory is there."""
        self._environments: dict[str, Environment] = {}

    def environment(self, function: str) -> Environment:
        """One more environment of the function of this folder, beside the one in use."""
        edges = Edges(
            aws=self.aws.__getitem__,
            connections=lambda: self.adapter,
            clock=self.clock,
            sleep=self.tick,
            jitter=lambda: 0.5,
            executor=lambda: self.executor,
        )
        return Environment(function, self.parameters, self._names, edges)

    def function(self, name: str) -> Environment:
        """The function's environment in use."""
        with self._lock:
            if name not in self._environments:
                self._environments[name] = self.environment(name)
            return self._environments[name]

    def call(self, route: str, /, *, seconds: float | None = None, **request: Any) -> Reply:
        """Any route, by its template: `GET /payments/{payment_id}`. `request`: see `event`;
        `seconds`: what is left of the function's time."""
        return self.handle(event(route, **request), seconds)

    def handle(self, raw_event: Mapping[str, Any], seconds: float | None = None) -> Reply:
        function = self.function(template.folders_by_route()[raw_event["routeKey"]])
        answer = function(raw_event, seconds)
        body = json.loads(answer["body"])
        assert isinstance(body, dict)
        return Reply(answer["statusCode"], body, answer["headers"])

    def sweep(self) -> int:
        """The number of wake-ups."""
        return int(self.function("sweep")({})["woken"])

    def work(self) -> None:
        """The worker gets what is in its queue."""
        self.wake_ups.feed(self.function("settle"))

    def send(self, most: int | None = None) -> int:
        """The sender of payouts gets what is in its queue; how many messages that were."""
        return self.payout_queue.feed(self.function("send_payout"), most)

    def use(self, service: str, client: Any, **names: str) -> None:
        """Another client of an AWS service, as boto3 calls it; and what resources of these logical
        ids are called there."""
        self.aws[service] = client
        self._names |= names
        self.cold_start()

    # --- What the operator does ------------------------------------------------------------------

    @property
    def server_key(self) -> str | None:
        return self.secrets.values["ServerKey"]

    @server_key.setter
    def server_key(self, key: str | None) -> None:
        self.secrets.values["ServerKey"] = key

    def take_another_apps_key(self) -> str | None:
        """Pi accepts it, and does not know what we ask for. The right one."""
        self.pi.registry.add_app("another-app", "another-key")
        right, self.server_key = self.server_key, "another-key"
        self.cold_start()
        return right

    @property
    def wallet_seed(self) -> str | None:
        return self.secrets.values["WalletSeed"]

    @wallet_seed.setter
    def wallet_seed(self, seed: str | None) -> None:
        self.secrets.values["WalletSeed"] = seed

    @property
    def wallet(self) -> str:
        """The app's."""
        wallet = self.pi.registry.app().wallet
        assert wallet is not None
        return wallet

    def backup(self) -> dict[str, list[dict[str, Any]]]:
        """The tables as they stand now, all at the same moment; but for what is sold, and the
        notifications, which the runbook leaves out."""
        left_out = ("ProductsTable", "NotificationsTable")
        names = [name for name in self.tables.names if name not in left_out]
        return {name: self.tables.raw(name) for name in names}

    def restore(self, backup: Backup) -> None:
        """These tables as they stood then; Pi, the chain and the queues went on."""
        for name, items in backup.items():
            self.tables.replace(name, items)

    # --- Users, faults and weather ---------------------------------------------------------------

    def user(self, name: str | None = None, **how: Any) -> User:
        """Signed in at Pi; another one each time where there is no name."""
        user, token = self.pi.registry.sign_in(name, **how)
        return User(user.uid, token)

    def fault(self, method: str = "*", path: str = "*", **how: Any) -> None:
        """Matching calls to Pi or the chain go wrong until `heal`; `how`: see `Fault`."""
        self.front.faults.append(Fault(method=method, path=path, **{"times": None, **how}))

    def fault_once(self, method: str = "*", path: str = "*", **how: Any) -> None:
        """The same for the next matching call alone."""
        self.fault(method, path, **{"times": 1, **how})

    def heal(self) -> None:
        self.front.faults.clear()

    @contextmanager
    def fair_weather(self) -> Iterator[None]:
        """For as long as the block runs."""
        faults, self.front.faults = self.front.faults, []
        yield
        self.front.faults = faults

    # --- What there is afterwards ----------------------------------------------------------------

    def counting(self) -> AbstractContextManager[Effects]:
        """The effects of the block alone."""
        return self.effects.counting()

    def events(self, business_id: str) -> list[str]:
        """The types of the events that the bus accepted about a payment, ad or payout, in order;
        each has the identity that a consumer drops duplicates by."""
        found = [event for event in self.bus.events if event.business_id == business_id]
        for told in found:  # only a payout may be blocked twice
            moment = r":\d+" if told.type in ("PayoutBlocked", "PayoutWaiting") else ""
            assert fullmatch(f"{escape(business_id)}:{told.type}{moment}", told.event_id)
        return [told.type for told in found]

    def calls(self, business_id: str) -> list[str]:
        """The calls to Pi about a payment or an ad: `POST complete`, `GET`."""
        found = []
        for call in self.front.calls:
            _, named, step = str(call["path"]).partition(business_id)
            if named:
                found.append(f"{call['method']} {step.strip('/')}".strip())
        return found

    def look(self, read: Callable[..., Seen], *keys: Any) -> Seen:
        """What the test's own eyes see, in time of their own: an invocation that they are opened in
        the middle of may have none left."""

        def looking() -> Seen:
            with within(60):
                return read(*keys)

        return Variables().run(looking)

    def _root_for_the_test(self) -> App:
        """The bundle's own stores, unwatched, to look at the tables with."""
        variables = {
            f"{name.removesuffix('Table').upper()}_TABLE": physical
            for name, physical in self._names.items()
        }
        client = {**self.aws, "dynamodb": self.tables.eyes}
        return App(Settings(variables), Edges(aws=client.__getitem__, clock=self.clock))
