"""What is shipped: clean folders, small layers that build the same twice, and functions that import
with nothing but their layers, their own folder and the runtime's boto3.
"""

import json
import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.cloud.template import Template, load, of_type
from local.emulator.process import PiEmulator
from local.processes import ROOT, environment

MEGABYTE = 1024 * 1024
# Zipped, the most that each may have.
LAYERS = {"SharedLayer": 4 * MEGABYTE, "ChainLayer": 10 * MEGABYTE}

# What the Lambda runtime brings along, and no more: our own environment hides what is missing.
RUNTIME_PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six.py", "urllib3")
ELF_AARCH64 = 183  # in the header of a library
HEAVY = {"pydantic", "aws_xray_sdk", "stellar_sdk"}
POWERTOOLS = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE", "POWERTOOLS_LOG_LEVEL"}

# The adapter that a function loads for each of these variables, and for no other reason.
LOADED_FOR = {
    "PI_API_URL": "pi.client",
    "PI_APP_ID": "users.seen_tokens",
    "SERVER_KEY_SECRET_ARN": "aws.stored_secret",
    "HORIZON_URL": "stellar.horizon",
    "WALLET_SEED_SECRET_ARN": "stellar.wallet",
    "PAYMENTS_TABLE": "payments.store",
    "PRODUCTS_TABLE": "payments.products",
    "REWARDS_TABLE": "rewards.store",
    "PAYOUTS_TABLE": "payouts.store",
    "NOTIFICATIONS_TABLE": "notifications.store",
    "WAKE_UP_QUEUE_URL": "aws.queue",
    "PAYOUT_QUEUE_URL": "aws.queue",
    "PAYOUTS_SWITCH": "aws.switch",
    "EVENT_BUS": "work.event_bus",
}
HAS_THREADS = {"approve_payment", "claim_ad_reward", "sweep", "settle", "operate"}

FUNCTIONS = sorted(app.parent.name for app in (ROOT / "functions").glob("*/app.py"))

IMPORT_ALONE = """
import json, sys
sys.path[:] = json.loads(sys.argv[1]) + [path for path in sys.path if "site-packages" not in path]
from shared.base.settings import Settings
read, optional = set(), Settings.optional
Settings.optional = lambda self, name: read.add(name) or optional(self, name)
import app
event = json.loads(sys.argv[2])
answer = event and app.handler(event, type("Context", (), {
    "function_name": "tested", "memory_limit_in_mb": 512, "aws_request_id": "1",
    "invoked_function_arn": "arn:aws:lambda:us-east-1:000000000000:function:tested",
    "get_remaining_time_in_millis": lambda self: 15_000,
})())
outcome = {"loaded": sorted(sys.modules), "read": sorted(read), "answer": answer}
sys.__stdout__.write(chr(10) + json.dumps(outcome))
"""


def build_layer(name: str, target: Path) -> Path:
    """What `sam build` does for AWS."""
    target.mkdir()
    subprocess.run(
        ["make", "--silent", f"build-{name}", f"ARTIFACTS_DIR={target}"],
        cwd=ROOT,
        env=environment({"LAYER_PIP": sys.executable}),
        check=True,
        capture_output=True,
    )
    return target


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def layers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The layers for AWS."""
    folder = tmp_path_factory.mktemp("aws")
    return {name: build_layer(name, folder / name) for name in LAYERS}


@pytest.fixture(params=LAYERS)
def name(request: pytest.FixtureRequest) -> str:
    """Of a layer."""
    return str(request.param)


@pytest.fixture
def layer(layers: dict[str, Path], name: str) -> Path:
    return layers[name]


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the runtime's own packages only."""
    folder = tmp_path_factory.mktemp("runtime")
    installed = Path(sysconfig.get_path("purelib"))
    for name in RUNTIME_PACKAGES:
        (folder / name).symlink_to(installed / name)
    return folder


