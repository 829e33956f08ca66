// The page as it changes, by server-sent events; and commands that can be copied.

const main = document.querySelector("main");
const connection = document.querySelector(".connection");

function listen() {
  const asked = new URLSearchParams(location.search);
  asked.set("of", location.pathname);
  const live = new EventSource(`/live?${asked}`);
  live.onopen = () => { connection.textContent = ""; };
  live.onerror = () => { connection.textContent = "The console has ended, or cannot be reached."; };
  live.onmessage = ({ data }) => {
    // What is being read with the keyboard is not taken away.
    if (!main.contains(document.activeElement)) main.innerHTML = JSON.parse(data);
  };
  return live;
}

// A browser opens six connections at most to one address: a tab that nobody sees leaves its own.
let live;
function listenWhileSeen() {
  live?.close();
  live = document.hidden ? undefined : listen();
}
if (location.pathname !== "/find") {
  document.addEventListener("visibilitychange", listenWhileSeen);
  listenWhileSeen();
}

main.addEventListener("click", async ({ target }) => {
  const command = target.dataset.copy;
  if (!command) return;
  await navigator.clipboard.writeText(command);
  target.textContent = "Copied";
  setTimeout(() => { target.textContent = "Copy"; target.blur(); }, 2000);
});
