"""`make run`: the whole bundle on this machine, an example consumer of its events, a shop and the
stage that shows all of them at work.

Settings come from the environment, where make puts them. ONCE=1 plays through everything in text
instead, and ends. Ends with status 0 when it was asked to (Ctrl-C, or ONCE=1 after the play),
otherwise with 1 and the step that failed.
"""

import json
import os
import re
import secrets
import signal
import sys
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from local.cloud import template
from local.cloud.ministack import BUILD_SECONDS, CREDENTIALS, LocalCloud, start_build
from local.cloud.stack import FunctionFailedError, Product, Stack
from local.command.deployed import opened
from local.console.server import Console
from local.emulator.process import PiEmulator
from local.play.calls import Calls, StepFailedError
from local.play.consumer import ExampleConsumer
from local.play.scenes import Play
from local.processes import (
    HOST,
    ROOT,
    PortTakenError,
    ProcessFailedError,
    environment,
    require_free,
)
from local.progress import say, step
from local.stage.server import Stage
from shared.base.observability import logger

PI_PORT = 8314
AWS_PORT = 8315
SHOP_PORT = 8316
STAGE_PORT = 8317

# By it your own server knows that the local cloud posts; the same after each restart.
WEBHOOK_PROOF = "secret-of-make-run"
WEB_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~%/-]*)?")

PRODUCTS = (
    Product("apple_pie_1", "Apple pie", price="3.14"),
    Product("recipe_1", "Recipe", price="1", once=True),
    Product("donation", "Donation", minimum="0.1", maximum="100"),
)


class SettingError(ValueError):
    """A setting of `make run` makes no sense."""


@dataclass(frozen=True)
class Settings:
    """What `make run` was told."""

    pi_port: int
    aws_port: int
    shop_port: int
    stage_port: int
    once: bool
    pi_api_url: str
    server_key: str
    allow_origins: str
    webhook_url: str
    home: Path

    @classmethod
    def read(cls, env: Mapping[str, str]) -> Self:
        """Raises SettingError."""
        pi_api_url = env.get("PI_API_URL", "").rstrip("/")
        server_key = env.get("PI_SERVER_API_KEY", "")
        if pi_api_url and not server_key:
            raise SettingError("PI_API_URL needs the app's key too: PI_SERVER_API_KEY=...")
        return cls(
            pi_port=_port(env, "PI_PORT", PI_PORT),
            aws_port=_port(env, "AWS_PORT", AWS_PORT),
            shop_port=_port(env, "SHOP_PORT", SHOP_PORT),
            stage_port=_port(env, "STAGE_PORT", STAGE_PORT),
            once=env.get("ONCE", "") not in ("", "0"),
            pi_api_url=pi_api_url,
            # The emulator takes whatever key it is started with.
            server_key=server_key or secrets.token_urlsafe(24),
            allow_origins=_origins(env),
            webhook_url=_webhook_url(env),
            home=Path(env.get("LOCAL_HOME") or ROOT / ".local").resolve(),
        )


def _port(env: Mapping[str, str], name: str, default: int) -> int:
    value = env.get(name) or str(default)
    if not value.isdecimal() or not 0 < int(value) < 65536:
        raise SettingError(f"{name}={value} is not a port")
    return int(value)


def _origins(env: Mapping[str, str]) -> str:
    """What the template's parameter would refuse is refused here, before anything is built."""
    named = [origin.strip() for origin in env.get("ALLOW_ORIGINS", "").split(",")]
    origins = [origin for origin in named if origin]
    if not origins:
        return ""
    parameter = template.load(ROOT / "template.yaml")["Parameters"]["AllowOrigins"]
    for origin in origins:
        if not re.fullmatch(parameter["AllowedPattern"], origin):
            raise SettingError(
                f"ALLOW_ORIGINS: {origin} is no origin. "
                f"Expected {parameter['ConstraintDescription']}"
            )
    return ",".join(origins)


def _webhook_url(env: Mapping[str, str]) -> str:
    url = env.get("WEBHOOK_URL", "")
    if url and not WEB_ADDRESS.fullmatch(url):
        raise SettingError(
            f"WEBHOOK_URL={url} is no address. Expected one like http://127.0.0.1:3000/pi-events"
        )
    return url


def require_free_ports(settings: Settings) -> None:
    """Raises PortTakenError."""
    require_free(settings.aws_port, what="the local cloud", setting="AWS_PORT")
    if settings.pi_api_url:
        return
    require_free(settings.pi_port, what="the Pi emulator", setting="PI_PORT")
    require_free(settings.shop_port, what="the shop", setting="SHOP_PORT")
    require_free(settings.stage_port, what="the stage", setting="STAGE_PORT")


