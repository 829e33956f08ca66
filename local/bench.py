"""`make bench`: what the bundle's safety costs, beside a bare script that does the same I/O.

Two things are compared, each against the script in bench_bare.py: a cold start (import and first
clients, every function in fresh processes) and the CPU of a warm approve and complete. Both sides
take turns, and CPU time is what counts, so the ratios hold on a machine that others use too.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

from local import template
from local.cloud import BUILD_SECONDS, CREDENTIALS, LocalCloud, start_build
from local.pi import PiEmulator
from local.processes import HOST, ROOT, free_port
from local.progress import say, step

TARGET = 1.25
COLD_ROUNDS = 9
WARM_PAIRS = 100
CHILD_SECONDS = 60
SERVER_KEY = "server-key-of-the-bench"
UNUSED = f"http://{HOST}:9"  # a cold start connects to nobody

# The AWS clients that each function makes, and so the bare script beside it.
SERVICES = {
    "verify_user": (),
    "approve_payment": ("dynamodb", "secretsmanager"),
    "complete_payment": ("dynamodb", "secretsmanager"),
    "resolve_payment": ("dynamodb", "secretsmanager"),
    "get_payment": ("dynamodb",),
    "claim_ad_reward": ("dynamodb", "secretsmanager"),
}
SETTINGS = {
    "PI_NETWORK": "Pi Testnet",
    "CANCEL_UNPAID_AFTER_SECONDS": "600",
    "REWARDS_TABLE": "rewards",
    "REWARD_DAILY_CAP": "20",
    "REWARD_FRESH_SECONDS": "3600",
    "POWERTOOLS_SERVICE_NAME": "pi-bundle-bench",
    "POWERTOOLS_METRICS_NAMESPACE": "PiBundle",
}

Times = dict[str, list[float]]
"""CPU milliseconds, turn by turn, of the `bundle` and of the `bare` script."""


def cold(layer: Path) -> Iterator[tuple[str, Times]]:
    """Every function's cold starts."""
    for function, services in SERVICES.items():
        env = _env(layer, ROOT / "functions" / function, ROOT)
        times: Times = {"bundle": [], "bare": []}
        for round_ in range(COLD_ROUNDS):
            for side in sorted(times, reverse=round_ % 2 == 1):
                times[side].append(_run("bench_cold.py", side, *services, env=env))
        yield function, times


def warm(layer: Path, home: Path) -> Iterator[tuple[str, Times]]:
    """Warm approves and completes, against a Pi and a DynamoDB of their own."""
    with (
        LocalCloud(free_port(), home) as cloud,
        PiEmulator(free_port(), SERVER_KEY, home) as emulator,
    ):
        cloud.wait_ready()
        emulator.wait_ready()
        env = (
            _env(layer, ROOT)
            | _stock(cloud)
            | {
                "PI_API_URL": f"{emulator.url}/v2",
                "HORIZON_URL": f"{emulator.url}/horizon",
                "AWS_ENDPOINT_URL": cloud.endpoint,
            }
        )
        times: dict[str, Times] = _run("bench_warm.py", str(WARM_PAIRS), emulator.url, env=env)
    yield from times.items()


def _stock(cloud: LocalCloud) -> dict[str, str]:
    """Make the key, a product, and the tables as the template has them; returns their names."""
    names = {"PAYMENTS_TABLE": "PaymentsTable", "PRODUCTS_TABLE": "ProductsTable"}
    resources = template.load(ROOT / "template.yaml")["Resources"]
    for table in names.values():
        described = resources[table]["Properties"]
        wanted = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
        cloud.dynamodb.create_table(
            TableName=table, **{name: described[name] for name in wanted if name in described}
        )
    cloud.dynamodb.put_item(
        TableName=names["PRODUCTS_TABLE"],
        Item={
            "product_id": {"S": "apple_pie_1"},
            "name": {"S": "Apple pie"},
            "active": {"BOOL": True},
            "price": {"S": "3.14"},
        },
    )
    secret = cloud.secrets.create_secret(Name="server-key", SecretString=SERVER_KEY)
    return {**names, "SERVER_KEY_SECRET_ARN": secret["ARN"]}


def _env(*path: Path) -> dict[str, str]:
    """As in Lambda: the layer and the function on the path, no proxy, no bytecode made."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(map(str, path)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PI_API_URL": UNUSED,
        "HORIZON_URL": UNUSED,
        "PAYMENTS_TABLE": "payments",
        "PRODUCTS_TABLE": "products",
        "SERVER_KEY_SECRET_ARN": UNUSED,
        **SETTINGS,
        **CREDENTIALS,
    }


def _run(script: str, *arguments: str, env: dict[str, str]) -> Any:
    """The JSON on the last line that the script prints."""
    done = subprocess.run(
        [sys.executable, "-P", str(Path(__file__).with_name(script)), *arguments],
        env=env,
        capture_output=True,
        text=True,
        timeout=CHILD_SECONDS,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{script} failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _shown(title: str, results: Iterable[tuple[str, Times]]) -> list[float]:
    """Print medians as they come in; the ratio is the median of the turns' own ratios."""
    say(f"\n{title}")
    say(f"  {'':18}{'bundle':>10}{'bare':>10}{'ratio':>9}")
    ratios = []
    for name, times in results:
        bundle, bare = times["bundle"], times["bare"]
        ratios.append(median(ours / theirs for ours, theirs in zip(bundle, bare, strict=True)))
        say(f"  {name:18}{median(bundle):7.1f} ms{median(bare):7.1f} ms{ratios[-1]:8.2f}x")
    return ratios


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with step("Building the functions (sam build)"):
            start_build(home).wait(seconds=BUILD_SECONDS)
        layer = home / "build" / "SharedLayer" / "python"
        ratios = _shown(
            f"Cold start: CPU of import and first clients, median of {COLD_ROUNDS} turns",
            cold(layer),
        )
        ratios += _shown(
            f"Warm call: CPU against local servers, median of {WARM_PAIRS} turns", warm(layer, home)
        )
    verdict = "held" if max(ratios) <= TARGET else "missed"
    say(f"\n  Target {TARGET}x: {verdict}, the worst is {max(ratios):.2f}x")


if __name__ == "__main__":
    main()
