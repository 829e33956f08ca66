// Preloaded into the test's Node process: pi-backend's Horizon hosts are fixed, so what it sends to
// them goes to the emulator instead, by the same names, as with a hosts file and a proxy that speaks
// TLS. Nothing else may leave the machine.
"use strict";

const http = require("node:http");
const https = require("node:https");

const emulator = new URL(process.env.EMULATOR_URL);
const horizons = ["api.testnet.minepi.com", "api.mainnet.minepi.com"];

https.request = (options, answered) => {
  const host = options.hostname || options.host;
  if (!horizons.includes(host)) throw new Error(`unexpected call to ${host}`);
  return http.request(
    {
      method: options.method,
      headers: { ...options.headers, host },
      hostname: emulator.hostname,
      port: emulator.port,
      path: options.path,
    },
    answered,
  );
};
