"use strict";
// What a cart costs, for the Pi bundle. The contract: docs/prices.md.

const { DynamoDBClient, GetItemCommand } = require("@aws-sdk/client-dynamodb");

const STROOPS = 10_000_000n; // in 1 Pi; BigInt, because money is never a float
const CART_ID = /^[A-Za-z0-9_.:-]{1,64}$/;
const database = new DynamoDBClient({ maxAttempts: 2 });

// An error that is thrown here is answered with 503, and the page asks again.
exports.handler = async ({ user_uid, payment }) => {
  const cartId = payment.metadata.cart;
  if (typeof cartId !== "string" || !CART_ID.test(cartId)) return notForSale("no_cart");
  const cart = await find(cartId);
  // Another user's cart is none: nobody learns which ids exist.
  if (!cart || cart.uid.S !== user_uid) return notForSale("no_such_cart");
  // Only a cart that nobody can change any more: what is paid is what is delivered.
  if (!cart.frozen?.BOOL) return notForSale("cart_is_open", cartId);
  const total = cart.lines.L.reduce((sum, { M: line }) => sum + costs(line), 0n);
  if (total === 0n) return notForSale("cart_is_empty", cartId);
  return { product_id: cartId, price: inPi(total), once: true };
};

async function find(cartId) {
  const { Item } = await database.send(
    new GetItemCommand({
      TableName: process.env.CARTS_TABLE,
      Key: { cart_id: { S: cartId } },
      ConsistentRead: true,
    }),
  );
  return Item;
}

function costs(line) {
  return BigInt(line.stroops.N) * BigInt(line.quantity.N);
}

function inPi(stroops) {
  return `${stroops / STROOPS}.${String(stroops % STROOPS).padStart(7, "0")}`;
}

function notForSale(why, product_id) {
  return { price: null, why, product_id };
}
