"""docs/react_shop is typed by docs/openapi.yaml and by the SDK's types, and compiles."""

import shutil
import subprocess
from pathlib import Path

import pytest

from local.processes import ROOT
from tests.docs.pages import DOCS
from tests.node import NODE, environment_for, installed

SHOP = DOCS / "react_shop"
SDK_TYPES = ROOT / "local" / "emulator" / "browser" / "pi-sdk.d.ts"
MOST_LINES = 150
SECONDS = 120


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the page's commands make of it."""
    here = tmp_path_factory.mktemp("react_shop")
    for name in ("Shop.tsx", "tsconfig.json"):
        shutil.copy(SHOP / name, here)
    shutil.copy(SDK_TYPES, here)
    (here / "node_modules").symlink_to(installed(SHOP))
    api = str(DOCS / "openapi.yaml")
    made = node(here, "openapi-typescript/bin/cli.js", api, "-o", "bundle.d.ts")
    assert made.returncode == 0, made.stderr
    return here


def node(project: Path, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    packages = project / "node_modules"
    return subprocess.run(
        [NODE, str(packages / script), *arguments],
        cwd=project,
        env=environment_for(packages),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def compiled(project: Path) -> str:
    """What the compiler finds wrong."""
    return node(project, "typescript/bin/tsc", "-p", ".").stdout


def test_the_shop_compiles(project: Path) -> None:
    assert compiled(project) == ""


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ('POST("/pi_payment/approve"', 'POST("/payments/approve"', "/payments/approve"),
        ("body: { paymentId, txid }", "body: { id: paymentId, txid }", "paymentId"),
        ("payment.product_id}", "payment.productId}", "productId"),
        ("onCancel: cancel", "onCancelled: cancel", "onCancelled"),
    ],
)
def test_what_the_bundle_or_the_sdk_does_not_know_does_not_compile(
    project: Path, right: str, wrong: str, told: str
) -> None:
    shop = (SHOP / "Shop.tsx").read_text()
    assert shop.count(right) == 1
    try:
        (project / "Shop.tsx").write_text(shop.replace(right, wrong))

        assert told in compiled(project)
    finally:
        (project / "Shop.tsx").write_text(shop)


def test_it_is_short() -> None:
    assert len((SHOP / "Shop.tsx").read_text().splitlines()) <= MOST_LINES
