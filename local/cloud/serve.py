"""MiniStack as it is, but for six things.

Usage: python -P serve.py, with MiniStack's own settings in the environment.

- Its HTTP APIs let the pages of this machine in, whatever their port. API Gateway, and so
  MiniStack, compares a page's origin with a list. The port of a page under development is the
  developer's to choose, and a list of all of them costs 12 ms a call.
- The functions' clock can be moved. Their processes inherit MiniStack's environment, and with it
  the folder `clock`, whose module runs at their start. MiniStack itself has started by then, and
  keeps its own time.
- An environment of a function ends what it has begun. MiniStack deletes its files also while it
  still starts for a call, and that call's error then ends every other environment of the function.
  On AWS a call that has begun goes on to its end.
- What is packed is unpacked once, and each environment of a function has links to it. MiniStack
  writes the thousand files of the layers for each, and deletes them again.
- Calls in batches need the permissions that AWS asks for, where MiniStack asks for ones of its own.
- A stack may give a secret its policy. MiniStack judges by such policies, but its CloudFormation
  does not know them, and whom they name as `aws:PrincipalArn` is on AWS a role, not its session.
"""

import hashlib
import json
import os
import re
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from threading import Lock, Thread
from types import SimpleNamespace
from typing import Any

from ministack import app
from ministack.core import iam_actions, iam_evaluator, lambda_runtime
from ministack.services import apigateway, secretsmanager
from ministack.services.cloudformation import provisioners

CLOCK = Path(__file__).with_name("clock")
OF_THIS_MACHINE = re.compile(r"http://(localhost|127\.0\.0\.1)(:[0-9]{1,5})?")

_headers_of_listed = apigateway._cors_response_headers  # noqa: SLF001 - MiniStack has no setting
_kill_workers = lambda_runtime.kill_workers
_action = iam_actions._action_from_target  # noqa: SLF001
_tables = iam_actions.dynamodb_resource_arns
_condition_key = iam_evaluator._resolve_condition_key  # noqa: SLF001

PERMISSIONS = {"BatchExecuteStatement": "PartiQLUpdate", "SendMessageBatch": "SendMessage"}
TABLE = re.compile(r'UPDATE "([^"]+)"')
SESSION = re.compile(r":sts::([0-9]+):assumed-role/([^/]+)/.*")


def headers(configuration: dict[str, Any], origin: str) -> dict[str, str]:
    """The CORS headers of an answer; none means that the browser hides it from the page."""
    if configuration and OF_THIS_MACHINE.fullmatch(origin):
        configuration = {**configuration, "allowOrigins": [origin]}
    listed: dict[str, str] = _headers_of_listed(configuration, origin)
    return listed


def end_environments(doomed: Iterable[lambda_runtime.Worker]) -> None:
    """Each after its call, if it has one. No new call finds them, so nobody need wait for it."""

    def end() -> None:
        for worker in doomed:
            with worker._lock:  # noqa: SLF001 - held as long as a call lasts
                _kill_workers([worker])

    Thread(target=end, daemon=True).start()


class UnpackedOnce(zipfile.ZipFile):
    """Nobody writes where it is unpacked."""

    _one_at_a_time = Lock()

    def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
        packed = Path(str(self.filename)).read_bytes()
        unpacked = Path(tempfile.gettempdir()) / f"unpacked-{hashlib.sha256(packed).hexdigest()}"
        with self._one_at_a_time:
            if not unpacked.exists():
                super().extractall(unpacked, members, pwd)
        for part in unpacked.iterdir():
            (Path(path) / part.name).symlink_to(part)


def permission(headers: dict[str, str]) -> str | None:
    """That of a call, as the rest of its IAM action."""
    action: str | None = _action(headers)
    return PERMISSIONS.get(action or "", action)


def tables(body: bytes, *where: str) -> list[str]:
    """Those that a call names, as ARNs. MiniStack does not look into PartiQL."""
    request: Mapping[str, Any] = json.loads(body or b"{}")
    arns: list[str] = []
    for statement in request.get("Statements", []):
        if named := TABLE.match(statement["Statement"]):
            arns += _tables(json.dumps({"TableName": named[1]}).encode(), *where)
    return arns or _tables(body, *where)


def make_policy(_logical_id: str, given: Mapping[str, Any], _stack: str) -> tuple[str, Any]:
    """What CloudFormation does for AWS::SecretsManager::ResourcePolicy."""
    secret, policy = given["SecretId"], json.dumps(given["ResourcePolicy"])
    secretsmanager._put_resource_policy({"SecretId": secret, "ResourcePolicy": policy})  # noqa: SLF001
    return secret, {}


def change_policy(_id: str, _old: Any, new: Mapping[str, Any], stack: str) -> tuple[str, Any]:
    return make_policy("", new, stack)


def delete_policy(secret: str, _given: Mapping[str, Any]) -> None:
    secretsmanager._delete_resource_policy({"SecretId": secret})  # noqa: SLF001


def condition_key(key: str, context: Any) -> Any:
    value = _condition_key(key, context)
    return SESSION.sub(r":iam::\1:role/\2", value) if key.lower() == "aws:principalarn" else value


if __name__ == "__main__":
    provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::ResourcePolicy"] = {  # noqa: SLF001
        "create": make_policy,
        "update": change_policy,
        "delete": delete_policy,
    }
    iam_evaluator._resolve_condition_key = condition_key  # noqa: SLF001
    iam_actions._action_from_target = permission  # noqa: SLF001
    iam_actions.dynamodb_resource_arns = tables
    lambda_runtime.kill_workers = end_environments
    lambda_runtime.zipfile = SimpleNamespace(**{**vars(zipfile), "ZipFile": UnpackedOnce})
    apigateway._cors_response_headers = headers  # noqa: SLF001
    os.environ["PYTHONPATH"] = str(CLOCK)
    app.main()
