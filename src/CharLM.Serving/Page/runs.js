// The curves of runs, while they train and after.
import { ask, element, number, report } from "./shared.js";

const at = id => document.getElementById(id);
const every = 1500; // milliseconds between two looks at runs that train
// Okabe and Ito's colours, which people with any kind of colour vision can tell apart; points differ, too.
const colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
const points = ["circle", "rect", "triangle", "rectRot", "star", "cross"];
const figures = [
  ["perplexity", [["held_out", "held out", []], ["train", "training", [6, 4]]]],
  ["loss", [["held_out", "held out", []], ["train", "training", [6, 4]]]],
  ["gradient norm", [["gradient_norm", "", []]]],
  ["learning rate", [["learning_rate", "", []]]],
  ["tokens per second", [["tokens_per_second", "", []]]],
];
const runs = new Map(); // name: { state, epochs, ... }
const charts = new Map();
let chosen = null, timer = null, isLooking = false;

const isShown = () => !at("runs").hidden && !document.hidden;

async function look() {
  if (isLooking || !isShown()) return;
  isLooking = true;
  clearTimeout(timer);
  try {
    const list = await (await ask("/api/runs")).json();
    at("runs-state").textContent = list.runs.length > 0 ? ""
      : `no runs in ${list.folder} yet: charlm train begins one, and it appears here`;
    chosen ??= new Set(list.runs.slice(0, 1).map(run => run.name));
    showList(list.runs);
    for (const { name, state } of list.runs.filter(run => chosen.has(run.name))) {
      const known = runs.get(name);
      if (known && known.state === state && state !== "running" && known.isWhole) continue;
      const had = known?.epochs ?? [];
      const run = await (await ask(`/api/runs/${encodeURIComponent(name)}?after=${had.length}`)).json();
      // A run that began anew has fewer epochs than were seen.
      runs.set(name, { ...run, isWhole: state !== "running", epochs: run.count < had.length ? [] : [...had, ...run.epochs] });
    }
    draw();
    if (list.runs.some(run => run.state === "running") || list.runs.length === 0) timer = setTimeout(look, every);
    else timer = setTimeout(look, 5 * every);
  } catch (error) {
    report(error);
    timer = setTimeout(look, 5 * every);
  } finally {
    isLooking = false;
  }
}

function showList(list) {
  const place = at("run-list"), focused = document.activeElement?.dataset.run;
  place.replaceChildren(place.firstElementChild, ...list.map(({ name, state }) => {
    const box = element("input", { type: "checkbox", checked: chosen.has(name) });
    box.dataset.run = name;
    box.addEventListener("change", () => {
      chosen[box.checked ? "add" : "delete"](name);
      draw();
      look();
    });
    const last = runs.get(name)?.epochs.at(-1);
    const figure = last && `epoch ${number(last.epoch)}, ${runs.get(name).loss} ${number(last.held_out ?? last.train ?? NaN, 3)}`;
    return element("label", {}, box, element("span", { className: `dot ${state}` }), element("span", {}, name),
      element("span", { className: "soft", textContent: [state, chosen.has(name) && figure].filter(Boolean).join(", ") }));
  }));
  if (focused) place.querySelector(`[data-run="${CSS.escape(focused)}"]`)?.focus();
}

function draw() {
  const some = [...runs.values()].filter(run => chosen?.has(run.name));
  if (typeof Chart === "undefined") drawTable(some);
  else figures.forEach(([title, lines]) => drawChart(title, lines, isLoss(title) ? some.filter(run => run.loss === title) : some));
  showSamples(some);
}

// Runs on text have perplexities, those on pairs losses in nats: each on an axis of its own.
const isLoss = title => title === "perplexity" || title === "loss";

