// For developers: the last calls of this page, with the number by which the server's log knows each.
import { news } from "./api.js";
import { API } from "./config.js";

const SHOWN = 12;
const rows = document.querySelector("#calls tbody");
const template = document.querySelector("#call");

news.addEventListener("call", ({ detail: { method, url, status, code, answer, milliseconds } }) => {
  const row = template.content.cloneNode(true).firstElementChild;
  const cells = [
    status >= 200 && status < 300 ? status : `${status || ""} ${code}`,
    `${method} ${url.replace(API, "")}`,
    `${Math.round(milliseconds)} ms`,
    answer.request_id ?? "",
  ];
  for (const [index, text] of cells.entries()) row.children[index].textContent = text;
  rows.prepend(row);
  rows.children[SHOWN]?.remove();
});
