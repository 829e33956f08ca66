"""Edits to notifications: each user at most once, and each outcome told apart."""

from tests.mutants.edit import Edit

RECORD = "shared/notifications/record.py"
SEND = "shared/notifications/send.py"
STORE = "shared/notifications/store.py"
ARRIVAL = "shared/payouts/arrival.py"
PI = "shared/pi/client.py"

IN_SEND = "tests/notifications/test_send.py"
IN_CRASH = "tests/notifications/test_crash.py"
IN_CLIENT = "tests/unit/test_pi_notify.py"
LEFT_OPEN = f"{IN_CLIENT}::test_anything_else_leaves_open_who_was_notified_and_is_not_repeated"

EDITS = [
    Edit(
        "notified-by-whoever-did-not-write-the-intent",
        SEND,
        "    if not is_mine:\n        return record\n",
        "",
        "Two workers ask Pi once.",
        f"{IN_SEND}::test_a_worker_that_died_after_its_call_is_followed_by_none",
    ),
    Edit(
        "an-unclear-batch-is-asked-again",
        SEND,
        "        new = its.unclear(record, parts.clock())\n    except BundleError",
        '        new = its.waiting(record, "again")\n    except BundleError',
        "A batch without a clear answer is never repeated.",
        f"{IN_SEND}::test_an_unclear_batch_is_never_repeated_and_is_told_of",
    ),
    Edit(
        "a-call-under-way-is-given-up",
        RECORD,
        " and now - (record.tried_at or 0) >= CALL_SECONDS",
        "",
        "A repeated message leaves a call under way alone.",
        f"{IN_SEND}::test_a_call_under_way_is_left_alone",
    ),
    Edit(
        "a-dead-call-is-begun-anew",
        RECORD,
        'return _closed(replace(record, unclear=record.pending, reason="no_clear_answer"), now)',
        "return replace(record, state=BatchState.PENDING)",
        "Who was asked for by a worker that died is not asked for again.",
        f"{IN_CRASH}::test_dying_at_any_effect",
    ),
    Edit(
        "notify-is-repeated",
        PI,
        'self._send_with_key("POST", NOTIFY, body, judges_key=False, repeatable=False)',
        'self._send_with_key("POST", NOTIFY, body, judges_key=False)',
        "A call that may have been carried out is not sent again.",
        LEFT_OPEN,
    ),
    Edit(
        "what-nobody-can-read-is-a-refusal",
        PI,
        "            if not _is_refusal(error.answer.http_status):\n"
        "                raise PiOutcomeUnknown(error.answer) from None\n"
        "            return self._refusal(error.answer, uids)\n",
        "            return self._refusal(error.answer, uids)\n",
        "A 408, or a 201 that nobody can read, is no refusal.",
        LEFT_OPEN,
    ),
    Edit(
        "a-uid-within-another-is-named",
        PI,
        'rf"(?<![\\w-]){re.escape(uid)}(?![\\w-])"',
        "re.escape(uid)",
        "A uid that is a part of another one is not over quota.",
        f"{IN_SEND}::test_a_uid_that_is_part_of_another_is_not_taken_for_it",
    ),
    Edit(
        "the-rest-is-not-sent",
        RECORD,
        "    return replace(new, state=BatchState.PENDING) if others else _closed(new, now)",
        "    return _closed(new, now)",
        "Who is not over quota is notified all the same.",
        f"{IN_SEND}::test_who_is_over_quota_is_left_out_and_the_rest_is_sent",
    ),
    Edit(
        "another-notification-under-the-same-id",
        STORE,
        "        if standing[0].fingerprint != new[0].fingerprint:\n",
        "        if False:\n",
        "Another body under the same id is refused.",
        "tests/notifications/test_requests.py::test_another_body_under_the_same_id_is_refused",
    ),
    Edit(
        "a-notification-holds-up-a-payout",
        ARRIVAL,
        "    except BundleError as error:\n",
        "    except KeyError as error:\n",
        "A payout and its event do not wait for a notification.",
        "tests/notifications/test_arrival.py::test_it_never_holds_up_the_payout",
    ),
]
