// What Pi's kits (pi-sdk-js, pi-sdk-react) send, post by post, with the base path changed and nothing
// else; npm has neither. `window.Pi` is a stub that the emulator's control API moves: it calls back
// as the Pi Browser does. The button is the scaffolded one: product 42, a number.
const [API, PI] = process.argv.slice(2);
const basePath = `${API}/pi_payment`;

const post = async (url, body) => {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: answer.status, ...(await answer.json()) }; // always read, whatever the status
};
const said = {};
const kit = (name, step, body) =>
  post(`${basePath}/${step}`, body).then(({ status, state, error }) => {
    said[name] = [status, state ?? error];
  });
const piBrowser = async (path, body = {}) => {
  const answer = await post(`${PI}/_emulator${path}`, body);
  if (answer.error) throw new Error(answer.error_message);
  return answer;
};

async function play() {
  const { accessToken } = await piBrowser("/users", { scopes: ["payments", "username"] });
  const start = () =>
    piBrowser("/payments", { accessToken, amount: 1, memo: "Test", metadata: { productId: 42 } });
  const approve = (name, { identifier }) =>
    kit(name, "approve", { paymentId: identifier, accessToken });

  const bought = await start();
  await approve("buys: approve", bought);
  await approve("buys: approve again", bought); // Pi repeats each callback
  const { txid } = await piBrowser(`/payments/${bought.identifier}/pay`);
  const done = { paymentId: bought.identifier, transactionId: txid };
  await kit("buys: complete", "complete", done);
  await kit("buys: complete again", "complete", done);

  const left = await start();
  await approve("cancels: approve", left);
  await piBrowser(`/payments/${left.identifier}/user_cancel`);
  await kit("cancels: cancel", "cancel", { paymentId: left.identifier });

  const failed = await start();
  await approve("fails: approve", failed);
  await kit("fails: error", "error", { paymentId: failed.identifier, error: {} });

  await kit("comes back unpaid: incomplete", "incomplete", {
    paymentId: failed.identifier,
    transactionId: null,
  });
  const paid = await piBrowser(`/payments/${failed.identifier}/pay`);
  await kit("comes back paid: incomplete", "incomplete", {
    paymentId: failed.identifier,
    transactionId: paid.txid,
  });
  console.log(JSON.stringify(said));
}

play();
