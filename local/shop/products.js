// What is for sale and for how much, as the server lists it.
import { askPatiently, backEnd, news, tell } from "./api.js";
import { disable } from "./busy.js";
import { buy } from "./checkout.js";
import { refused } from "./notice.js";
import { range } from "./words.js";

const list = document.querySelector("#products");
const empty = document.querySelector("#no-products");
const template = document.querySelector("#product");
const names = new Map();

export const nameOf = (productId) => names.get(productId) ?? productId ?? "A payment";

export async function showProducts() {
  try {
    const { products } = await askPatiently(() => backEnd("GET", "/products.json"));
    show(products, "Everything is sold. Come back tomorrow.");
  } catch (error) {
    show([], "We cannot tell what is for sale right now.");
    refused(error, ["Try again", showProducts]);
  }
}

function show(products, ifNone) {
  for (const { product_id, name } of products) names.set(product_id, name);
  list.replaceChildren(...products.map(card));
  list.ariaBusy = false;
  empty.hidden = products.length > 0;
  empty.textContent = ifNone;
  tell("products");
}

function card(product) {
  const { name, price, minimum, maximum, once } = product;
  const item = template.content.cloneNode(true).firstElementChild;
  const [form, button, input] = ["form", "button", "input"].map((part) => item.querySelector(part));
  item.querySelector("use").setAttribute("href", `goods.svg#${product.product_id}`);
  item.querySelector("h3").textContent = name;
  item.querySelector(".price").textContent = `${price ?? range(minimum, maximum)} Pi`;
  item.querySelector(".once").hidden = !once;
  button.textContent = price ? `Buy ${name[0].toLowerCase()}${name.slice(1)}` : "Donate";
  if (price) input.parentElement.remove();
  else Object.assign(input, { min: minimum, max: maximum });
  if (once) news.addEventListener("purchases", ({ detail: payments }) => sellOnce(product, button, payments));
  form.onsubmit = (submitted) => {
    submitted.preventDefault();
    buy(product, Number(price ?? input.value), button);
  };
  return item;
}

/** What is sold once is not offered again. (The server would refuse it: `already_bought`.) */
function sellOnce({ product_id }, button, payments) {
  if (button.ariaBusy) return;
  const states = payments.filter((payment) => payment.product_id === product_id).map(({ state }) => state);
  const enable = disable(button, states.includes("completed") ? "You have it" : "Not finished");
  if (!states.includes("completed") && !states.includes("open")) enable();
}
