"""Edits to the events' numbers, to what a back end catches up on, and to the webhook."""

from tests.mutants.edit import Edit

REPLAY = "shared/replay/events.py"
TEMPLATE = "template.yaml"

IN_REPLAY = "tests/weather/test_replay.py"
IN_TEMPLATE = "tests/template/test_webhook.py"

EDITS = [
    Edit(
        "number-of-the-sending",
        "shared/work/events.py",
        "return (record.event_sequence if is_of_this else None) or record.version",
        "return record.version",
        "One identity has one content, however often it is sent.",
        f"{IN_REPLAY}::test_an_event_sent_again_is_the_same",
    ),
    Edit(
        "number-that-does-not-grow",
        "shared/payouts/record.py",
        "event_sequence=record.version + 1",
        "event_sequence=1",
        "The later of two events has the greater number.",
        f"{IN_REPLAY}::test_the_number_grows_with_each_event_of_a_record",
    ),
    Edit(
        "late-cancellation-sent-again",
        REPLAY,
        " or event.event_id != event_id",
        "",
        "Only the last event of a record can be had.",
        f"{IN_REPLAY}::test_a_cancellation_that_was_overtaken_is_not_sent_again",
    ),
    Edit(
        "delivered-elsewhere-told-by-the-list",
        "shared/payments/record.py",
        "        last_event=None,\n        event_sequence=None,\n",
        "",
        "What another back end has delivered is not told.",
        f"{IN_REPLAY}::test_what_was_never_told_is_neither_listed_nor_sent",
    ),
    Edit(
        "last-event-forgotten",
        REPLAY,
        "pending_event=record.pending_event or record.last_event",
        "pending_event=record.pending_event",
        "What was told is found.",
        f"{IN_REPLAY}::test_an_event_sent_again_is_the_same",
    ),
    Edit(
        "rest-of-a-page-left-out",
        REPLAY,
        "    if after is not None:\n        return replace(at, after=after)\n",
        "",
        "A page goes on where the last one ended.",
        f"{IN_REPLAY}::test_the_list_has_what_was_told_each_once_in_pages",
    ),
    Edit(
        "older-than-asked-for",
        REPLAY,
        " and _closed_at(event) >= since",
        "",
        "The list begins at its moment.",
        f"{IN_REPLAY}::test_the_list_begins_at_its_moment",
    ),
    Edit(
        "unpaid-among-the-completed",
        "shared/aws/dynamodb.py",
        'f"{UNPAID}{day_of(unpaid_at)}"',
        "day_of(unpaid_at)",
        "The daily proof reads only what was completed.",
        "tests/weather/test_proof.py::test_a_busy_day",
    ),
    Edit(
        "webhook-without-dead-letters",
        TEMPLATE,
        "          DeadLetterConfig: {Arn: !GetAtt WebhookDeadLetters.Arn}\n",
        "",
        "What the receiver refuses is kept.",
        IN_TEMPLATE,
    ),
    Edit(
        "webhook-over-http",
        TEMPLATE,
        "AllowedPattern: ^$|^https://[A-Za-z0-9.-]+(:[0-9]{1,5})?",
        "AllowedPattern: ^$|^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?",
        "The secret is never sent in the clear.",
        IN_TEMPLATE,
    ),
    Edit(
        "deauthorized-connection-unseen",
        TEMPLATE,
        "        detail-type: [Connection Deauthorized]\n",
        "        detail-type: [Connection Authorized]\n",
        "A connection that is de-authorised alarms.",
        IN_TEMPLATE,
    ),
]
