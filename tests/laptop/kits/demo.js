// The lines of docs/front-end.md for Pi's demo, played as its Shop plays them. The Pi Browser's part
// is done by the emulator's control API. Says what each answer was, as JSON.
const axios = require("axios");
const fs = require("fs");

const [API, PI, page] = process.argv.slice(2);
const [, lines] = fs.readFileSync(page, "utf8").match(/## Pi's demo app[^]*?```js\n([^]*?)```/);
const shop = new Function("axios", "API", `${lines}
  return { signInUser, signOutUser, onReadyForServerApproval, onReadyForServerCompletion,
    onIncompletePaymentFound, onCancel };`)(axios, API);
const piBrowser = async (path, body) => (await axios.post(`${PI}/_emulator${path}`, body)).data;
const pie = { amount: 3.14, memo: "One apple pie", metadata: { productId: "apple_pie_1" } };

async function play() {
  const { accessToken } = await piBrowser("/users", {});
  const start = () => piBrowser("/payments", { accessToken, ...pie });
  const said = {};
  const keep = async (name, call) => {
    const { status, data } = await call.catch((error) => error.response);
    said[name] = [status, data.state ?? data.error ?? data.username];
  };

  await keep("signed in", shop.signInUser({ accessToken }));
  const bought = await start();
  await keep("approved", shop.onReadyForServerApproval(bought.identifier));
  const { txid } = await piBrowser(`/payments/${bought.identifier}/pay`, {});
  await keep("completed", shop.onReadyForServerCompletion(bought.identifier, txid));

  const closed = await start();
  await keep("approved again", shop.onReadyForServerApproval(closed.identifier));
  await piBrowser(`/payments/${closed.identifier}/pay`, {});
  shop.signOutUser(); // the page was closed, and comes back without a token
  await keep("found again", shop.onIncompletePaymentFound(closed));

  await shop.signInUser({ accessToken });
  const left = await start();
  await keep("approved once more", shop.onReadyForServerApproval(left.identifier));
  await piBrowser(`/payments/${left.identifier}/user_cancel`, {});
  await keep("cancelled", shop.onCancel(left.identifier));
  console.log(JSON.stringify(said));
}

play();
