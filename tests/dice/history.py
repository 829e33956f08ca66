"""One random history: all that may happen, in any order and in the middle of each other."""

from collections.abc import Callable
from random import Random

from shared.base.amount import Amount
from shared.payments.prices import Product
from tests.dice.back_office import BackOffice
from tests.dice.front_ends import FrontEnds
from tests.dice.promises import CANCELS_AFTER, Promises
from tests.dice.scene import Dice, Scene, Step, ViolatedError
from tests.dice.weather import Weather
from tests.world import World, new_world
from tests.world.devices import Died
from tests.world.payments import BADGE, DONATION, PIE
from tests.world.tables import in_memory

STEPS = 55
CALM_ROUNDS = 12
# Caps that a few payouts and rewards reach, and one of the fee that a dear chain passes; what waits
# for hours by default comes to its end sooner.
PARAMETERS = {
    "PayoutCap": "100",
    "PayoutUserDailyCap": "150",
    "PayoutWalletDailyCap": "400",
    "FeeCapStroops": "1000000",
    "SweepCancelsAfterSeconds": str(CANCELS_AFTER),
    "RewardDailyCap": "3",
    "RewardRecheckSeconds": "3600",
    "PiAppId": "demo-app",
}

Tell = Callable[[str], object]


class History:
    def __init__(self, seed: int, world: World, tell: Tell) -> None:
        random = Random(seed)
        self._world, self._random = world, random
        if random.random() < 0.5:
            world.deploy(PiWalletAddress=world.wallet)
        dice = Dice(random, world, tell=tell)
        self.scene = Scene(random, world, tell, dice)
        self._office = BackOffice(self.scene)
        self._pages = FrontEnds(self.scene)
        self._weather = Weather(self.scene, self._office, self._pages)
        self._promises = Promises(self.scene)
        pie, donation = Amount.of("3.14"), (Amount.of("0.1"), Amount.of("100"))
        self.scene.stock(Product(PIE, PIE, pie, pie))
        self.scene.stock(Product(DONATION, DONATION, *donation))
        five = Amount.of("5")
        self.scene.stock(Product(BADGE, BADGE, five, five, once=True))
        if random.random() < 0.25:
            world.price_by(self.scene.price_says)
        dice.meanwhile = self._weather.meanwhile()

    def play(self) -> None:
        """Each history has some kinds of weather and not the others, so that each meets each; and
        some play payments alone, or payouts."""
        random, settings = self._random, self._world.pi.settings
        chosen = random.sample(self._weather.kinds(), random.randrange(14))
        weather = [self._office.cold_start, *chosen]
        frequent = self._cast()
        settings.ledger_close_s = random.choice((5, 25, 25, 25))
        settings.close_at_once = random.random() < 0.7
        settings.repeats_success = random.random() < 0.5
        settings.show_txid_before_complete = random.random() < 0.7
        self.scene.dice.wild = random.choice((0.0, 0.01, 0.03, 0.1))
        rough = random.choice((0.15, 0.35))
        for _ in range(STEPS):
            self._step(random.choice(weather if random.random() < rough else frequent))
        self._calm()

    def _cast(self) -> list[Step]:
        payouts, office = self._office.steps(), self._office
        payments = [*self._pages.steps(), *office.background()]
        cast = self._random.choice(("payments", "payouts", "all"))
        frequent = {"payments": payments, "payouts": payouts, "all": payments + payouts}[cast]
        return [self._weather.back_up, *frequent]

    def _step(self, step: Step) -> None:
        self.scene.tell(f"{self._world.now:%d. %H:%M:%S} {step.__name__}")
        self.scene.dice.next_step()
        with self._world.effects.watched_by(self.scene.dice):
            try:
                step()
            except Died:
                self._world.cold_start()  # the other sender lives on, with its memory
        self._promises.check()

    def _calm(self) -> None:
        """Fair weather. All but the damaged records come to their end; then they are mended, and
        come to theirs. (A damaged payout may have Pi's only open payment, so it is mended soon.) A
        person resumes what is blocked, and at last gives it up."""
        self.scene.tell("the weather clears")
        self._weather.clear()
        for number in range(CALM_ROUNDS):
            self._office.decide_all("resume" if number < CALM_ROUNDS // 2 else "fail")
            self._rounds(2)
            if number == 1:
                self._weather.mend("PayoutsTable")
            elif number > 1 and self._promises.is_at_rest():
                break  # nothing is left to do but what the day brings
        if self.scene.damaged:
            self._promises.check_others_than({key for _, key, *_ in self.scene.damaged})
        self._weather.mend("PaymentsTable", "RewardsTable")
        self._weather.pass_day()
        for number in range(CALM_ROUNDS):
            self._rounds(1)
            if number > 1 and self._promises.is_at_rest():
                break
        self._promises.check_end()

    def _rounds(self, number: int) -> None:
        self._world.rounds(number)
        self._office.mend_strangers()
        self._weather.forget_canary()
        self._promises.check()


def play(seed: int, tell: Tell = lambda _line: None) -> set[str]:
    """What was reached. Raises AssertionError with the seed in it."""
    with new_world(in_memory, seed, **PARAMETERS) as world:
        history = History(seed, world, tell)
        try:
            history.play()
        except AssertionError as violated:
            raise ViolatedError(f"SEED={seed}: {violated}") from violated
        scene = history.scene
        return scene.reached | {f"effect {name}" for name in scene.dice.happened}
