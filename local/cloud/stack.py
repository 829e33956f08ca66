"""The real template, deployed to the local cloud.

What MiniStack does not read from the template (an HTTP API's routes and CORS, and the webhook) is
added after the deploy, from the same template.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from local.cloud import template
from local.cloud.ministack import CREDENTIALS, REGION, LocalCloud, sam
from local.processes import ROOT, Child, environment

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackTypeDef
    from mypy_boto3_lambda import LambdaClient

DEPLOY_SECONDS = 300.0

STACK = "pi-bundle-local"
# What MiniStack does not know is left out by the template's own switches.
NOT_HERE = {
    "EventArchiveDays": "0",
    "FailureAlarms": "off",
    "WebhookUrl": "",
    "Dashboard": "off",  # its saved queries
}


@dataclass(frozen=True)
class Product:
    """A row of the products table: an exact price, or a minimum and a maximum, in Pi. `once`: each
    user may buy it once.
    """

    product_id: str
    name: str
    price: str | None = None
    minimum: str | None = None
    maximum: str | None = None
    once: bool = False


class FunctionFailedError(RuntimeError):
    """A function ended with an error instead of an answer."""


class Deployment:
    """A deployed template: what its resources are called, and its functions without a route."""

    def __init__(
        self,
        cloud: LocalCloud,
        source: Path,
        name: str,
        parameters: Mapping[str, str],
        *,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Begin the deploy; `finish` completes it. The tags are the stack's."""
        self.cloud = cloud
        self.name = name
        self._deploy = Child(
            f"sam deploy of {name}",
            [
                *sam(),
                "deploy",
                "--config-file",
                str(ROOT / "samconfig.toml"),
                "--template-file",
                str(source),
                "--stack-name",
                name,
                "--no-progressbar",
                *_option("--parameter-overrides", '{}="{}"', parameters),
                *_option("--tags", "{}={}", tags or {}),
            ],
            log=cloud.home / f"sam-deploy-{name}.log",
            env=environment(
                {
                    **CREDENTIALS,
                    "AWS_ENDPOINT_URL": cloud.endpoint,
                    "SAM_CLI_TELEMETRY": "0",
                    "SAM_CLI_POLL_DELAY": "0.2",
                }
            ),
        )

    def stop(self) -> None:
        """End a deploy that is still under way; the stack itself goes with its cloud."""
        self._deploy.stop()

    def finish(self) -> Self:
        """Wait for the deploy."""
        self._deploy.wait(seconds=DEPLOY_SECONDS)
        return self

    @cached_property
    def resources(self) -> dict[str, str]:
        """Physical names by logical id."""
        pages = self.cloud.cloudformation.get_paginator("list_stack_resources")
        return {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for page in pages.paginate(StackName=self.name)
            for resource in page["StackResourceSummaries"]
        }

    @cached_property
    def outputs(self) -> dict[str, str]:
        described = self._described["Outputs"]
        return {output["OutputKey"]: output["OutputValue"] for output in described}

    @cached_property
    def parameters(self) -> dict[str, str]:
        """What the stack was deployed with, defaults included."""
        described = self._described["Parameters"]
        return {given["ParameterKey"]: given["ParameterValue"] for given in described}

    @cached_property
    def _described(self) -> "StackTypeDef":
        (stack,) = self.cloud.cloudformation.describe_stacks(StackName=self.name)["Stacks"]
        return stack

    @cached_property
    def translated(self) -> dict[str, Any]:
        """The template as CloudFormation deployed it."""
        answer = self.cloud.cloudformation.get_template(
            StackName=self.name, TemplateStage="Processed"
        )
        translated: dict[str, Any] = dict(answer["TemplateBody"])
        return translated

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:
        """What the function of this logical id answers; raises FunctionFailedError."""
        answer = self._lambda.invoke(
            FunctionName=self.resources[function], Payload=json.dumps(event).encode()
        )
        payload = answer["Payload"].read().decode()
        if answer.get("FunctionError"):
            raise FunctionFailedError(f"{function}: {payload}")
        return json.loads(payload)

    def has_waiting(self, queue: str) -> bool:
        """Whether the queue of this logical id holds a message, or one of it is being handled."""
        counts = self.cloud.sqs.get_queue_attributes(
            QueueUrl=self.resources[queue],
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )["Attributes"]
        return any(int(count) for count in counts.values())

    def cold_start(self, function: str) -> None:
        """Its next invocation begins in a new environment, which remembers nothing."""
        name = self.resources[function]
        # MiniStack ends the environments of a function whose timeout is set, even to the same.
        timeout = self._lambda.get_function_configuration(FunctionName=name)["Timeout"]
        self._lambda.update_function_configuration(FunctionName=name, Timeout=timeout)

    def function_arn(self, function: str) -> str:
        return f"arn:aws:lambda:{REGION}:000000000000:function:{self.resources[function]}"

    @cached_property
    def _lambda(self) -> "LambdaClient":
        return self.cloud.session.client("lambda", endpoint_url=self.cloud.endpoint)


def _option(name: str, form: str, values: Mapping[str, str]) -> list[str]:
    """SAM takes none without a value."""
    return [name, *(form.format(*pair) for pair in values.items())] if values else []


