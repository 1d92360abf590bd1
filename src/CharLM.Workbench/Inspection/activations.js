// Colours a text by the activation of a unit or gate, and lists the units that follow a feature of the text.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const series = document.getElementById("series"), unit = document.getElementById("unit"), text = document.getElementById("text");
  const values = data.series.map(entry => Int8Array.from(atob(entry.values), c => c.charCodeAt(0)));
  const spans = data.tokens.map(token => {
    const span = document.createElement("span");
    span.textContent = token === "\n" ? "\u21b5\n" : token;
    text.append(span);
    return span;
  });
  for (const entry of data.series) series.add(new Option(entry.name));

  function show(index, number) {
    const units = data.series[index].units, gate = data.series[index].name.endsWith("gate");
    number = Math.min(Math.max(number || 0, 0), units - 1);
    series.selectedIndex = index;
    unit.max = units - 1;
    unit.value = number;
    spans.forEach((span, token) => {
      const raw = values[index][token * units + number] / 127, value = gate ? 2 * raw - 1 : raw;
      const level = Math.round(12 * Math.abs(value));
      span.className = level === 0 ? "" : (value > 0 ? "s" : "n") + level;
      span.title = raw.toFixed(2);
    });
    for (const button of document.querySelectorAll(".rankings button"))
      button.setAttribute("aria-current", button.dataset.series == index && button.dataset.unit == number);
  }

  for (const ranking of data.rankings) {
    const part = document.createElement("section"), heading = document.createElement("h2");
    heading.textContent = ranking.feature;
    part.append(heading);
    for (const rank of ranking.units) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = `${data.series[rank.series].name}, unit ${rank.unit}: ${rank.correlation.toFixed(2)}`;
      button.dataset.series = rank.series;
      button.dataset.unit = rank.unit;
      button.addEventListener("click", () => show(rank.series, rank.unit));
      part.append(button);
    }
    document.getElementById("rankings").append(part);
  }
  series.addEventListener("change", () => show(series.selectedIndex, unit.valueAsNumber));
  unit.addEventListener("change", () => show(series.selectedIndex, unit.valueAsNumber));
  document.getElementById("previous").addEventListener("click", () => show(series.selectedIndex, unit.valueAsNumber - 1));
  document.getElementById("next").addEventListener("click", () => show(series.selectedIndex, unit.valueAsNumber + 1));
  const first = data.rankings.length ? data.rankings[0].units[0] : { series: 0, unit: 0 };
  show(first.series, first.unit);
})();
