// The JavaScript SDK's side of test_stellar_sdks.py: a line of JSON in (which call, with what), a
// line out (what the SDK made of the answer).
"use strict";

const readline = require("node:readline");
const {
  Asset, Horizon, Keypair, Memo, Operation, TransactionBuilder,
} = require("@stellar/stellar-sdk");

const calls = {
  async account(server, { address }) {
    const account = await server.loadAccount(address);
    const [native] = account.balances;
    return {
      address: account.accountId(),
      sequence: account.sequenceNumber(),
      balance: native.balance,
      asset_type: native.asset_type,
    };
  },

  async fees(server) {
    const stats = await server.feeStats();
    return {
      base_fee: Number(await server.fetchBaseFee()),
      last_ledger_base_fee: stats.last_ledger_base_fee,
      mode: stats.fee_charged.mode,
      max: stats.max_fee.max,
    };
  },

  async submit(server, order) {
    const signed = await build(server, order);
    const { hash, successful, envelope_xdr } = await server.submitTransaction(signed);
    const record = await server.transactions().transaction(hash).call();
    const [operation] = (await record.operations()).records;
    return {
      hash,
      successful,
      own_hash: hashOf(signed),
      read_hash: hashOf(TransactionBuilder.fromXDR(envelope_xdr, order.passphrase)),
      memo: record.memo,
      ledger: record.ledger_attr,
      signatures: record.signatures.length,
      to: operation.to,
      amount: operation.amount,
    };
  },

  async submit_async(server, order) {
    const signed = await build(server, order);
    const answer = await server.submitAsyncTransaction(signed);
    const again = await server.submitAsyncTransaction(signed).catch((error) => error.response);
    return {
      own_hash: hashOf(signed),
      hash: answer.hash,
      status: answer.tx_status,
      again: again.data.tx_status,
      again_status: again.status,
    };
  },

  async pages(server, { address, order, limit }) {
    const pages = [];
    let page = await server.payments().forAccount(address).order(order).limit(limit).call();
    while (page.records.length > 0) {
      pages.push(page.records.map((record) => record.transaction_hash));
      page = await page.next();
    }
    const last = (await page.prev()).records.map((record) => record.transaction_hash);
    return { pages, last };
  },

  async missing(server, { txid }) {
    return server.transactions().transaction(txid).call();
  },

  async bad_cursor(server) {
    return server.transactions().cursor("yesterday").call();
  },
};

async function build(server, { seed, passphrase, to, amount, memo, fee, sequence_off = 0 }) {
  const keys = Keypair.fromSecret(seed);
  const account = await server.loadAccount(keys.publicKey());
  for (let times = 0; times < sequence_off; times += 1) account.incrementSequenceNumber();
  const transaction = new TransactionBuilder(account, {
    fee: String(fee), networkPassphrase: passphrase, timebounds: await server.fetchTimebounds(180),
  })
    .addOperation(Operation.payment({ destination: to, asset: Asset.native(), amount }))
    .addMemo(Memo.text(memo))
    .build();
  transaction.sign(keys);
  return transaction;
}

const hashOf = (transaction) => Buffer.from(transaction.hash()).toString("hex");

function refusal(error) {
  const body = error.response?.data ?? error.response;
  if (!body?.type) return { message: String(error.stack) };
  return {
    status: body.status,
    type: body.type,
    title: body.title,
    result_codes: body.extras?.result_codes ?? null,
    invalid_field: body.extras?.invalid_field ?? null,
  };
}

async function answer(line) {
  const { url, call, ...given } = JSON.parse(line);
  const server = new Horizon.Server(url, { allowHttp: true });
  try {
    return { answer: await calls[call](server, given) };
  } catch (error) {
    return { refused: refusal(error) };
  }
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    process.stdout.write(JSON.stringify(await answer(line)) + "\n");
  }
})();
