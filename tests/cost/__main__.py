"""`python -m tests.cost` prints the tables of docs/cost.md."""

from local.progress import say
from shared.base.observability import logger
from tests.cost import bill, page


def main() -> None:
    logger._logger.disabled = True
    say(f"AWS's list prices in us-east-1, read on {bill.read_on()}; arm64; 150 ms to Pi.")
    for line in page.lines():
        say(line)


if __name__ == "__main__":
    main()
