"""A cloud of our own: MiniStack on the loopback, and `sam build` for this machine.

MiniStack runs with AUTH=true, so every function has its own role's permissions and no others.
"""

import sys
from functools import cached_property
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Any, Self

import boto3
import requests
from botocore.credentials import Credentials

from local.play.calls import Signed
from local.processes import HOST, Child, environment

if TYPE_CHECKING:
    from mypy_boto3_apigatewayv2 import ApiGatewayV2Client
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

REGION = "us-east-1"
# MiniStack's public default: the account's root, the only caller besides the functions' roles.
ROOT_KEY = "test"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": ROOT_KEY,
    "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
}

SERVER = Path(__file__).with_name("serve.py")
UV = Path(sys.executable).with_name("uv")

START_SECONDS = 60.0
BUILD_SECONDS = 300.0


class LocalCloud:
    """MiniStack on a port of the loopback; `home` holds its log and whatever it writes."""

    def __init__(self, port: int, home: Path) -> None:
        self.endpoint = f"http://{HOST}:{port}"
        self.home = home
        scratch = home / "scratch"
        rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        self._clock = scratch / "clock-ahead"
        self.set_clock(ahead=0)
        self._process = Child(
            "MiniStack",
            [sys.executable, "-P", str(SERVER)],
            log=home / "ministack.log",
            env=environment(
                {
                    "AUTH": "true",
                    "BIND_HOST": HOST,
                    "GATEWAY_PORT": str(port),
                    "MINISTACK_HOST": HOST,
                    "MINISTACK_REGION": REGION,
                    "IOT_MTLS_ENABLED": "0",
                    "SFTP_ENABLED": "0",
                    "LOG_LEVEL": "INFO",
                    "S3_DATA_DIR": str(scratch / "s3"),
                    "CLOCK_AHEAD_FILE": str(self._clock),
                    "STATE_DIR": str(scratch / "state"),
                    "TMPDIR": str(scratch),
                    # No daemon is asked for; a socket that is not there is not even imported for.
                    "DOCKER_HOST": f"unix://{scratch}/no-docker.sock",
                }
            ),
            cwd=scratch,
        )

    def set_clock(self, *, ahead: float) -> None:
        """From now on the functions' time is so many seconds ahead of this machine's."""
        new = self._clock.with_suffix(".new")
        new.write_text(str(ahead))
        new.replace(self._clock)  # no function ever reads half a number

    def wait_ready(self) -> Self:
        """Wait until it answers."""
        self._process.wait_until(self._answers, seconds=START_SECONDS)
        return self

    def stop(self) -> None:
        self._process.stop()
        rmtree(self.home / "scratch", ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @cached_property
    def session(self) -> boto3.Session:
        """A session of the account's root; give each client `endpoint_url=cloud.endpoint`."""
        return boto3.Session(ROOT_KEY, ROOT_KEY, region_name=REGION)

    def client(self, service: str) -> Any:
        """As the account's root, by boto3's name for it."""
        make: Any = self.session.client  # typed for literal names only
        return make(service, endpoint_url=self.endpoint)

    @cached_property
    def cloudformation(self) -> "CloudFormationClient":
        return self.session.client("cloudformation", endpoint_url=self.endpoint)

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        return self.session.client("dynamodb", endpoint_url=self.endpoint)

    @cached_property
    def secrets(self) -> "SecretsManagerClient":
        return self.session.client("secretsmanager", endpoint_url=self.endpoint)

    @cached_property
    def apigateway(self) -> "ApiGatewayV2Client":
        return self.session.client("apigatewayv2", endpoint_url=self.endpoint)

    @cached_property
    def events(self) -> "EventBridgeClient":
        return self.session.client("events", endpoint_url=self.endpoint)

    @cached_property
    def parameters(self) -> "SSMClient":
        return self.session.client("ssm", endpoint_url=self.endpoint)

    @cached_property
    def sqs(self) -> "SQSClient":
        return self.session.client("sqs", endpoint_url=self.endpoint)

    @cached_property
    def signed(self) -> Signed:
        """For calls of the account's root to `AWS_IAM` routes."""
        return Signed(Credentials(ROOT_KEY, ROOT_KEY), REGION)

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.endpoint}/_ministack/ready", timeout=2).ok
        except requests.RequestException:
            return False


def start_build(home: Path) -> Child:
    """`sam build` for this machine's interpreter, to home/build."""
    return Child(
        "sam build",
        [*sam(), "build", "--build-dir", str(home / "build")],
        log=home / "sam-build.log",
        env=environment(
            {
                **CREDENTIALS,
                "SAM_CLI_TELEMETRY": "0",
                "LAYER_PLATFORM": "",
                "LAYER_VERSION": f"{sys.version_info.major}.{sys.version_info.minor}",
                # What `make setup` has put into its cache, without copying it once more.
                "LAYER_INSTALL": f"{UV} pip install -q --python {sys.executable}",
            }
        ),
    )


def sam() -> list[str]:
    """The command that starts SAM of our own environment."""
    return [sys.executable, "-m", "samcli"]
