// Draws the page's charts: each canvas names its kind, and the data block beside it holds its data.
"use strict";
(() => {
  const root = getComputedStyle(document.documentElement);
  const colour = name => root.getPropertyValue("--" + name).trim();
  const canvases = [...document.querySelectorAll("canvas[data-kind]")];
  const dataOf = new Map(canvases.map(canvas => [canvas, JSON.parse(document.getElementById(canvas.id + "-data").textContent)]));
  const hidden = new Map(canvases.map(canvas => [canvas, new Set()]));
  let chosenX = 0;

  // Numbers: 4.1794, 170,580, 1.2e-7; powers of ten as 10 with an exponent.
  const short = value => {
    const size = Math.abs(value);
    if (size !== 0 && (size < 1e-3 || size >= 1e7)) return value.toExponential(3).replace(/\.?0+e/, "e");
    return Number(value.toPrecision(5)).toLocaleString("en-US", { maximumFractionDigits: 6 });
  };
  const raised = "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079";
  const power = exponent => "10" + [...String(exponent)].map(digit => digit === "-" ? "\u207b" : raised[digit]).join("");

  // Ticks of a logarithmic axis: powers of ten over several decades, 1, 2 and 5 over one or two, and even steps below.
  const logTicks = (low, high) => {
    const decades = Math.log10(high / low), ticks = [];
    if (!(decades > 0)) return [low];
    if (decades < 1) {
      const rough = (high - low) / 6, ten = 10 ** Math.floor(Math.log10(rough));
      const step = [1, 2, 5, 10].map(digit => digit * ten).find(step => step >= rough);
      for (let k = Math.ceil(low / step - 1e-9); k * step <= high * (1 + 1e-9); k++) ticks.push(k * step);
      return ticks;
    }
    const first = Math.floor(Math.log10(low) + 1e-9), last = Math.floor(Math.log10(high) + 1e-9);
    const stride = Math.ceil((last - first + 1) / 10), fits = value => value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9);
    for (let exponent = first; exponent <= last; exponent++)
      for (const digit of decades < 2.5 ? [1, 2, 5] : [1])
        if ((decades < 2.5 || exponent % stride === 0) && fits(digit * 10 ** exponent))
          ticks.push(digit * 10 ** exponent);
    return ticks;
  };
  const logLabel = (value, ticks) => {
    const exponent = Math.log10(value), whole = Math.abs(exponent - Math.round(exponent)) < 1e-9;
    const plain = ticks[0].value >= 1e-3 && ticks[ticks.length - 1].value <= 1e5;
    return plain || !whole ? short(value) : power(Math.round(exponent));
  };

  // Every label is a function of this page: the library's own would show 1e-20 as 0.
  const axis = (label, logarithmic, more) => ({
    title: { display: label !== "", text: label },
    ...logarithmic
      ? {
        type: "logarithmic",
        afterBuildTicks: scale => { scale.ticks = logTicks(scale.min, scale.max).map(value => ({ value })); },
        ticks: { callback: (value, _, ticks) => logLabel(value, ticks), autoSkip: true, maxRotation: 50 },
      }
      : { type: "linear", ticks: { callback: short, ...more } },
  });

  // A curve is told by its marker and its dashes, not only by its colour: a group has one marker, its dashed curves are dashed.
  const markers = ["circle", "triangle", "rect", "rectRot", "crossRot", "star", "cross"];
  const shapes = {
    circle: "M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0z", triangle: "M0,-5L4.3,2.5L-4.3,2.5z",
    rect: "M-3.5,-3.5h7v7h-7z", rectRot: "M0,-5L5,0L0,5L-5,0z",
    crossRot: "M-4,-4L4,4M-4,4L4,-4", star: "M-4,-4L4,4M-4,4L4,-4M0,-5V5M-5,0H5", cross: "M-5,0H5M0,-5V5",
  };
  const looks = series => series.map((one, i) => {
    const group = one.group ?? i, marker = one.marker ?? group, round = Math.floor(marker / markers.length) % 3;
    return {
      colour: colour("line" + group % 8),
      marker: markers[marker % markers.length],
      dash: one.dashed ? [[6, 4], [6, 3, 1, 3], [2, 3]][round] : [[], [14, 3], [10, 2, 2, 2]][round],
    };
  });

  // Markers would hide a curve of many points, so only some have one, at other places than those of other curves.
  const radii = (points, i) => {
    const every = Math.ceil(points.length / (points.length <= 20 ? 20 : 8));
    const isGap = k => (points[k]?.y ?? null) === null;
    return points.map((_, k) => (k + 3 * i) % every === 0 || isGap(k - 1) && isGap(k + 1) ? 4 : 0);
  };

  const lineChart = canvas => {
    const data = dataOf.get(canvas), look = looks(data.series), x = data.otherX.length === 0 ? 0 : chosenX;
    const place = point => x === 0 ? point[0] : point[1 + x];
    const curves = data.series.map(series => series.points.filter(point => place(point) !== null)
      .map(point => ({ x: place(point), y: point[1] })));
    // Epochs are whole numbers: no tick at 1.5.
    const whole = curves.every(points => points.every(point => Number.isInteger(point.x)));
    return {
      type: "line",
      data: {
        datasets: data.series.map((series, i) => ({
          label: series.name,
          data: curves[i],
          borderColor: look[i].colour,
          backgroundColor: look[i].colour,
          borderDash: look[i].dash,
          borderWidth: 1.75,
          pointStyle: look[i].marker,
          pointRadius: radii(curves[i], i),
          pointBorderWidth: 1.5,
          hidden: hidden.get(canvas).has(i),
        })),
      },
      options: {
        parsing: false,
        interaction: { mode: "nearest", axis: "x", intersect: false },
        plugins: {
          legend: { display: false },
          tooltip: {
            usePointStyle: true,
            callbacks: {
              title: items => items.length === 0 ? "" : `${[data.xLabel, ...data.otherX][x]} ${short(items[0].parsed.x)}`,
              label: item => `${item.dataset.label}: ${short(item.parsed.y)}`,
            },
          },
        },
        scales: {
          x: axis([data.xLabel, ...data.otherX][x], data.logarithmicX, { maxRotation: 50, ...whole ? { precision: 0 } : {} }),
          y: axis(data.yLabel, data.logarithmicY),
        },
      },
    };
  };

  // A list of buttons above the chart, which the keyboard reaches and a narrow page wraps.
  const svg = (name, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  const drawLegend = canvas => {
    const data = dataOf.get(canvas), look = looks(data.series), list = document.createElement("ul");
    list.className = "legend";
    data.series.forEach((series, i) => {
      const button = document.createElement("button"), picture = svg("svg", { viewBox: "-20 -7 40 14", "aria-hidden": "true" });
      const line = { stroke: look[i].colour, "stroke-width": 1.75, fill: "none" };
      picture.append(svg("path", { ...line, d: "M-20,0H20", "stroke-dasharray": look[i].dash.join(" ") }),
        svg("path", { ...line, fill: /z$/.test(shapes[look[i].marker]) ? look[i].colour : "none", d: shapes[look[i].marker] }));
      button.type = "button";
      button.append(picture, series.name);
      button.setAttribute("aria-pressed", String(!hidden.get(canvas).has(i)));
      button.addEventListener("click", () => {
        const off = hidden.get(canvas);
        if (!off.delete(i)) off.add(i);
        button.setAttribute("aria-pressed", String(!off.has(i)));
        Chart.getChart(canvas).setDatasetVisibility(i, !off.has(i));
        Chart.getChart(canvas).update();
      });
      list.append(document.createElement("li"));
      list.lastChild.append(button);
    });
    const old = canvas.parentElement.previousElementSibling;
    if (old?.className === "legend") old.remove();
    canvas.parentElement.before(list);
  };

  // Colours of levels come from the style sheet's classes for shaded text.
  const shades = levels => {
    const all = new Map([[0, colour("page")]]);
    for (let level = 1; level <= levels; level++) all.set(level, colour("s" + level)).set(-level, colour("n" + level));
    return all;
  };

  const nameAxis = (label, names, more) => ({
    title: { display: label !== "", text: label },
    type: "linear", min: -0.5, max: names.length - 0.5, offset: false, grid: { display: false },
    afterBuildTicks: scale => { scale.ticks = names.map((_, value) => ({ value })); },
    ticks: { callback: value => names[value] ?? "", autoSkip: true, maxRotation: 90 },
    ...more,
  });

  const heatMap = canvas => {
    const data = dataOf.get(canvas), shade = shades(data.levels);
    const cell = context => context.dataset.data[context.dataIndex];
    return {
      type: "matrix",
      data: {
        datasets: [{
          data: data.cells.map(([x, y, v, level]) => ({ x, y, v, level })),
          backgroundColor: context => shade.get(cell(context)?.level) ?? colour("page"),
          borderWidth: 1,
          borderColor: colour("line"),
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
              label: context => `${data.rows[cell(context).y]}, ${data.columns[cell(context).x]}: ${short(cell(context).v)}`,
            },
          },
        },
      },
    };
  };

  const draw = () => {
    Object.assign(Chart.defaults,
      { animation: false, responsive: true, maintainAspectRatio: false, color: colour("text"), borderColor: colour("line") });
    for (const canvas of canvases) {
      Chart.getChart(canvas)?.destroy();
      new Chart(canvas, canvas.dataset.kind === "line" ? lineChart(canvas) : heatMap(canvas));
      if (canvas.dataset.kind === "line") drawLegend(canvas);
    }
  };

  // One choice for all charts that have several horizontal axes, above the first of them.
  const first = canvases.find(canvas => dataOf.get(canvas).otherX?.length > 0);
  if (first) {
    const choice = document.createElement("fieldset");
    choice.className = "choice";
    choice.append(Object.assign(document.createElement("legend"), { textContent: "horizontal axis" }));
    [dataOf.get(first).xLabel, ...dataOf.get(first).otherX].forEach((label, i) => {
      const button = Object.assign(document.createElement("input"), { type: "radio", name: "horizontal-axis", value: i, checked: i === 0 });
      button.addEventListener("change", () => { chosenX = i; draw(); });
      choice.append(document.createElement("label"));
      choice.lastChild.append(button, " " + label);
    });
    first.closest("figure").before(choice);
  }
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
