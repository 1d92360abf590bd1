// A text whose characters are coloured by surprise; the one under the cursor shows what the model expected there.
import { element, number } from "./shared.js";

const fullyColoured = 8; // bits
const reserved = /^<(unk|eos|end)>$/;
const partOfCharacter = /^(?:bytes:)?\\x([0-9a-f]{2})$/; // a byte that is no text by itself, as a byte model's tokens are named

// Tokens of a byte model as text. A character that is not complete is none, and neither is a byte that belongs to no character.
function joined(tokens) {
  const bytes = tokens.flatMap(token => {
    const part = partOfCharacter.exec(token);
    return part ? parseInt(part[1], 16) : [...new TextEncoder().encode(token)];
  });
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(new Uint8Array(bytes)).replaceAll("\ufffd", "");
}

/** A token as people can see it. */
export function visible(token) {
  const named = { " ": "space", "\n": "line end", "\t": "tab", "\r": "carriage return", "\u00a0": "hard space", "\u3000": "wide space" };
  if (named[token]) return ["", named[token]];
  if (reserved.test(token)) return ["", token === "<unk>" ? "unknown" : "end of text"];
  if (/^\p{M}/u.test(token)) return ["\u25cc" + token, ""];
  if (/^[\p{C}\p{Z}]$/u.test(token)) return ["", `U+${token.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`];
  return [token, ""];
}

const percent = probability => probability < 0.0005 ? "< 0.1 %" : `${number(probability * 100, probability < 0.0995 ? 1 : 0)} %`;

export class Tokens {
  /**
   * @param empty what stands there before there is text
   * @param choose called with the text up to a place and the token that the user chose there
   */
  constructor(empty, choose) {
    this.choose = choose;
    this.place = element("div", { className: "tokens", tabIndex: 0 });
    this.place.dataset.empty = empty;
    this.place.setAttribute("role", "group");
    this.place.setAttribute("aria-label", "Text. The arrow keys move through it, the digits choose another character.");
    this.place.dir = "auto";
    this.next = element("div", { className: "next" });
    this.next.setAttribute("aria-live", "polite");
    this.areBytes = false;
    this.all = [];
    this.prompt = [];
    this.here = -1;
    this.place.addEventListener("click", event => {
      const index = [...this.place.children].indexOf(event.target.closest("span"));
      if (index >= 0) this.go(index);
    });
    this.place.addEventListener("keydown", event => this.press(event));
    this.place.addEventListener("focus", () => {
      if (this.here < 0 && this.all.length > 0 && this.place.matches(":focus-visible")) this.go(0);
    });
  }

  /** Empties the view; what follows continues this text. A word may look like the name of a byte, so the caller says what tokens are. */
  begin(prompt, areBytes) {
    this.areBytes = areBytes;
    this.all = [];
    this.here = -1;
    this.prompt = [...prompt];
    this.place.replaceChildren();
    this.show([], "");
  }

  /** Adds tokens as completions have them; returns how many of them were written, not given. */
  add(logprobs) {
    const follows = this.place.scrollTop + this.place.clientHeight >= this.place.scrollHeight - 30;
    let written = 0;
    logprobs.tokens.forEach((token, i) => {
      const isGiven = logprobs.text_offset[i] < this.prompt.length;
      written += isGiven ? 0 : 1;
      this.append({
        text: token,
        // The model may have read another spelling than the user's.
        raw: isGiven ? this.prompt[logprobs.text_offset[i]] ?? token : token,
        isGiven,
        offset: logprobs.text_offset[i],
        bits: logprobs.token_logprobs[i] === null ? null : -logprobs.token_logprobs[i] / Math.LN2,
        expected: logprobs.top_logprobs[i] && Tokens.ranked(logprobs.top_logprobs[i]),
      });
    });
    if (this.here < 0 && !this.next.firstChild)
      this.show([], "Click a character, or move to it with the arrow keys, to see what else was possible.");
    if (follows) this.place.scrollTop = this.place.scrollHeight;
    return written;
  }

  /** Shows tokens as scores have them. */
  load(tokens, areBytes) {
    this.begin("", areBytes);
    for (const { token, nats, expected, unknown } of tokens) {
      this.append({
        text: token, raw: token, unknown, bits: nats === null ? null : nats / Math.LN2,
        expected: expected?.map(one => [one.token, one.probability]),
      });
    }
  }