class Stack(Deployment):
    """The bundle: where its API answers, and what its operator does."""

    def __init__(
        self,
        cloud: LocalCloud,
        parameters: Mapping[str, str],
        *,
        name: str = STACK,
    ) -> None:
        """Begin the deploy of what `start_build` built; `finish` completes it."""
        built = cloud.home / "build" / "template.yaml"
        # MiniStack reads the API's id from this tag, and makes one up otherwise: a new address
        # after each restart, which no page could keep.
        tags = {"ms-custom-id": name}
        super().__init__(cloud, built, name, {**NOT_HERE, **parameters}, tags=tags)

    def finish(self) -> Self:
        """Wait for the deploy, then give the API what MiniStack left out."""
        super().finish()
        self._add_routes()
        return self

    @property
    def api_url(self) -> str:
        """Base URL of the API, on the loopback: the same for each stack of this name and port."""
        return f"{self.cloud.endpoint}/_aws/execute-api/{self.resources['Api']}"

    def put_server_key(self, key: str) -> None:
        """What an operator does once after the first deploy."""
        self.cloud.secrets.put_secret_value(
            SecretId=self.outputs["ServerKeySecretArn"], SecretString=key
        )

    def server_key(self) -> str:
        """The one that was put last."""
        found = self.cloud.secrets.get_secret_value(SecretId=self.outputs["ServerKeySecretArn"])
        return str(found["SecretString"])

    def put_wallet_seed(self, seed: str) -> None:
        """What an operator does once before payouts."""
        self.cloud.secrets.put_secret_value(
            SecretId=self.outputs["WalletSeedSecretArn"], SecretString=seed
        )

    def switch_payouts(self, *, on: bool) -> None:
        """What an operator does to let payouts go, or to stop them."""
        self.cloud.parameters.put_parameter(
            Name=self.outputs["PayoutsSwitchName"],
            Value="on" if on else "off",
            Type="String",
            Overwrite=True,
        )

    def put_product(self, product: Product) -> None:
        """What an operator does once per product."""
        amounts = {"price": product.price, "minimum": product.minimum, "maximum": product.maximum}
        self.cloud.dynamodb.put_item(
            TableName=self.outputs["ProductsTableName"],
            Item={
                "product_id": {"S": product.product_id},
                "name": {"S": product.name},
                "active": {"BOOL": True},
                "once": {"BOOL": product.once},
                **{name: {"S": amount} for name, amount in amounts.items() if amount is not None},
            },
        )

    def add_webhook(self, url: str, secret: str) -> None:
        """Post each event there, as a stack with `WebhookUrl` does: at once, and only once, since
        MiniStack tries nothing again. It need not be https."""
        declared = template.bundle()["Resources"]
        name, events = f"{self.name}-webhook", self.cloud.events
        rule, destination = (
            declared[one]["Properties"] for one in ("Webhook", "WebhookDestination")
        )
        shown = declared["WebhookConnection"]["Properties"]["AuthParameters"]
        header = shown["ApiKeyAuthParameters"]["ApiKeyName"]
        connection = events.create_connection(
            Name=name,
            AuthorizationType="API_KEY",
            AuthParameters={"ApiKeyAuthParameters": {"ApiKeyName": header, "ApiKeyValue": secret}},
        )
        made = events.create_api_destination(
            Name=name,
            ConnectionArn=connection["ConnectionArn"],
            HttpMethod=destination["HttpMethod"],
            InvocationEndpoint=url,
        )
        bus, pattern = self.outputs["EventBusName"], json.dumps(rule["EventPattern"])
        events.put_rule(Name=name, EventBusName=bus, EventPattern=pattern)
        target = rule["Targets"][0]["Id"]
        events.put_targets(
            Rule=name, EventBusName=bus, Targets=[{"Id": target, "Arn": made["ApiDestinationArn"]}]
        )

    def remove_webhook(self) -> None:
        name, bus, events = f"{self.name}-webhook", self.outputs["EventBusName"], self.cloud.events
        target = template.bundle()["Resources"]["Webhook"]["Properties"]["Targets"][0]["Id"]
        events.remove_targets(Rule=name, EventBusName=bus, Ids=[target])
        events.delete_rule(Name=name, EventBusName=bus)
        events.delete_api_destination(Name=name)
        events.delete_connection(Name=name)

    def sweep(self) -> int:
        """Look for unfinished work now, without waiting for the schedule; how much was found."""
        woken: int = self.invoke("Sweep", {})["woken"]
        return woken

    def _add_routes(self) -> None:
        api_id = self.resources["Api"]
        api = self.cloud.apigateway
        integrations: dict[str, str] = {}
        for route in template.routes(self.translated):
            if route.function not in integrations:
                integration = api.create_integration(
                    ApiId=api_id,
                    IntegrationType="AWS_PROXY",
                    IntegrationUri=self.function_arn(route.function),
                    PayloadFormatVersion="2.0",
                    TimeoutInMillis=route.timeout_ms,
                )
                integrations[route.function] = integration["IntegrationId"]
            api.create_route(
                ApiId=api_id,
                RouteKey=route.key,
                AuthorizationType="AWS_IAM" if route.authorization == "AWS_IAM" else "NONE",
                Target=f"integrations/{integrations[route.function]}",
            )
        cors = template.the_api(self.translated)["x-amazon-apigateway-cors"]
        api.update_api(
            ApiId=api_id,
            CorsConfiguration={
                # The local translator knows the parameters' defaults only.
                "AllowOrigins": self.parameters["AllowOrigins"].split(","),
                "AllowHeaders": cors["allowHeaders"],
                "AllowMethods": cors["allowMethods"],
                "AllowCredentials": cors["allowCredentials"],
                "ExposeHeaders": cors["exposeHeaders"],
                "MaxAge": cors["maxAge"],
            },
        )
