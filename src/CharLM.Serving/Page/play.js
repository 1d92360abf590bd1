// Writes with one or two models, shows what they expected at each place, and colours any text.
import { ask, element, events, number, report, say } from "./shared.js";
import { Tokens } from "./tokens.js";

const at = id => document.getElementById(id);
const alternatives = 12;
let models = [];
let running = null;
let waiting = null, peeking = null;

/** A model's own text, with what it expects under the cursor. */
class Pane {
  constructor(place, empty) {
    this.name = element("h2");
    this.status = element("span", { className: "soft" });
    this.status.setAttribute("role", "status");
    this.more = element("button", { type: "button", textContent: "Write on", hidden: true });
    this.tokens = new Tokens(empty, text => write([[this, text]]));
    this.more.addEventListener("click", () => write([[this, this.tokens.text()]]));
    place.append(element("article", { className: "card pane" },
      element("header", {}, this.name, this.status), this.tokens.place, this.more, this.tokens.next));
  }

  /** Continues a text, and shows it with all that the model considered. */
  async write(text, settings, signal) {
    const begun = performance.now();
    let written = 0, seed;
    this.tokens.begin(text, this.model.token === "byte");
    this.more.hidden = true;
    this.status.textContent = "writing";
    try {
      const response = await ask("/v1/completions",
        { ...settings, model: this.model.id, prompt: text, stream: true, echo: true, logprobs: alternatives }, signal);
      for await (const event of events(response)) {
        seed = event.seed ?? seed;
        for (const warning of event.warnings ?? []) say(`${warning}.`, true);
        for (const choice of event.choices) written += this.tokens.add(choice.logprobs);
        const seconds = (performance.now() - begun) / 1000;
        const what = unitOf(this.model);
        this.status.textContent = `${number(written)} ${what} in ${number(seconds, 1)} s, seed ${seed}`;
      }
    } finally {
      if (signal.aborted) this.status.textContent = `stopped after ${number(written)}`;
      else if (!written) this.status.textContent = "";
      this.more.hidden = written === 0;
    }
  }
}

const panes = [new Pane(
  at("panes"), "The text appears here. Click any character to see what else the model considered, and choose another.")];
const reading = new Tokens("The colours appear here.", text => {
  at("prefix").value = text;
  scrollTo(0, 0);
  write(shown().map(pane => [pane, text]));
});
reading.place.hidden = true;
at("read-pane").append(reading.place, reading.next);

const shown = () => panes.filter(pane => pane.model);
const value = id => at(id).value.trim();
const unitOf = model => model.token === "char" ? "characters" : `${model.token}s`;

function settings() {
  const one = (id, name) => value(id) !== "" && { [name]: Number(value(id)) };
  return {
    temperature: Number(value("temperature")), max_tokens: Number(value("length") || 300),
    ...one("top-k", "top_k"), ...one("top-p", "top_p"), ...one("min-p", "min_p"), ...one("seed", "seed"),
    ...(at("stop-at").value && !value("constraint") && { stop: at("stop-at").value.replaceAll("\\n", "\n") }),
    ...(value("constraint") && { constraint: value("constraint") }),
  };
}

/** Writes on in some panes at once, until all have ended or the user stops them. */
async function write(jobs) {
  running?.abort();
  clearTimeout(waiting);
  peeking?.abort();
  const mine = running = new AbortController();
  say();
  at("stop").disabled = false;
  try {
    const common = settings();
    // Two models compared on one prefix draw with the same seed.
    if (jobs.length > 1) common.seed ??= Math.floor(Math.random() * 1e6);
    for (const result of await Promise.allSettled(jobs.map(([pane, text]) => pane.write(text, common, mine.signal))))
      if (result.status === "rejected") report(result.reason);
  } finally {
    if (running === mine) {
      running = null;
      at("stop").disabled = true;
    }
  }
}

function stop() {
  running?.abort();
}

