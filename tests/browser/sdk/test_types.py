"""`pi-sdk.d.ts` is what TypeScript pages compile against: checked by the compiler itself."""

import re
import subprocess
from pathlib import Path

from local.processes import ROOT, environment
from tests.browser.sdk.conftest import Visit
from tests.node import NODE, installed

TYPES = ROOT / "local" / "emulator" / "browser" / "pi-sdk.d.ts"
PAGE = """
import type { AuthResult, PaymentDTO } from "./pi-sdk";

const Pi = window.Pi;

async function signIn(): Promise<string> {
  await Pi.init({ version: "2.0", sandbox: true });
  const found = (payment: PaymentDTO): void => void payment.transaction?.txid.length;
  const auth: AuthResult = await Pi.authenticate(["payments", "wallet_address"], found);
  const name: string | undefined = auth.user.username;
  return name ?? auth.user.uid;
}

function buy(): void {
  Pi.createPayment({ amount: 3.14, memo: "One pie", metadata: { productId: "pie" } }, {
    onReadyForServerApproval: (paymentId) => void paymentId.length,
    onReadyForServerCompletion: (paymentId, txid) => void (paymentId + txid),
    onCancel: (paymentId) => void paymentId.length,
    onError: (error, payment) => void (error.message + (payment?.identifier ?? "")),
  });
}

async function watch(): Promise<string | undefined> {
  const features = await Pi.nativeFeaturesList();
  if (!features.includes("ad_network")) return undefined;
  const { ready }: { ready: boolean } = await Pi.Ads.isAdReady("rewarded");
  if (!ready && (await Pi.Ads.requestAd("rewarded")).result !== "AD_LOADED") return undefined;
  const shown = await Pi.Ads.showAd("rewarded");
  return shown.result === "AD_REWARDED" ? shown.adId : undefined;
}

async function others(): Promise<string> {
  Pi.openShareDialog("Pies", "I bought one");
  await Pi.openUrlInSystemBrowser("https://pies.test/");
  return (await Pi.Wallet.getUserMigratedWalletAddresses()).wallets[0].publicKey;
}

export { buy, others, signIn, watch };
"""
WRONG = {
    "Pi.init({ sandbox: true })": "not assignable",
    'Pi.authenticate(["money"], () => {})': "Type '\"money\"' is not assignable to type 'Scope'",
    'Pi.createPayment({ amount: 1, memo: "m", metadata: { a: 1 } }, {})': "not assignable",
    'Pi.createPayment({ amount: "1", memo: "m", metadata: {} }, callbacks)': "Type 'string'",
    'Pi.Ads.showAd("banner")': "not assignable",
    'Pi.Ads.showAd("interstitial").then(({ adId }) => adId)': "Property 'adId' does not exist",
}


def compiled(folder: Path, code: str) -> str:
    """What the compiler says about this page; empty if nothing."""
    (folder / "pi-sdk.d.ts").write_text(TYPES.read_text())
    (folder / "page.ts").write_text(code)
    compiler = installed(Path(__file__).parents[1]) / "typescript" / "bin" / "tsc"
    ended = subprocess.run(
        [NODE, str(compiler), "--noEmit", "--strict", "--target", "es2022", "page.ts"],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.stdout


def test_a_typescript_page_compiles(tmp_path: Path) -> None:
    assert compiled(tmp_path, PAGE) == ""


def test_what_pi_would_refuse_does_not_compile(tmp_path: Path) -> None:
    head = 'import type { PaymentCallbacks } from "./pi-sdk";\nconst { Pi } = window;\n'
    head += "declare const callbacks: PaymentCallbacks;\n"
    said = compiled(tmp_path, head + "\n".join(f"void {line};" for line in WRONG))
    for number, told in enumerate(WRONG.values(), 4):
        [line] = (each for each in said.splitlines() if each.startswith(f"page.ts({number},"))
        assert told in line


def test_the_types_name_what_there_is(visit: Visit) -> None:
    there = visit.js("Object.keys({ ...Pi, ...Pi.Ads, ...Pi.Wallet })")
    types = TYPES.read_text()
    told = re.findall(r"^ +(\w+)[(<:]", types[types.index("interface Pi {") :], re.MULTILINE)
    assert set(there) <= set(told)
