"""Stands in for curl where the documents' commands call the API, so that it need not be installed:
a signed request whose key comes from standard input, as `--config -` reads it.

The API of the stack answers at API_URL here. Nothing else is ever called.
"""

import argparse
import os
import re
import sys

import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

API = re.compile(r"https://[a-z0-9-]+\.execute-api\.([a-z0-9-]+)\.amazonaws\.com")
TIMEOUT_SECONDS = 30


def main(*words: str) -> int:
    parser = argparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("-s", action="store_true", required=True)
    parser.add_argument("--config", choices=["-"], required=True)
    parser.add_argument("--aws-sigv4", required=True)
    parser.add_argument("-H", dest="headers", action="append", default=[])
    parser.add_argument("-d", dest="body", required=True)
    parser.add_argument("url")
    given = parser.parse_args(words)
    config = re.findall(r'^(\w+) = "(.*)"$', sys.stdin.read(), re.MULTILINE)
    (key,) = (value for option, value in config if option == "user")
    (token,) = (value for option, value in config if option == "header")
    assert token == f"X-Amz-Security-Token: {os.environ['AWS_SESSION_TOKEN']}"
    lines = [*given.headers, token]
    called = API.match(given.url)
    assert called is not None, given.url
    assert given.aws_sigv4 == f"aws:amz:{called[1]}:execute-api"
    url = API.sub(os.environ["API_URL"], given.url)
    headers = dict(line.split(": ", 1) for line in lines)
    request = AWSRequest("POST", url, headers=headers, data=given.body)
    SigV4Auth(Credentials(*key.split(":", 1)), "execute-api", called[1]).add_auth(request)
    answer = requests.post(
        url, given.body, headers=dict(request.headers.items()), timeout=TIMEOUT_SECONDS
    )
    sys.stdout.write(f"{answer.text}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
