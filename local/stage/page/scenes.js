// The scenes, as a script. Each begins on an empty stage and ends with its moral, if the last line
// is as it should be: the verdict, which the server works out from the records, Pi and the chain,
// and which is not written here.

const signsIn = [
  ["press", "Sign in"],
  ["press", "Sign in", { within: "dialog" }],
  ["hears", "GET /me → 200"],
];

export const scenes = {
  bought: {
    title: "Bought",
    moral: "Recorded before it is approved, completed at Pi before it is delivered: so none can be forgotten.",
    steps: [
      ["begins"],
      ["says", "A user signs in. Pi gives the page a token, and the server asks Pi whose it is: a page can say anything."],
      ...signsIn,
      ["says", "She buys an apple pie. The server checks the price, writes the payment down, and only then approves it at Pi."],
      ["press", "Buy apple pie"],
      ["hears", "POST /pi_payment/approve → 200"],
      ["says", "Approved: now, and not before, the wallet lets her pay."],
      ["press", "Pay 3.14 Pi"],
      ["settles"],
      ["says", "Paid on the chain. The server has completed the payment at Pi and written that down. The pie is hers."],
    ],
  },

  "closed-page": {
    title: "Page closed",
    moral: "A page can vanish at any moment. The record stays due until its work is done.",
    steps: [
      ["begins", { hold: "/pi_payment/complete" }],
      ["says", "A user signs in, and buys an apple pie."],
      ...signsIn,
      ["press", "Buy apple pie"],
      ["press", "Pay 3.14 Pi"],
      ["closed"],
      ["says", "She has paid, and at this moment the page is closed. It never tells the server."],
      ["says", "Pi shows her money as pending. Until the server acts she cannot buy anything else. Time passes."],
      ["orders", "an-hour-later"],
      ["settles"],
      ["says", "The sweep found the payment, and the chain shows it paid. The worker has completed and delivered it."],
      ["reopens"],
      ["hears", "GET /payments → 200"],
      ["scrolls", "Your purchases"],
      ["says", "She comes back, and the pie is there. Nobody had to do anything."],
    ],
  },

  "lost-answer": {
    title: "Lost answer",
    moral: "An unclear answer is neither yes nor no. Reading again tells, and asking twice changes nothing.",
    steps: [
      ["begins"],
      ["says", "A user signs in."],
      ...signsIn,
      ["switches", "answers_lost", true],
      ["says", "From now on Pi does what it is asked, and each answer to an order gets lost on the way back."],
      ["press", "Buy apple pie"],
      ["says", "Was it approved? The server cannot know. It does not guess: it comes back and reads what Pi shows."],
      ["press", "Pay 3.14 Pi"],
      ["hears", "POST /pi_payment/complete"],
      ["says", "Completed, and this answer is lost too. A server that acts on a guess may deliver twice, or never."],
      ["switches", "answers_lost", false],
      ["orders", "an-hour-later"],
      ["settles"],
      ["says", "Pi shows the payment as completed already. So it is written down, and delivered once."],
    ],
  },

  "tampered-price": {
    title: "Tampered price",
    moral: "The price is the server's. What the page says is never believed.",
    steps: [
      ["begins", { prices: { apple_pie_1: "0.01" } }],
      ["says", "This user has changed the page: it asks for 0.01 Pi, and an apple pie costs 3.14 Pi."],
      ...signsIn,
      ["press", "Buy apple pie"],
      ["hears", "POST /pi_payment/approve → 409"],
      ["says", "The server asked Pi what the payment really says, and its own table what the pie costs. It does not approve."],
      ["says", "A payment that is not approved cannot be paid: no wallet opens, and no money has to go back."],
    ],
  },

  cancelled: {
    title: "Paid and cancelled",
    moral: "What may be paid is never closed as unpaid: it is completed, or a person sees it with its proof.",
    steps: [
      ["begins", { hold: "/pi_payment/complete" }],
      ["says", "A user buys an apple pie on a bad day: Pi forgets to link the transaction, and her page is closed."],
      ...signsIn,
      ["switches", "links_forgotten", true],
      ["press", "Buy apple pie"],
      ["press", "Pay 3.14 Pi"],
      ["closed"],
      ["orders", "cancel-at-pi"],
      ["says", "Pi knows of no transaction, and now it calls the payment cancelled. The chain knows better: she has paid."],
      ["switches", "links_forgotten", false],
      ["orders", "an-hour-later"],
      ["says", "The server reads its wallet's history and finds the money. Pi refuses to complete it, so a person decides."],
      ["orders", "refund"],
      ["settles"],
      ["says", "The operator has given the money back: one signed transaction, written down before it was sent."],
    ],
  },

  "ad-twice": {
    title: "Ad claimed twice",
    moral: "One ad, one reward, however often it is claimed.",
    steps: [
      ["begins"],
      ["says", "A user signs in, and watches an ad to its end for a slice of pie."],
      ...signsIn,
      ["press", "Watch an ad"],
      ["press", "Close and take the reward"],
      ["settles"],
      ["says", "The ad network says that it was watched, and the slice is granted. Now the page claims the same ad again."],
      ["again", "/claim"],
      ["says", "The answer is the same, and nothing more is granted: an ad's id is used up with its first claim."],
    ],
  },

  refund: {
    title: "Refund",
    moral: "Asked for twice, sent once: never two transactions for one payout.",
    steps: [
      ["begins"],
      ["says", "A user buys an apple pie."],
      ...signsIn,
      ["press", "Buy apple pie"],
      ["press", "Pay 3.14 Pi"],
      ["settles"],
      ["says", "Bought and delivered. She closes the page and asks for her money back. The operator's server calls POST /payouts, twice."],
      ["closes"],
      ["orders", "refund"],
      ["settles"],
      ["reopens"],
      ["hears", "GET /payments → 200"],
      ["scrolls", "Your purchases"],
      ["says", "The second call found the first one's payout. Its transaction was signed and written down before it was sent."],
    ],
  },
};
