"""The pages' own templates, which stand beside the bundle's: they have no faults."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from local.processes import ROOT

LINT = Path(sys.executable).with_name("cfn-lint")
REGION = "us-east-1"  # where CloudFront's firewall has to be


@pytest.mark.parametrize("page", ["domain", "continuous"])
def test_a_template_on_a_page_has_no_faults(page: str, tmp_path: Path) -> None:
    text = (ROOT / "docs" / f"{page}.md").read_text()
    [written] = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    file = tmp_path / "template.yaml"
    file.write_text(f'AWSTemplateFormatVersion: "2010-09-09"\n{written}')
    lint = [str(LINT), "-r", REGION, "--", str(file)]
    told = subprocess.run(lint, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout) == (0, "")