def serve(settings: Settings, running: ExitStack) -> Play | None:
    """Bring everything up; `running` ends it. Without an emulator there is no play, and neither a
    shop nor a stage."""
    require_free_ports(settings)
    running.callback(say, "\n  Everything has been stopped.")
    _endpoints(settings).unlink(missing_ok=True)

    cloud, emulator = start(settings, running)
    stack, consumer = deploy(settings, running, cloud, emulator)
    fill(settings, stack, emulator)

    served = {"api": stack.api_url, "pi": settings.pi_api_url, "aws": cloud.endpoint}
    if emulator is None:
        report(settings, served)
        return None
    logger.setLevel("CRITICAL")  # the console reads by the functions' code, which logs each call
    console = running.enter_context(Console(opened(stack.name, cloud.client), port=0))
    stage = Stage(
        settings.stage_port, settings.shop_port, stack, consumer, emulator, console=console.door
    )
    running.enter_context(stage)
    report(settings, served | {"pi": emulator.url, "shop": stage.shop, "stage": stage.url})
    return Play(Calls(stack.api_url, emulator.url, cloud.signed), stack.sweep, consumer.owned)


def start(settings: Settings, running: ExitStack) -> tuple[LocalCloud, PiEmulator | None]:
    """The functions are built, and the local cloud and the emulator answer."""
    with step("Building the functions (sam build)"):
        build = start_build(settings.home)
        running.callback(build.stop)
        # Both servers start while sam builds.
        cloud = running.enter_context(LocalCloud(settings.aws_port, settings.home))
        emulator = None
        if not settings.pi_api_url:
            emulator = running.enter_context(
                PiEmulator(settings.pi_port, settings.server_key, settings.home)
            )
        build.wait(seconds=BUILD_SECONDS)
    with step("Starting the servers on the loopback"):
        cloud.wait_ready()
        if emulator:
            emulator.wait_ready()
    return cloud, emulator


def deploy(
    settings: Settings, running: ExitStack, cloud: LocalCloud, emulator: PiEmulator | None
) -> tuple[Stack, ExampleConsumer]:
    with step("Deploying the template (sam deploy)"):
        stack = Stack(cloud, parameters(settings, emulator))
        running.callback(stack.stop)
        stack.finish()
    with step("Deploying the example consumer beside it"):
        consumer = ExampleConsumer(cloud, stack.outputs["EventBusName"])
        running.callback(consumer.stop)
        consumer.finish()
    return stack, consumer


def fill(settings: Settings, stack: Stack, emulator: PiEmulator | None) -> None:
    """What an operator puts by hand after a deploy."""
    with step("Putting the server key, the wallet's seed and the products"):
        stack.put_server_key(settings.server_key)
        if emulator:
            stack.put_wallet_seed(emulator.wallet_seed)
            stack.switch_payouts(on=True)
        for product in PRODUCTS:
            stack.put_product(product)
    if settings.webhook_url:
        with step("Pointing the webhook at your server"):
            stack.add_webhook(settings.webhook_url, WEBHOOK_PROOF)


def report(settings: Settings, served: Mapping[str, str]) -> None:
    """Where everything is, for people and for programs."""
    _endpoints(settings).write_text(json.dumps(served, indent=2) + "\n")
    say()
    for name, url in served.items():
        say(f"  {name:5} {url}")
    if settings.webhook_url:
        say(f"  hook  {settings.webhook_url}, x-webhook-secret: {WEBHOOK_PROOF}")
    say()


def _endpoints(settings: Settings) -> Path:
    return settings.home / "endpoints.json"


def parameters(settings: Settings, emulator: PiEmulator | None) -> dict[str, str]:
    """What the template is deployed with; all else is its defaults."""
    # The pages of this machine need no setting: the local cloud lets them in.
    origins = {"AllowOrigins": settings.allow_origins} if settings.allow_origins else {}
    if emulator is None:
        return {**origins, "PiApiUrl": settings.pi_api_url}
    return {
        **origins,
        "PiApiUrl": f"{emulator.url}/v2",
        "HorizonUrl": f"{emulator.url}/horizon",
        # The sweep is seen at work without minutes of waiting.
        "FirstLookSeconds": "1",
        "SweepMinutes": "1",
    }


def run(settings: Settings) -> None:
    """Serve, play, and stay until Ctrl-C unless told otherwise."""
    with ExitStack() as running:
        try:
            play = serve(settings, running)
            if not settings.once:
                stay(settings)
            elif play:
                play.whole()
            else:
                say("No play against Pi itself: paying needs a person in the Pi Browser.")
        finally:
            # An impatient second Ctrl-C must not leave half of it running.
            for name in (signal.SIGINT, signal.SIGTERM):
                signal.signal(name, signal.SIG_IGN)


def stay(settings: Settings) -> None:
    """Until Ctrl-C, or a polite kill."""
    with suppress(KeyboardInterrupt):
        say("Everything is up. Ctrl-C ends it.")
        if not settings.pi_api_url:
            say(f"\n  Open http://{HOST}:{settings.stage_port} and buy an apple pie.")
        while True:
            signal.pause()


def main() -> int:
    # Both are set: a shell starts its background jobs with SIGINT ignored.
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.default_int_handler)
    try:
        settings = Settings.read(os.environ)
        # Nothing of the shell's AWS account may reach us, nor a proxy between us and the loopback.
        ours = environment(CREDENTIALS)
        os.environ.clear()
        os.environ.update(ours)
        run(settings)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except (
        SettingError,
        PortTakenError,
        ProcessFailedError,
        FunctionFailedError,
        StepFailedError,
    ) as failed:
        sys.stderr.write(f"\nFailed: {failed}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