def run_alone(
    function: str,
    built: Path,
    runtime: Path,
    variables: dict[str, str],
    event: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Import the built function where there is only what Lambda has; handle an event, if any."""
    layers = [str(built / layer / "python") for layer in layers_of(built, function)]
    path = [str(ROOT / "functions" / function), *layers, str(runtime)]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", IMPORT_ALONE, json.dumps(path), json.dumps(event)],
        env=environment(
            {**variables, "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    outcome: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return outcome


def layers_of(built: Path, function: str) -> list[str]:
    template = load(built / "template.yaml")
    own = template["Resources"][logical(function)]["Properties"].get("Layers", [])
    return [layer["Ref"] for layer in (*template["Globals"]["Function"]["Layers"], *own)]


def logical(function: str) -> str:
    return "".join(word.title() for word in function.split("_"))


def variables_of(template: Template, function: str) -> dict[str, str]:
    """The function's own variables, with values of the right kind."""
    declared = translated_variables(template, logical(function))
    values = {"PI_API_URL": "http://127.0.0.1:9/v2", "PI_NETWORK": "Pi Testnet"}
    values |= {"PI_APP_ID": "", "PRICE_FUNCTION_ARN": ""}
    number = re.compile("SECONDS|MINUTES|_CAP|_NUMBER|_AMOUNT|STROOPS|WORKERS")
    return {
        name: values.get(
            name, "3600" if number.search(name) else "INFO" if "LEVEL" in name else "x"
        )
        for name in declared
    }


def translated_variables(template: Template, function: str) -> set[str]:
    properties = template["Resources"][function]["Properties"]
    return set(properties["Environment"]["Variables"])


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_built_function_imports_with_its_layers_alone_and_only_the_sender_loads_heavy_ones(
    function: str, built: Path, runtime: Path, translated: Template
) -> None:
    outcome = run_alone(function, built, runtime, variables_of(translated, function))
    loaded = HEAVY.intersection(outcome["loaded"])
    assert loaded == ({"pydantic", "stellar_sdk"} if function == "send_payout" else set())


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_reads_what_the_template_gives_it_and_loads_what_that_is_for(
    function: str, built: Path, runtime: Path, translated: Template
) -> None:
    """A variable too many is a lie in the template; a store too many, a cold start too slow."""
    given = variables_of(translated, function)

    outcome = run_alone(function, built, runtime, given)

    read, loaded = set(outcome["read"]), set(outcome["loaded"])
    assert read == given.keys() - POWERTOOLS
    parts = {name for name in LOADED_FOR.values() if f"shared.{name}" in loaded}
    expected = {LOADED_FOR[name] for name in read if name in LOADED_FOR}
    assert parts == expected
    assert ("boto3" in loaded) is (function != "verify_user")
    for unused in ("tracing", "utilities.jmespath_utils", "utilities.batch"):
        assert f"aws_lambda_powertools.{unused}" not in loaded
    assert "charset_normalizer" not in loaded
    assert ("shared.base.threads" in loaded) is (function in HAS_THREADS)


def test_verify_user_answers_without_boto3(
    built: Path, runtime: Path, translated: Template, emulator: PiEmulator
) -> None:
    user = emulator.control("POST", "/users", {})
    variables = variables_of(translated, "verify_user") | {"PI_API_URL": f"{emulator.url}/v2"}
    outcome = run_alone(
        "verify_user",
        built,
        runtime,
        variables,
        {
            "version": "2.0",
            "routeKey": "GET /me",
            "rawPath": "/me",
            "rawQueryString": "",
            "headers": {"authorization": f"Bearer {user['accessToken']}"},
            "requestContext": {"http": {"method": "GET", "path": "/me"}, "requestId": "r"},
            "isBase64Encoded": False,
        },
    )
    assert outcome["answer"]["statusCode"] == 200
    assert json.loads(outcome["answer"]["body"])["uid"] == user["uid"]
    # Powertools itself touches `botocore`, an empty package; its session is where the cost begins.
    assert {*HEAVY, "boto3", "botocore.session"}.intersection(outcome["loaded"]) == set()


def test_sam_ships_the_function_folders_as_they_are_and_clean(built: Path) -> None:
    template = yaml.load((built / "template.yaml").read_text(), Loader=yaml.BaseLoader)
    functions = of_type(template, "AWS::Serverless::Function")
    assert functions
    for function in functions.values():
        folder = (built / function["Properties"]["CodeUri"]).resolve()
        assert {path.name for path in folder.rglob("*")} == {"app.py"}


def test_a_layer_zips_to_little(layer: Path, name: str, tmp_path: Path) -> None:
    archive = tmp_path / "layer.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for path, data in contents(layer).items():
            zipped.writestr(path, data)
    assert archive.stat().st_size <= LAYERS[name]


def shipped_in(layer: Path) -> set[str]:
    return {path.name for path in (layer / "python").iterdir()}


def test_no_layer_holds_what_the_runtime_has(layer: Path) -> None:
    assert not {"boto3", "botocore", "s3transfer", "bin", "pip"} & shipped_in(layer)


def test_the_shared_layer_holds_shared_and_its_dependencies(layers: dict[str, Path]) -> None:
    root = layers["SharedLayer"] / "python"
    assert {"shared", "requests", "aws_lambda_powertools"} <= shipped_in(root.parent)
    shipped = {path.relative_to(root) for path in (root / "shared").rglob("*.py")}
    assert shipped == {path.relative_to(ROOT) for path in (ROOT / "shared").rglob("*.py")}


def test_nothing_is_shipped_twice(layers: dict[str, Path]) -> None:
    shared, chain = shipped_in(layers["SharedLayer"]), shipped_in(layers["ChainLayer"])
    assert "stellar_sdk" in chain
    assert not shared & chain


def test_a_layer_is_for_the_functions_processor(layer: Path) -> None:
    libraries = list(layer.rglob("*.so"))
    assert libraries
    for library in libraries:
        machine = int.from_bytes(library.read_bytes()[18:20], "little")
        assert machine == ELF_AARCH64, library.name


def test_bytecode_is_the_runtimes_and_knows_its_place(layer: Path) -> None:
    compiled = list(layer.rglob("*.pyc"))
    assert all(path.name.endswith(".cpython-313.pyc") for path in compiled)
    for path in compiled[:20]:
        assert os.fsencode(layer) not in path.read_bytes()


def test_a_rebuild_gives_the_same_layer(layer: Path, name: str, tmp_path: Path) -> None:
    """Otherwise every deploy would publish a new layer and restart every function."""
    assert contents(build_layer(name, tmp_path / "again")) == contents(layer)
