"""Reads the SAM template as CloudFormation will see it.

MiniStack ignores the OpenAPI body in which the translator puts an HTTP API's routes and CORS, so
the laptop takes them from here; the template's tests assert on the same translation.
"""

import copy
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, reduce
from pathlib import Path
from typing import Any

from local.processes import ROOT

# The translator turns CloudFormation's own JSON into JSON: there is no narrower type for it.
Template = dict[str, Any]

_UPLOADED = {"CodeUri", "ContentUri"}
_FUNCTION = re.compile(r"\$\{(\w+)(?:\.Arn)?\}/invocations$")


@dataclass(frozen=True, slots=True)
class Route:
    """One route of the HTTP API: who answers it, who may call it, how long it may take."""

    key: str
    function: str
    authorization: str
    timeout_ms: int


def load(path: Path) -> Template:
    """The template as written, its short forms (!Ref, !Sub, ...) expanded."""
    from samtranslator.yaml_helper import yaml_parse

    template: Template = yaml_parse(path.read_text())
    return template


def translate(template: Template, *, region: str = "eu-central-1") -> Template:
    """The template without SAM: what CloudFormation deploys. Its parameters stay open."""
    template = copy.deepcopy(template)
    for resource in template["Resources"].values():
        for uri in _UPLOADED.intersection(resource.get("Properties", {})):
            # `sam deploy` uploads the folder first; the translator insists on the result.
            resource["Properties"][uri] = "s3://bucket/key"

    import boto3
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name=region))
    translated: Template = translator.translate(template, parameter_values={})
    return translated


def of_type(template: Template, resource_type: str) -> dict[str, Template]:
    """The resources of one type, by logical id."""
    return {
        name: resource
        for name, resource in template["Resources"].items()
        if resource["Type"] == resource_type
    }


def the_api(template: Template) -> Template:
    """The OpenAPI body of the one HTTP API."""
    (api,) = of_type(template, "AWS::ApiGatewayV2::Api").values()
    body: Template = api["Properties"]["Body"]
    return body


def routes(template: Template) -> Iterator[Route]:
    """Every route of the translated template."""
    for path, methods in the_api(template)["paths"].items():
        for method, operation in methods.items():
            integration = operation["x-amazon-apigateway-integration"]
            uri = integration["uri"]
            answered_by = _FUNCTION.search(uri["Fn::Sub"] if isinstance(uri, dict) else uri)
            if answered_by is None:
                raise ValueError(f"{method} {path} is not answered by a function: {uri}")
            signed = any("AWS_IAM" in scheme for scheme in operation.get("security", []))
            yield Route(
                key=f"{method.upper()} {path}",
                function=answered_by[1],
                authorization="AWS_IAM" if signed else "NONE",
                timeout_ms=integration["timeoutInMillis"],
            )


@cache
def bundle() -> Template:
    """The bundle's own template, as written."""
    return load(ROOT / "template.yaml")


def variables(
    function: str, parameters: Mapping[str, str], physical: Callable[[str], str]
) -> dict[str, str]:
    """The environment of one of the bundle's functions in a stack with these parameters (where one
    is not given: its default). `physical` gives what a resource is called, by its logical id."""
    template = bundle()
    own = template["Resources"][function]["Properties"].get("Environment", {}).get("Variables", {})
    declared = {**template["Globals"]["Function"]["Environment"]["Variables"], **own}
    resolver = _Resolver(template, parameters, physical)
    return {name: resolver.resolved(value) for name, value in declared.items()}


@dataclass(frozen=True, slots=True)
class _Resolver:
    template: Template
    parameters: Mapping[str, str]
    physical: Callable[[str], str]

    def resolved(self, value: Any) -> str:
        match value:
            case {"Ref": name} if name in self.template["Parameters"]:
                default = self.template["Parameters"][name].get("Default")
                return str(self.parameters.get(name, default))
            case {"Ref": name} | {"Fn::GetAtt": [name, _]}:
                return self.physical(name)
            case {"Fn::If": [condition, yes, no]}:
                holds = self._holds(self.template["Conditions"][condition])
                return self.resolved(yes if holds else no)
            case {"Fn::Sub": [text, {**names}]}:
                named = {f"${{{name}}}": self.resolved(of) for name, of in names.items()}
                return reduce(lambda made, one: made.replace(*one), named.items(), str(text))
            case {"Fn::FindInMap": [table, row, column]}:
                return str(self.template["Mappings"][table][self.resolved(row)][column])
            case str() | int():
                return str(value)
        raise ValueError(f"no variable has had this value yet: {value}")

    def _holds(self, condition: Any) -> bool:
        match condition:
            case {"Fn::Equals": [one, other]}:
                return self.resolved(one) == self.resolved(other)
            case {"Fn::Not": [inner]}:
                return not self._holds(inner)
        raise ValueError(f"no condition has been this one yet: {condition}")


def function_of(folder: str) -> str:
    """The logical id of the function whose code is in `functions/<folder>`."""
    return "".join(word.title() for word in folder.split("_"))


@cache
def folders_by_route() -> Mapping[str, str]:
    """Which folder of `functions/` answers each route, such as `GET /payments/{payment_id}`."""
    return {
        f"{event['Properties']['Method']} {event['Properties']['Path']}": Path(
            resource["Properties"]["CodeUri"]
        ).name
        for resource in bundle()["Resources"].values()
        for event in resource.get("Properties", {}).get("Events", {}).values()
        if event["Type"] == "HttpApi"
    }
