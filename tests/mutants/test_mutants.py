"""The list of edits does not rot, and the runner says what happened."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from local.processes import ROOT
from tests.mutants.edit import Edit
from tests.mutants.edits import EDITS
from tests.mutants.runner import fault_of, run

FEWEST = 345


def test_there_are_enough_and_each_has_its_own_name() -> None:
    names = {edit.name for edit in EDITS}
    assert len(names) == len(EDITS) >= FEWEST


@pytest.mark.parametrize("edit", EDITS, ids=[edit.name for edit in EDITS])
def test_an_edit_can_be_applied_and_something_should_catch_it(edit: Edit) -> None:
    assert fault_of(ROOT, edit) is None
    assert edit.new != edit.old
    for test in edit.tests.split():
        file, _, name = test.partition("::")
        assert f"def {name}" in (ROOT / file).read_text()


# --- The runner, on a shop of one function --------------------------------------------------------

CAUGHT = Edit("caught", "shop.py", "> 0", "> 1", "One pie is sold.", "test_shop.py")
UNSEEN = Edit("unseen", "shop.py", "pies: int", "pies: float", "Pies are whole.", "test_shop.py")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text("def sells(pies: int) -> bool:\n    return pies > 0\n")
    (tmp_path / "test_shop.py").write_text(
        "import shop\n\ndef test_one() -> None:\n    assert shop.sells(1)\n"
    )
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    return tmp_path


def said_of(shop: Path, *edits: Edit) -> tuple[int, list[str]]:
    """What it ends with, and says; it leaves everything as it was."""
    said, before = list[str](), (shop / "shop.py").read_text()
    code = run(shop, edits, said.append, workers=1)
    assert (shop / "shop.py").read_text() == before
    return code, said


def test_an_edit_that_a_test_notices_is_killed_and_reverted(shop: Path) -> None:
    code, said = said_of(shop, CAUGHT, replace(CAUGHT, name="again"))
    assert code == 0
    assert said[0] == "killed    caught: by test_shop.py::test_one"
    assert said[-1] == "2 killed"


def test_one_that_none_notices_survives_unless_it_is_explained(shop: Path) -> None:
    code, said = said_of(shop, UNSEEN)
    assert code == 1
    assert said[0] == "SURVIVED  unseen: Pies are whole. Not seen by test_shop.py"

    code, said = said_of(shop, replace(UNSEEN, explained="A type is not looked at."), CAUGHT)
    assert code == 0
    assert said[0] == "explained unseen: A type is not looked at."
    assert said[-1] == "1 explained, 1 killed"


@pytest.mark.parametrize("gone", ["> 7", "s"], ids=["not there", "several times"])
def test_one_whose_text_is_gone_fails(shop: Path, gone: str) -> None:
    code, said = said_of(shop, replace(CAUGHT, old=gone))
    assert code == 1
    assert said[0].startswith("GONE      caught: its text occurs ")


def test_a_test_that_is_not_there_or_cannot_run_kills_nothing(shop: Path) -> None:
    code, said = said_of(shop, replace(CAUGHT, tests="test_shop.py::test_two"))
    assert code == 1
    assert said[0].startswith("BROKEN    caught: ")


def test_a_test_that_fails_without_the_edit_kills_nothing(shop: Path) -> None:
    (shop / "test_shop.py").write_text("def test_one() -> None:\n    raise ValueError\n")
    code, said = said_of(shop, CAUGHT)
    assert code == 1
    assert said[-1] == "Without an edit the tests do not pass: test_shop.py::test_one"
