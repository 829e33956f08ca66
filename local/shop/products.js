// What is for sale and for how much, as the server lists it.
import { askUntil, backEnd, tell } from "./api.js";
import { buy } from "./checkout.js";
import { refused } from "./notice.js";
import { range } from "./words.js";

const list = document.querySelector("#products");
const template = document.querySelector("#product");
const names = new Map();

export const nameOf = (productId) => names.get(productId) ?? productId ?? "Something else";

export async function showProducts() {
  const { products } = await askUntil(() => true, () => backEnd("GET", "/products.json"), refused);
  for (const { product_id, name } of products) names.set(product_id, name);
  list.replaceChildren(...products.map(card));
  list.ariaBusy = false;
  document.querySelector("#sold-out").hidden = products.length > 0;
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
  form.onsubmit = (submitted) => {
    submitted.preventDefault();
    buy(product, Number(price ?? input.value), button);
  };
  return item;
}