function drawChart(title, lines, some) {
  const axis = at("axis").value, isLogarithmic = at("logarithmic").checked && isLoss(title);
  const datasets = some.flatMap(run => lines.map(([key, label, dash]) => {
    const order = [...runs.keys()].indexOf(run.name);
    return {
      label: [some.length > 1 && run.name, label].filter(Boolean).join(", ") || title,
      data: run.epochs.filter(epoch => epoch[key] !== undefined).map(epoch => ({ x: epoch[axis] ?? epoch.epoch, y: epoch[key] })),
      borderColor: colours[order % colours.length], backgroundColor: colours[order % colours.length],
      borderDash: dash, borderWidth: 1.75, pointStyle: points[order % points.length], pointRadius: run.epochs.length > 60 ? 0 : 2.5,
    };
  })).filter(line => line.data.length > 0);
  let chart = charts.get(title);
  if (!chart) {
    const canvas = element("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", title);
    at("charts").append(element("figure", { className: "card" }, element("figcaption", { textContent: title }),
      element("div", { className: "chart" }, canvas)));
    charts.set(title, chart = new Chart(canvas, { type: "line", data: { datasets: [] }, options: options() }));
  }
  chart.canvas.closest("figure").hidden = datasets.length === 0;
  chart.data.datasets = datasets;
  Object.assign(chart.options, options(axis, isLogarithmic, datasets.length > 1));
  chart.update("none");
}

function options(axis = "epoch", isLogarithmic = false, hasLegend = true) {
  const style = getComputedStyle(document.documentElement);
  const ink = style.getPropertyValue("--soft").trim(), line = style.getPropertyValue("--line").trim();
  const scale = more => ({ grid: { color: line }, border: { color: line }, ...more, ticks: { color: ink, ...more.ticks } });
  return {
    animation: false, responsive: true, maintainAspectRatio: false, parsing: false, color: ink,
    interaction: { mode: "nearest", axis: "x", intersect: false },
    plugins: {
      legend: {
        display: hasLegend,
        labels: { color: ink, usePointStyle: true, pointStyle: "line", pointStyleWidth: 36, generateLabels: dashed },
      },
    },
    scales: {
      x: scale({
        type: "linear", title: { display: true, text: axis === "seconds" ? "seconds" : `${axis}s`, color: ink }, ticks: { precision: 0 },
      }),
      y: scale({ type: isLogarithmic ? "logarithmic" : "linear", ticks: { callback: short } }),
    },
  };
}

// The legend's lines are dashed as the curves are.
const dashed = chart => Chart.defaults.plugins.legend.labels.generateLabels(chart)
  .map(label => ({ ...label, lineDash: chart.data.datasets[label.datasetIndex].borderDash }));

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 4 });
const short = value => value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(1) : compact.format(value);

function drawTable(some) {
  const columns = [["epoch", "epoch"], ["training", "train"], ["held out", "held_out"], ["gradient norm", "gradient_norm"],
    ["tokens/s", "tokens_per_second"]];
  at("charts").replaceChildren(...some.map(run => element("div", { className: "card scroll" }, element("table", {},
    element("caption", { textContent: run.name }),
    element("tr", {}, ...columns.map(([name]) => element("th", { textContent: name }))),
    ...run.epochs.slice(-20).map(epoch => element("tr", {}, ...columns.map(([, key]) =>
      element("td", { textContent: epoch[key] === undefined ? "" : number(epoch[key], key === "epoch" ? 0 : 3) }))))))));
}

function showSamples(some) {
  const place = at("samples"), open = some.filter(run => run.samples.length > 0);
  place.hidden = open.length === 0;
  place.replaceChildren(...open.flatMap(run => [
    element("p", { className: "soft", textContent: `Samples of ${run.name}, the latest first` }),
    ...run.samples.map(sample => element("div", { className: "sample" },
      element("span", { className: "soft", textContent: `after epoch ${number(sample.epoch)}` }),
      element("pre", { dir: "auto", textContent: sample.text }))),
  ]));
}

for (const id of ["axis", "logarithmic"]) at(id).addEventListener("change", draw);
for (const name of ["view", "visibilitychange"]) document.addEventListener(name, look);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
look();
