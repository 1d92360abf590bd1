// Shows tokens as the page does, in place of a browser: prints the texts that the page would send, as JSON.
import { readFileSync } from "node:fs";

const style = { setProperty() {} };
const stub = () => ({
  style, dataset: {}, children: [], hidden: false,
  classList: { add() {}, remove() {}, toggle() {} },
  addEventListener() {}, setAttribute() {}, scrollIntoView() {},
  append(...some) { this.children.push(...some); },
  replaceChildren(...some) { this.children = some; },
  get firstChild() { return this.children[0]; },
});
globalThis.document = { createElement: stub, getElementById: stub, querySelectorAll: () => [], dispatchEvent() {} };
globalThis.location = { hash: "" };
const { Tokens } = await import("./tokens.js");
const given = JSON.parse(readFileSync("given.json", "utf8"));

const bytes = new Tokens("", () => {});
bytes.begin(given.prompt, true);
const written = bytes.add(given.logprobs);
const scored = new Tokens("", () => {});
scored.load(given.score, true);
const words = new Tokens("", () => {});
words.load([{ token: "\\xe5", nats: 1 }, { token: " \\xba", nats: 1 }], false);
const disabled = [bytes, words].map(tokens => {
  tokens.show([["\\xe5", 0.5]], "", () => {});
  return tokens.next.children[1].children[0].children[0].disabled;
});
console.log(JSON.stringify({
  written, text: bytes.text(), within: bytes.text(7), scored: scored.text(), scoredWithin: scored.text(3),
  words: words.text(), disabled: disabled.map(Boolean),
}));
