"""The example consumer, deployed beside the bundle: shows that what is sold arrives at its user."""

from local.cloud.ministack import LocalCloud
from local.cloud.stack import Deployment
from local.processes import ROOT

TEMPLATE = ROOT / "docs" / "example_consumer" / "template.yaml"


class ExampleConsumer(Deployment):
    """docs/example_consumer, listening on the bus of this name."""

    def __init__(self, cloud: LocalCloud, bus: str) -> None:
        """Begin the deploy; `finish` completes it."""
        super().__init__(cloud, TEMPLATE, "example-consumer-local", {"EventBusName": bus})

    def owned(self, uid: str, product_id: str) -> int:
        """How many of a product this user has been given."""
        answer = self.cloud.dynamodb.get_item(
            TableName=self.outputs["GoodsTableName"],
            Key={"id": {"S": f"user#{uid}#{product_id}"}},
            ConsistentRead=True,
        )
        return int(answer["Item"]["quantity"]["N"]) if "Item" in answer else 0
