// Draws the page's charts: each canvas names its kind, and the data block beside it holds its data.
"use strict";
(() => {
  const style = getComputedStyle(document.documentElement);
  const text = style.getPropertyValue("--text").trim();
  const line = style.getPropertyValue("--line").trim();
  Object.assign(Chart.defaults, { animation: false, responsive: true, maintainAspectRatio: false, color: text, borderColor: line });

  // Okabe and Ito's colours, which people with any kind of colour vision can tell apart.
  const colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#b8a900"];
  const axis = (label, more) => ({ title: { display: label !== "", text: label }, ...more });

  // The legend uses point styles, which have no dashed lines.
  const legendLabels = chart => Chart.defaults.plugins.legend.labels.generateLabels(chart)
    .map(label => ({ ...label, lineDash: chart.data.datasets[label.datasetIndex].borderDash }));

  // Epochs are whole numbers: no tick at 1.5.
  const whole = data => data.series.every(series => series.points.every(([x]) => Number.isInteger(x)));

  const lineChart = data => ({
    type: "line",
    data: {
      datasets: data.series.map((series, i) => ({
        label: series.name,
        data: series.points.map(([x, y]) => ({ x, y })),
        borderColor: colours[(series.group ?? i) % colours.length],
        backgroundColor: colours[(series.group ?? i) % colours.length],
        borderDash: series.dashed ? [6, 4] : [],
        borderWidth: 1.5,
        pointRadius: series.points.length > 60 ? 0 : 2,
      })),
    },
    options: {
      parsing: false,
      interaction: { mode: "nearest", axis: "x", intersect: false },
      plugins: { legend: { labels: { usePointStyle: true, pointStyle: "line", pointStyleWidth: 40, generateLabels: legendLabels } } },
      scales: {
        x: axis(data.xLabel, { type: "linear", ticks: whole(data) ? { precision: 0 } : {} }),
        y: axis(data.yLabel, { type: data.logarithmicY ? "logarithmic" : "linear" }),
      },
    },
  });

  // Colours of levels come from the style sheet's classes for shaded text.
  const shades = levels => {
    const probe = document.body.appendChild(document.createElement("span"));
    const colour = level => {
      probe.className = level === 0 ? "" : level < 0 ? "n" + -level : "s" + level;
      return level === 0 ? "#ffffff" : getComputedStyle(probe).backgroundColor;
    };
    const all = new Map();
    for (let level = -levels; level <= levels; level++) all.set(level, colour(level));
    probe.remove();
    return all;
  };

  const nameAxis = (label, names, more) => axis(label, {
    type: "linear", min: -0.5, max: names.length - 0.5, offset: false, grid: { display: false },
    afterBuildTicks: scale => { scale.ticks = names.map((_, value) => ({ value })); },
    ticks: { callback: value => names[value] ?? "", autoSkip: true, maxRotation: 90 },
    ...more,
  });

  const heatMap = data => {
    const colour = shades(data.levels);
    const cell = context => context.dataset.data[context.dataIndex];
    return {
      type: "matrix",
      data: {
        datasets: [{
          data: data.cells.map(([x, y, v, level]) => ({ x, y, v, level })),
          backgroundColor: context => colour.get(cell(context)?.level) ?? "#ffffff",
          borderWidth: 1,
          borderColor: line,
          width: ({ chart }) => (chart.chartArea?.width ?? 0) / data.columns.length,
          height: ({ chart }) => (chart.chartArea?.height ?? 0) / data.rows.length,
        }],
      },
      options: {
        scales: { x: nameAxis(data.xLabel, data.columns), y: nameAxis(data.yLabel, data.rows, { reverse: true }) },
        plugins: {
          legend: { display: false },
          tooltip: {
            callbacks: {
              title: () => "",
              label: context => `${data.rows[cell(context).y]}, ${data.columns[cell(context).x]}: ${cell(context).v}`,
            },
          },
        },
      },
    };
  };

  for (const canvas of document.querySelectorAll("canvas[data-kind]")) {
    const data = JSON.parse(document.getElementById(canvas.id + "-data").textContent);
    new Chart(canvas, canvas.dataset.kind === "line" ? lineChart(data) : heatMap(data));
  }
})();
