"""What is shipped: clean folders, a small layer that builds the same twice, and functions that
import with nothing but that layer, their own folder and the runtime's boto3.
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

from local.pi import PiEmulator
from local.processes import ROOT, environment
from local.template import Template, of_type

MAXIMUM_LAYER_BYTES = 4 * 1024 * 1024

# What the Lambda runtime brings along, and no more: our own environment hides what is missing.
RUNTIME_PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six.py", "urllib3")
HEAVY = {"pydantic", "aws_xray_sdk", "stellar_sdk"}

FUNCTIONS = sorted(app.parent.name for app in (ROOT / "functions").glob("*/app.py"))

IMPORT_ALONE = """
import json, sys
sys.path[:] = json.loads(sys.argv[1]) + [path for path in sys.path if "site-packages" not in path]
import app
event = json.loads(sys.argv[2])
answer = event and app.handler(event, type("Context", (), {
    "function_name": "tested", "memory_limit_in_mb": 512, "aws_request_id": "1",
    "invoked_function_arn": "arn:aws:lambda:us-east-1:000000000000:function:tested",
    "get_remaining_time_in_millis": lambda self: 15_000,
})())
loaded = sorted({name.partition(".")[0] for name in sys.modules})
sys.__stdout__.write(chr(10) + json.dumps({"loaded": loaded, "answer": answer}))
"""


def build_layer(target: Path) -> Path:
    """What `sam build` does for AWS."""
    target.mkdir()
    subprocess.run(
        ["make", "--silent", "build-SharedLayer", f"ARTIFACTS_DIR={target}"],
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
def layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The layer for AWS."""
    return build_layer(tmp_path_factory.mktemp("aws") / "layer")


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
    path = [str(ROOT / "functions" / function), str(built / "SharedLayer" / "python"), str(runtime)]
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


def variables_of(template: Template, function: str) -> dict[str, str]:
    """The function's own variables, with values of the right kind."""
    name = "".join(word.title() for word in function.split("_"))
    declared = translated_variables(template, name)
    values = {"PI_API_URL": "http://127.0.0.1:9/v2", "PI_NETWORK": "Pi Testnet", "PI_APP_ID": ""}
    number = re.compile("SECONDS|MINUTES|_CAP")
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
def test_a_built_function_imports_with_the_layer_alone_and_loads_nothing_heavy(
    function: str, built: Path, runtime: Path, translated: Template
) -> None:
    outcome = run_alone(function, built, runtime, variables_of(translated, function))
    assert HEAVY.intersection(outcome["loaded"]) == set()


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


def test_the_layer_zips_to_at_most_4_mb(layer: Path, tmp_path: Path) -> None:
    archive = tmp_path / "layer.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, data in contents(layer).items():
            zipped.writestr(name, data)
    assert archive.stat().st_size <= MAXIMUM_LAYER_BYTES


def test_the_layer_holds_shared_and_its_dependencies_but_not_the_runtimes(layer: Path) -> None:
    names = {path.name for path in (layer / "python").iterdir()}
    assert {"shared", "requests", "aws_lambda_powertools"} <= names
    assert not {"boto3", "botocore", "s3transfer", "bin", "pip"} & names
    shipped = {
        path.relative_to(layer / "python") for path in (layer / "python/shared").rglob("*.py")
    }
    assert shipped == {path.relative_to(ROOT) for path in (ROOT / "shared").rglob("*.py")}


def test_the_layer_is_for_the_functions_processor(layer: Path) -> None:
    machines = {path.name.split(".")[1] for path in layer.rglob("*.so")}
    assert all("aarch64" in machine or machine == "abi3" for machine in machines)


def test_bytecode_is_the_runtimes_and_knows_its_place(layer: Path) -> None:
    compiled = list(layer.rglob("*.pyc"))
    assert all(path.name.endswith(".cpython-313.pyc") for path in compiled)
    for path in compiled[:20]:
        assert os.fsencode(layer) not in path.read_bytes()


def test_a_rebuild_gives_the_same_layer(layer: Path, tmp_path: Path) -> None:
    """Otherwise every deploy would publish a new layer and restart every function."""
    assert contents(build_layer(tmp_path / "again")) == contents(layer)
