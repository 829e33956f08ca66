"""Is all well with the stack? Each check says what it found, and what to do."""

from collections.abc import Callable, Iterator
from enum import StrEnum

from botocore.exceptions import BotoCoreError, ClientError

from local.command.deployed import Deployed
from local.command.read.attention import unfinished
from local.command.read.dead_letters import DEAD_LETTERS, waiting
from local.command.read.products import rows, unusable
from local.command.restore_journal import journal_of
from local.command.tell import Row, utc
from shared.base.amount import Amount
from shared.base.errors import BundleError

LEAST_QUOTA = 10  # of functions at once: a new account's
SILENT_SWEEPS = 3


class State(StrEnum):
    FINE = "fine"
    LOOK = "look"  # it works, and may not be what you want
    WRONG = "wrong"
    UNKNOWN = "unknown"  # it could not be asked


Found = tuple[State, str]


def doctor(deployed: Deployed) -> list[Row]:
    """Each check in turn; one that cannot be made is `unknown` and ends nothing."""
    return [_checked(deployed, check) for check in CHECKS]


def is_well(checks: list[Row]) -> bool:
    return not any(check["state"] is State.WRONG for check in checks)


def _checked(deployed: Deployed, check: Callable[[Deployed], Found]) -> Row:
    name = check.__name__.strip("_").replace("_", " ")
    try:
        state, told = check(deployed)
    except BundleError as error:
        state, told = State.UNKNOWN, error.message
    except ClientError as error:
        state, told = State.UNKNOWN, f"AWS: {error.response['Error']['Code']}"
    except BotoCoreError as error:
        state, told = State.UNKNOWN, f"AWS: {type(error).__name__}"
    return {"check": name, "state": state, "told": told}


def _version(deployed: Deployed) -> Found:
    version = deployed.outputs.get("Version")
    return (State.FINE, version) if version else (State.LOOK, "Deployed before versions had names.")


def _api(deployed: Deployed) -> Found:
    return State.FINE, deployed.outputs["ApiUrl"]


def _server_key(deployed: Deployed) -> Found:
    put = "Put the app's key from Pi's Developer Portal: pi-bundle key put"
    try:
        deployed.app.pi.incomplete_server_payments()
    except BundleError as error:
        if error.code in ("server_key_missing", "server_key_refused"):
            return State.WRONG, f"{error.message} {put}"
        raise
    knows = deployed.app.look.canary.knows_us()
    if knows is False:
        return State.WRONG, f"It is another app's: Pi does not know our payments by it. {put}"
    return State.FINE, "Pi takes it" + (" and knows our payments by it." if knows else ".")


def _network(deployed: Deployed) -> Found:
    wanted, root = deployed.app.network, deployed.app.chain.root(deployed.app.clock())
    if root.network != wanted:
        return State.WRONG, f"Horizon shows {root.network}, the stack is for {wanted}: PiNetwork"
    behind = "" if root.is_current else " It is behind at the moment."
    return State.FINE, f"{wanted}, ledger {root.newest.number}.{behind}"


def _wallet(deployed: Deployed) -> Found:
    address = deployed.parameters.get("PiWalletAddress")
    if not address:
        return State.LOOK, "PiWalletAddress is not set: payments to any wallet are taken."
    account = deployed.app.chain.account(address)
    if account is None:
        return State.WRONG, f"The chain has no account {address}."
    return State.FINE, f"{Amount(account.free)} Pi at {address}"


def _seed(deployed: Deployed) -> Found:
    """Whether there is one: its policy lets none but the sender read it."""
    stands = deployed.aws("secretsmanager").describe_secret(
        SecretId=deployed.outputs["WalletSeedSecretArn"]
    )
    stages = stands.get("VersionIdsToStages", {}).values()
    if any("AWSCURRENT" in names for names in stages):
        told = "One is put. Only the sender may read it: PayoutsHeldUpAlarm tells if it is wrong."
        return State.FINE, told
    is_on = deployed.app.switch.is_on()
    return (State.WRONG if is_on else State.LOOK), "None was put yet. pi-bundle seed put"