// What would come at the cursor, before anything is written.
function peek() {
  clearTimeout(waiting);
  waiting = setTimeout(async () => {
    peeking?.abort();
    const mine = peeking = new AbortController();
    const prefix = at("prefix"), text = prefix.value.slice(0, prefix.selectionEnd);
    if (running || text.length > 5000) return;
    for (const pane of shown()) {
      if (text === "" && !pane.model.documents) {
        pane.tokens.show([], "");
        continue;
      }
      try {
        const response = await ask("/v1/completions",
          { model: pane.model.id, prompt: text, max_tokens: 1, temperature: 0, logprobs: alternatives }, mine.signal);
        const { choices: [{ logprobs }] } = await response.json();
        if (mine.signal.aborted || running) return;
        pane.tokens.show(Tokens.ranked(logprobs.top_logprobs[0] ?? {}), `At the cursor ${pane.model.id} expects`, token => {
          prefix.setRangeText(token, prefix.selectionEnd, prefix.selectionEnd, "end");
          peek();
        }, undefined, pane.model.token === "byte");
      } catch (error) {
        if (error.status !== 400) report(error);
        else pane.tokens.show([], error.message);
      }
    }
  }, 150);
}

async function colour() {
  const model = models.find(one => one.id === value("model"));
  say();
  at("figures").textContent = "reading";
  try {
    const response = await ask("/v1/score",
      { model: model.id, text: at("text").value, ...(!model.reads_ahead && { top: alternatives }) });
    const score = await response.json();
    reading.place.hidden = false;
    reading.load(score.tokens, model.token === "byte");
    at("figures").textContent = score.bits_per_character === null ? "nothing to measure"
      : `${number(score.characters)} characters, ${number(score.bits_per_character, 2)} bits per character, `
        + `perplexity ${number(score.perplexity, 2)}`
        + (score.unknown ? `; ${number(score.unknown)} unknown` : "");
  } catch (error) {
    at("figures").textContent = "";
    report(error);
  }
}

function choose() {
  const chosen = [value("model"), at("versus").value];
  if (chosen[1] && panes.length === 1) panes.push(new Pane(at("panes"), "The other model's text appears here."));
  panes.forEach((pane, i) => {
    pane.model = models.find(one => one.id === chosen[i]);
    pane.name.textContent = pane.model?.id ?? "";
    pane.name.closest("article").hidden = !pane.model;
  });
  const model = panes[0].model;
  at("about").textContent = `${model.id}: ${model.description}, trained on ${model.trained_on}, knows ${number(model.vocab)} `
    + `${model.token === "char" ? "characters" : `${model.token}s`}` + (model.cleaning === "none" ? "" : ", all in lower case");
  peek();
}

async function open() {
  models = (await (await ask("/v1/models")).json()).data;
  for (const model of models) {
    at("model").append(element("option", { value: model.id, textContent: model.id }));
    at("versus").append(element("option", { value: model.id, textContent: model.id }));
  }
  at("versus").prepend(element("option", { value: "", textContent: "no other", selected: true }));
  at("versus-choice").hidden = models.length < 2;
  at("prefix").value ||= models[0].prefix ?? "";
  at("temperature").value = models[0].temperature || 0.8;
  temper();
  choose();
}

const temper = () => { at("temperature-shown").textContent = Number(at("temperature").value).toFixed(2); };

at("temperature").addEventListener("input", temper);
at("model").addEventListener("change", choose);
at("versus").addEventListener("change", choose);
at("stop").addEventListener("click", stop);
at("ask").addEventListener("submit", event => {
  event.preventDefault();
  write(shown().map(pane => [pane, at("prefix").value]));
});
at("read").addEventListener("submit", event => { event.preventDefault(); colour(); });
for (const name of ["input", "click", "keyup", "focus"]) at("prefix").addEventListener(name, peek);
at("prefix").addEventListener("keydown", event => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) at("ask").requestSubmit();
});
document.addEventListener("keydown", event => { if (event.key === "Escape") stop(); });
if (matchMedia("(max-width: 44rem)").matches) at("settings").open = false;
open().catch(report);
