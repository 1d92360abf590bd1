// What both views use: requests, messages, tabs.

const keyName = "charlm-key";

/** A request that failed: its status and the server's reason. */
export class Refusal extends Error {
  constructor(status, message) { super(message); this.status = status; }
}

/** Asks the server; without the key it asks the user for it. */
export async function ask(path, body, signal) {
  const key = sessionStorage.getItem(keyName);
  const response = await fetch(path, {
    method: body ? "POST" : "GET",
    headers: { ...(body && { "content-type": "application/json" }), ...(key && { authorization: `Bearer ${key}` }) },
    body: body && JSON.stringify(body),
    signal,
  });
  if (response.ok) return response;
  if (response.status === 401) document.getElementById("unlock").hidden = false;
  const reason = await response.json().catch(() => null);
  throw new Refusal(response.status, reason?.error?.message ?? `the server answered ${response.status}`);
}

/** Yields the objects of a stream of server-sent events. */
export async function* events(response) {
  let rest = "";
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    for (const part of parts) {
      if (!part.startsWith("data: ") || part === "data: [DONE]") continue;
      const event = JSON.parse(part.slice(6));
      if (event.error) throw new Refusal(500, event.error.message);
      yield event;
    }
  }
}

/** Shows a message above everything, as an error or as a note; nothing hides it. */
export function say(message, isNote = false) {
  const place = document.getElementById("message");
  place.textContent = message ?? "";
  place.classList.toggle("note", isNote);
  place.hidden = !message;
}

/** Shows what went wrong, unless the user stopped it. */
export function report(error) {
  if (error.name === "AbortError") return;
  say(error instanceof Refusal ? error.message : "The server does not answer. Is charlm serve still running?");
}

/** An element with properties and children. */
export function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

export const number = (value, digits = 0) => value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });

const unlock = document.getElementById("unlock");
unlock.addEventListener("submit", event => {
  event.preventDefault();
  sessionStorage.setItem(keyName, document.getElementById("key").value.trim());
  location.reload();
});

const tabs = [...document.querySelectorAll("[role=tab]")];

function show(tab) {
  for (const one of tabs) {
    const isShown = one === tab;
    one.setAttribute("aria-selected", isShown);
    one.tabIndex = isShown ? 0 : -1;
    document.getElementById(one.getAttribute("aria-controls")).hidden = !isShown;
  }
  if (location.hash.slice(1) !== tab.getAttribute("aria-controls")) history.replaceState(null, "", `#${tab.getAttribute("aria-controls")}`);
  document.dispatchEvent(new Event("view"));
}

for (const tab of tabs) {
  tab.addEventListener("click", () => show(tab));
  tab.addEventListener("keydown", event => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
    show(next);
    next.focus();
  });
}
if (location.hash === "#runs") show(document.getElementById("tab-runs"));