def _app_id(deployed: Deployed) -> Found:
    app_id = deployed.parameters.get("PiAppId")
    if app_id:
        return State.FINE, app_id
    return State.LOOK, "PiAppId is not set: a user with a second app evades the rewards' cap."


def _products(deployed: Deployed) -> Found:
    if deployed.parameters.get("PriceFunctionArn"):
        return State.FINE, "Your price function says the prices."
    wrong = [f"{key}: {why}" for key, why in unusable(deployed.app)]
    if wrong:
        return State.WRONG, " ".join(wrong)
    active = sum(row.get("active") is True for row in rows(deployed.app))
    none = "Nothing is for sale. pi-bundle products put ID --price 1"
    return (State.FINE, f"{active} for sale") if active else (State.LOOK, none)


def _origins(deployed: Deployed) -> Found:
    origins = deployed.parameters.get("AllowOrigins", "")
    none = "AllowOrigins is empty: no page but the sandbox's may call."
    return (State.FINE, origins) if origins else (State.LOOK, none)


def _sales(deployed: Deployed) -> Found:
    paused = deployed.app.sales.paused_since()
    if paused is None:
        return State.FINE, "Payments are approved."
    return State.LOOK, "No payment is approved. pi-bundle payments on"


def _payouts(deployed: Deployed) -> Found:
    is_on = deployed.app.switch.is_on()
    return (State.FINE, "on") if is_on else (State.LOOK, "off. pi-bundle payouts on")


def _restore(deployed: Deployed) -> Found:
    to = journal_of(deployed).to
    if to is None:
        return State.FINE, "none is under way"
    return State.WRONG, f"One to {utc(to)} is under way: pi-bundle restore"


def _sweep(deployed: Deployed) -> Found:
    """What is due is put off by each sweep: nothing stays due for long."""
    minutes = int(deployed.app.settings.text("SWEEP_MINUTES"))
    latest = deployed.app.clock() - SILENT_SWEEPS * minutes * 60
    overdue = [row for what in deployed.app.unfinished for row in _due(deployed, what, latest)]
    if overdue:
        return State.WRONG, f"{len(overdue)} wait for a sweep: see SweepSilentAlarm"
    return State.FINE, f"every {minutes} minutes"


def _due(deployed: Deployed, what: str, latest: int) -> Iterator[object]:
    return (row for row in unfinished(deployed.app, what) if row.due_at < latest)


def _dead_letters(deployed: Deployed) -> Found:
    found = [f"{n} in {name}" for name in DEAD_LETTERS if (n := waiting(deployed, name))]
    if found:
        return State.WRONG, f"{', '.join(found)}. pi-bundle attention"
    return State.FINE, "none"


def _alarms(deployed: Deployed) -> Found:
    if ringing := deployed.ringing():
        told = (f"{name}: {means}" if means else name for name, means in ringing.items())
        return State.WRONG, "; ".join(told)
    if not any(deployed.parameters.get(name) for name in ("AlarmEmail", "AlarmTopicArn")):
        return State.LOOK, "Nobody hears them: set AlarmEmail."
    return State.FINE, "none rings"


def _quota(deployed: Deployed) -> Found:
    limits = deployed.aws("lambda").get_account_settings()["AccountLimit"]
    most = limits["ConcurrentExecutions"]
    workers = int(deployed.app.settings.text("WORKERS"))
    told = f"{most} functions at once, {workers} of them workers"
    if most < LEAST_QUOTA or 2 * workers > most:
        return State.LOOK, f"{told}: ask AWS for more, or choose a smaller Capacity."
    return State.FINE, told


CHECKS: tuple[Callable[[Deployed], Found], ...] = (
    *(_api, _version, _server_key, _network, _wallet, _seed, _app_id, _products, _origins),
    *(_sales, _payouts, _restore, _sweep, _dead_letters, _alarms, _quota),
)