  /** The whole text. */
  text(end = this.all.length) {
    // The prompt as the user wrote it; its tokens may be longer than one character.
    const given = this.all[end]?.isGiven ? this.prompt.slice(0, this.all[end].offset) : this.prompt;
    const others = this.all.slice(0, end).filter(token => !token.isGiven).map(token => token.raw);
    return given.join("") + (this.areBytes ? joined(others) : others.join(""));
  }

  /** Alternatives with their probabilities, the likeliest first. */
  static ranked(logprobs) {
    return Object.entries(logprobs).map(([token, value]) => [token, Math.exp(value)]).sort((a, b) => b[1] - a[1]);
  }

  /** Lists what the model expects at a place. */
  show(expected, heading, choose, actual, areBytes = this.areBytes) {
    if (!expected?.length) {
      this.next.replaceChildren(...(heading ? [element("p", { textContent: heading })] : []));
      return;
    }
    const list = element("ol");
    const rest = 1 - expected.reduce((sum, [, probability]) => sum + probability, 0);
    for (const [token, probability] of expected) {
      const [glyph, name] = visible(token);
      const bar = element("i");
      bar.style.width = `${probability * 100}%`;
      const isPart = areBytes && partOfCharacter.test(token);
      const button = element("button", { type: "button", disabled: !choose || reserved.test(token) || isPart },
        bar, element("b", {}, glyph, element("small", { textContent: name })),
        element("span", { textContent: percent(probability) }));
      button.classList.toggle("chosen", token === actual);
      button.dataset.token = token;
      button.setAttribute("aria-label", `${name || token}, ${number(probability * 100, 1)} percent${token === actual ? ", this one" : ""}`);
      button.addEventListener("click", () => choose(token));
      list.append(element("li", {}, button));
    }
    const others = rest > 0.0005 ? `; all others ${number(rest * 100, 1)} %` : "";
    this.next.replaceChildren(element("p", { textContent: heading + others }), list);
  }

  append(token) {
    const span = element("span", { textContent: token.text === "\n" ? "\u21b5\n" : token.text });
    if (token.isGiven) span.classList.add("given");
    if (token.unknown || token.text === "<unk>") {
      span.classList.add("unknown");
      span.textContent = token.raw;
    }
    if (token.bits !== null) {
      span.style.setProperty("--s", Math.min(1, token.bits / fullyColoured).toFixed(3));
      span.title = `${token.bits.toFixed(2)} bits`;
    }
    this.all.push(token);
    this.place.append(span);
  }

  go(index) {
    this.place.children[this.here]?.classList.remove("here");
    this.here = Math.max(0, Math.min(this.all.length - 1, index));
    const span = this.place.children[this.here], token = this.all[this.here];
    span.classList.add("here");
    span.scrollIntoView({ block: "nearest" });
    const [glyph, name] = visible(token.text);
    const what = glyph ? `\u2068${glyph}\u2069` : name;
    this.show(token.expected, token.bits === null ? `${what}: nothing precedes it`
      : `${what}: ${number(token.bits, 2)} bits of surprise, a probability of ${percent(2 ** -token.bits)}`,
    chosen => this.choose(this.text(this.here) + chosen), token.text);
  }

  press(event) {
    if (this.all.length === 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const isLeftward = getComputedStyle(this.place).direction === "rtl" ? 1 : -1;
    const steps = { ArrowLeft: isLeftward, ArrowRight: -isLeftward, Home: -this.all.length, End: this.all.length };
    if (event.key in steps) this.go((this.here < 0 ? 0 : this.here) + steps[event.key]);
    else if (event.key === "ArrowUp" || event.key === "ArrowDown") this.goLine(event.key === "ArrowUp" ? -1 : 1);
    else if (/^[1-9]$/.test(event.key)) this.next.querySelectorAll("button")[event.key - 1]?.click();
    else return;
    event.preventDefault();
  }

  // To the nearest character of the line above or below.
  goLine(direction) {
    const box = this.place.children[Math.max(0, this.here)].getClientRects()[0];
    let best = null, line = null;
    for (let i = this.here + direction; i >= 0 && i < this.all.length; i += direction) {
      const other = this.place.children[i].getClientRects()[0];
      if (!other || Math.abs(other.top - box.top) < 4) continue;
      line ??= other.top;
      if (Math.abs(other.top - line) > 4) break;
      const distance = Math.abs(other.left - box.left);
      if (best === null || distance < best[1]) best = [i, distance];
    }
    if (best) this.go(best[0]);
  }
}
