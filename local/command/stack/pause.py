"""Stop the functions of a stack, and let them go on: meanwhile only the operator writes to its
tables.

A function whose reserved concurrency is 0 is not started, whoever calls it. The triggers of the
queues are switched off before, since each refused delivery counts, and five of them make a dead
letter.
"""

from collections.abc import Iterator
from typing import Any

from local.command.deployed import Deployed, StackError, functions_of
from local.command.restore_journal import Before

LOOK_EVERY_SECONDS = 5
MOST_LOOKS = 60


def standing(deployed: Deployed) -> Before:
    """To be kept before `stop`, which could not tell any more."""
    client, reserved = deployed.aws("lambda"), dict[str, int]()
    for logical, name in _functions(deployed).items():
        answer = client.get_function_concurrency(FunctionName=name)
        if "ReservedConcurrentExecutions" in answer:
            reserved[logical] = int(answer["ReservedConcurrentExecutions"])
    on = [one["UUID"] for one in _triggers(deployed) if one["State"] in ("Enabled", "Enabling")]
    return Before(triggers=on, reserved=reserved)


def as_deployed(deployed: Deployed) -> Before:
    """How the template has them: for functions of which nobody knows how they stood."""
    return Before(triggers=[one["UUID"] for one in _triggers(deployed)])


def is_any_stopped(deployed: Deployed) -> bool:
    client = deployed.aws("lambda")
    answers = (
        client.get_function_concurrency(FunctionName=name) for name in _functions(deployed).values()
    )
    return any(one["State"] != "Enabled" for one in _triggers(deployed)) or any(
        answer.get("ReservedConcurrentExecutions") == 0 for answer in answers
    )


def stop(deployed: Deployed) -> None:
    """No function of the stack is started any more; what runs ends within `longest_run`. To repeat
    it changes nothing. Raises StackError."""
    client = deployed.aws("lambda")
    for trigger in _triggers(deployed):
        if trigger["State"] != "Disabled":
            client.update_event_source_mapping(UUID=trigger["UUID"], Enabled=False)
    for name in _functions(deployed).values():
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    for _ in range(MOST_LOOKS):
        if all(trigger["State"] == "Disabled" for trigger in _triggers(deployed)):
            return
        deployed.app.edges.sleep(LOOK_EVERY_SECONDS)
    raise StackError("A queue's trigger does not stop. Look at it in the Lambda console.")


def go_on(deployed: Deployed, before: Before) -> None:
    """The functions run as they did before. To repeat it changes nothing."""
    client = deployed.aws("lambda")
    for logical, name in _functions(deployed).items():
        if (most := before.reserved.get(logical)) is None:
            client.delete_function_concurrency(FunctionName=name)
        else:
            client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=most)
    for trigger in before.triggers:
        client.update_event_source_mapping(UUID=trigger, Enabled=True)


def longest_run(deployed: Deployed) -> int:
    """Seconds after which whatever ran when the functions were stopped has ended."""
    client = deployed.aws("lambda")
    return max(
        int(client.get_function_configuration(FunctionName=name)["Timeout"])
        for name in _functions(deployed).values()
    )


def _functions(deployed: Deployed) -> dict[str, str]:
    return functions_of(deployed.aws("cloudformation"), deployed.name)


def _triggers(deployed: Deployed) -> Iterator[dict[str, Any]]:
    pages = deployed.aws("lambda").get_paginator("list_event_source_mappings")
    for name in _functions(deployed).values():
        for page in pages.paginate(FunctionName=name):
            yield from page["EventSourceMappings"]
