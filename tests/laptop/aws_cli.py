"""Stands in for the AWS CLI where the documents' commands are tried, so that none has to be
installed: the same words, from the same models of the services.

With AWS_CLI_DRY set it only checks that operation, options and values are known, and calls nothing.
"""

import json
import os
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import jmespath  # type: ignore[import-untyped] # comes with boto3
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.model import StructureShape
from botocore.session import Session, get_session
from botocore.validate import ParamValidator

DRY = "AWS_CLI_DRY"


def main(service: str, operation: str, *words: str) -> int:
    session = get_session()
    if (service, operation) == ("configure", "export-credentials"):
        return _export_credentials(session, *words)
    model = session.get_service_model(service)
    names = {xform_name(name, "-"): name for name in model.operation_names}
    called = model.operation_model(names[operation])
    options = dict(_options(words))
    options.pop("cli-binary-format", None)  # we take a payload as it is anyway
    waits = options.pop("cli-read-timeout", [])  # longer than any of ours takes
    query, output = options.pop("query", ["@"])[0], options.pop("output", ["json"])[0]
    assert called.input_shape is not None
    parameters, rest = _parameters(called.input_shape, options)
    rest += waits[1:]
    expression = jmespath.compile(query)
    if os.environ.get(DRY):
        report = ParamValidator().validate(parameters, called.input_shape)
        sys.stderr.write(report.generate_report())
        sys.stdout.write(f"{service}-{operation}\n")
        return 252 if report.has_errors() else 0

    client = session.create_client(service)
    try:
        answer = getattr(client, xform_name(called.name))(**parameters)
    except ClientError as error:
        sys.stderr.write(f"{error}\n")
        return 254
    for outfile in rest:
        Path(outfile).write_bytes(answer.pop("Payload").read())
    del answer["ResponseMetadata"]
    _show(expression.search(answer), output)
    return 0


def _export_credentials(session: Session, *words: str) -> int:
    assert words == ("--format", "env")
    credentials = session.get_credentials()
    assert credentials is not None
    sys.stdout.write(f"export AWS_ACCESS_KEY_ID={credentials.access_key}\n")
    sys.stdout.write(f"export AWS_SECRET_ACCESS_KEY={credentials.secret_key}\n")
    if credentials.token:
        sys.stdout.write(f"export AWS_SESSION_TOKEN={credentials.token}\n")
    return 0


def _options(words: tuple[str, ...]) -> Iterator[tuple[str, list[str]]]:
    """Each option with its values."""
    starts = [at for at, word in enumerate(words) if word.startswith("--")] + [len(words)]
    for start, end in pairwise(starts):
        yield words[start].removeprefix("--"), list(words[start + 1 : end])


def _parameters(
    taken: StructureShape, options: dict[str, list[str]]
) -> tuple[dict[str, Any], list[str]]:
    """What the operation is given, and the words that belong to no option: a file to write to."""
    named = {xform_name(name, "-"): name for name in taken.members}
    parameters: dict[str, Any] = {}
    rest: list[str] = []
    for option, values in options.items():
        name = named[option]
        kind = taken.members[name].type_name
        if kind == "list" and not values[0].startswith("["):
            parameters[name] = values
            continue
        if kind == "boolean":
            parameters[name] = True
            rest += values
            continue
        value, *more = values
        parameters[name] = _value(kind, value)
        rest += more
    return parameters, rest


def _value(kind: str, text: str) -> Any:
    if kind in ("structure", "map", "list"):
        is_file = text.startswith("file://")
        return json.loads(Path(text.removeprefix("file://")).read_text() if is_file else text)
    if kind in ("integer", "long"):
        return int(text)
    if text.startswith("file://"):
        return (
            "from a file" if os.environ.get(DRY) else Path(text.removeprefix("file://")).read_text()
        )
    return text


def _show(answer: Any, output: str) -> None:
    if output == "json":
        sys.stdout.write(json.dumps(answer, default=str, indent=4) + "\n")
        return
    is_table = isinstance(answer, list) and any(isinstance(row, list) for row in answer)
    for row in answer if is_table else [answer]:
        cells = row if isinstance(row, list) else [row]
        sys.stdout.write("\t".join(str(cell) for cell in cells) + "\n")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
