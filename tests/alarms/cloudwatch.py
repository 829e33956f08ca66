"""What CloudWatch holds of a world, and which alarms of the template ring on it.

The bundle's own numbers are those that the functions of the world have sent. What AWS counts by
itself is counted here from what the world saw: the gateway's requests, functions that ended with
an error, messages among the dead letters.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from local.cloud import template
from local.cloud.template import Template
from tests.template.ringing import Alarm, Period, metrics_of, state
from tests.world import World
from tests.world.functions import Environment, Reply

STACK = "the-stack"
STATISTICS: dict[str, Callable[[list[float]], float]] = {
    "Sum": sum,
    "Maximum": max,
    "Minimum": min,
    "SampleCount": len,
}

Key = tuple[str, str, frozenset[tuple[str, str]]]
"""Namespace, name, dimensions."""


def declared(name: str, parameters: Mapping[str, str]) -> Alarm:
    """The alarm as CloudFormation makes it in a stack with these parameters; what is not given is
    the template's default, and each resource is called by its logical id."""
    alarm: Alarm = _resolved(template.bundle()["Resources"][name]["Properties"], parameters)
    return {**alarm, "Threshold": float(alarm["Threshold"])}


def _resolved(value: Any, parameters: Mapping[str, str]) -> Any:
    bundle: Template = template.bundle()
    match value:
        case {"Ref": "AWS::StackName"}:
            return STACK
        case {"Ref": name} if name in bundle["Parameters"]:
            return parameters.get(name, bundle["Parameters"][name]["Default"])
        case {"Ref": name} | {"Fn::GetAtt": [name, _]}:
            return name
        case {"Fn::Sub": str(text)}:
            return text.replace("${AWS::StackName}", STACK)
        case {"Fn::FindInMap": [table, row, column]}:
            return bundle["Mappings"][table][str(_resolved(row, parameters))][column]
        case dict():
            return {key: _resolved(of, parameters) for key, of in value.items()}
        case list():
            return [_resolved(one, parameters) for one in value]
    return value


class CloudWatch:
    """Of this world, from now on."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._points: dict[Key, list[tuple[float, float]]] = defaultdict(list)
        self._taken = len(world.metrics.sent)
        names = {"AWS::StackName": STACK}
        own = template.variables("Sweep", {}, lambda place: names.get(place, place))
        self._namespace, self._service = (
            own[f"POWERTOOLS_{name}"] for name in ("METRICS_NAMESPACE", "SERVICE_NAME")
        )
        self._handle, self._function = world.handle, world.function
        setattr(world, "handle", self._seen_by_the_gateway)  # noqa: B010 - of this world alone
        setattr(world, "function", self._seen_by_lambda)  # noqa: B010

    # --- What AWS counts -------------------------------------------------------------------------

    def put(self, namespace: str, name: str, value: float, **dimensions: str) -> None:
        key = (namespace, name, frozenset(dimensions.items()))
        self._points[key].append((self.world.seconds(), value))

    def _seen_by_the_gateway(self, event: Mapping[str, Any], seconds: float | None = None) -> Reply:
        self.put("AWS/ApiGateway", "Count", 1, ApiId="Api")
        is_failure = True
        try:
            reply = self._handle(event, seconds)
            is_failure = reply.status >= 500
            return reply
        finally:
            self.put("AWS/ApiGateway", "5xx", int(is_failure), ApiId="Api")

    def _seen_by_lambda(self, folder: str) -> Callable[..., Any]:
        environment: Environment = self._function(folder)

        def invoke(event: Any, seconds: float | None = None) -> Any:
            failed = 1
            try:
                answer = environment(event, seconds)
                failed = 0
                return answer
            finally:
                named = template.function_of(folder)
                self.put("AWS/Lambda", "Errors", failed, FunctionName=named)

        return invoke

    def _count_dead_letters(self) -> None:
        queues = {
            "WakeUpDeadLetters": self.world.wake_ups,
            "PayoutDeadLetters": self.world.payout_queue,
        }
        for name, queue in queues.items():
            letters = len(queue.dead_letters)
            visible = "ApproximateNumberOfMessagesVisible"
            self.put("AWS/SQS", visible, letters, QueueName=name)

    def _take(self) -> None:
        """What the bundle has sent since this was last called."""
        new = self.world.metrics.sent[self._taken :]
        self._taken += len(new)
        for at, name, value in new:
            key = (self._namespace, name, frozenset({("service", self._service)}))
            self._points[key].append((at, value))
        self._count_dead_letters()

    # --- What rings ------------------------------------------------------------------------------

    def rung(self, since: float = 0) -> set[str]:
        """The alarms that have rung after this second, of those that the stack has."""
        self._take()
        return {name for name in self.alarms() if self._rang(name, since)}

    def alarms(self) -> set[str]:
        """As the parameters have it."""
        conditions = template.bundle()["Conditions"]
        found = template.of_type(template.bundle(), "AWS::CloudWatch::Alarm")
        return {
            name
            for name, one in found.items()
            if "Condition" not in one or self._holds(conditions[one["Condition"]])
        }

    def _holds(self, condition: Any) -> bool:
        match condition:
            case {"Fn::Not": [inner]}:
                return not self._holds(inner)
            case {"Fn::Equals": [one, other]}:
                values = (_resolved(each, self.world.parameters) for each in (one, other))
                return len({str(value) for value in values}) == 1
        raise ValueError(f"no alarm has had this condition yet: {condition}")

    def _rang(self, name: str, since: float) -> bool:
        """Period by period from the first number to now; the last one is over."""
        alarm = declared(name, self.world.parameters)
        period = int(next(metrics_of(alarm))["Period"])
        first, last = (int(second // period) for second in (self._first(), self.world.seconds()))
        history = [
            self._period(alarm, number * period, period) for number in range(first, last + 1)
        ]
        is_ringing, has_rung = False, False
        for number in range(len(history)):
            # Nothing is known of the time before: then it was as in the first period.
            seen = [history[0]] * 10 + history[: number + 1]
            found = state(alarm, seen, alarm["Threshold"])
            is_ringing = is_ringing if found is None else found
            has_rung |= is_ringing and (first + number + 1) * period > since
        return has_rung

    def _first(self) -> float:
        firsts = [points[0][0] for points in self._points.values()]
        with suppress(ValueError):
            return min(firsts)
        return self.world.seconds()

    def _period(self, alarm: Alarm, start: float, seconds: int) -> Period:
        found: dict[str, float] = {}
        for metric in metrics_of(alarm):
            dimensions = {one["Name"]: one["Value"] for one in metric["Dimensions"]}
            key = (metric["Namespace"], metric["MetricName"], frozenset(dimensions.items()))
            points = self._points.get(key, [])
            begin, end = (bisect_left(points, (at,)) for at in (start, start + seconds))
            if values := [value for _, value in points[begin:end]]:
                found[metric["MetricName"]] = STATISTICS[metric["Statistic"]](values)
        return found
