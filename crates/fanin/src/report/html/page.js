(() => {
  "use strict";
  const root = document.documentElement;
  const figures = JSON.parse(document.querySelector('script[type="application/json"]').textContent);
  const charts = new Set();
  /* What is behind the header of a gzip file (RFC 1952, 1951), for browsers that do not unpack. */
  const inflated = bytes => {
    const out = new Uint8Array(new DataView(bytes.buffer).getUint32(bytes.length - 4, true));
    let bit = 80, end = 0;
    const take = count => {
      let value = 0;
      for (let i = 0; i < count; i++, bit++) value |= (bytes[bit >> 3] >> (bit & 7) & 1) << i;
      return value;
    };
    const code = lengths => {
      const counts = Array(16).fill(0), signs = [];
      for (let length = 1; length < 16; length++) lengths.forEach((own, sign) => {
        if (own === length) { counts[length]++; signs.push(sign); }
      });
      return () => {
        for (let length = 1, value = 0, first = 0, index = 0; length < 16; length++) {
          value |= take(1);
          if (value - first < counts[length]) return signs[index + value - first];
          index += counts[length];
          first = first + counts[length] << 1;
          value <<= 1;
        }
        throw new Error("a code that is none");
      };
    };
    const ranges = (count, shift, first) => [...Array(count).keys()].map(i => {
      const extra = Math.max(0, (i >> shift) - 1), range = [first, extra];
      first += 1 << extra;
      return range;
    });
    const spans = [...ranges(28, 2, 3), [258, 0]], offsets = ranges(30, 1, 1);
    const within = ([first, extra]) => first + take(extra);
    const codes = () => {
      const signs = take(5) + 257, all = signs + take(5) + 1, own = Array(19).fill(0), lengths = [];
      [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15].slice(0, take(4) + 4)
        .forEach(sign => { own[sign] = take(3); });
      const next = code(own);
      while (lengths.length < all) {
        const sign = next();
        const [length, times] = sign < 16 ? [sign, 1] : sign === 16 ? [lengths[lengths.length - 1], 3 + take(2)]
          : sign === 17 ? [0, 3 + take(3)] : [0, 11 + take(7)];
        for (let i = 0; i < times; i++) lengths.push(length);
      }
      return [code(lengths.slice(0, signs)), code(lengths.slice(signs))];
    };
    const fixed = () => [code([...Array(288).keys()].map(sign => sign < 144 ? 8 : sign < 256 ? 9 : sign < 280 ? 7 : 8)),
      code(Array(30).fill(5))];
    for (let isLast = 0; !isLast;) {
      isLast = take(1);
      const kind = take(2);
      if (kind === 0) {
        bit = bit + 7 & ~7;
        const size = take(16), from = (bit >> 3) + 2;
        out.set(bytes.subarray(from, from + size), end);
        bit = (from + size) * 8;
        end += size;
        continue;
      }
      const [sign, offset] = kind === 1 ? fixed() : codes();
      for (let found = sign(); found !== 256; found = sign()) {
        if (found < 256) { out[end++] = found; continue; }
        const span = within(spans[found - 257]), back = within(offsets[offset()]);
        for (let i = 0; i < span; i++, end++) out[end] = out[end - back];
      }
    }
    return out;
  };

  /* Drawings that controls show, for each figure one a frame: base64 of gzip of JSON. */
  const unpacked = async () => {
    const packed = atob(document.querySelector('script[type="application/gzip"]').textContent);
    const bytes = Uint8Array.from(packed, sign => sign.charCodeAt(0));
    if (!("DecompressionStream" in window)) return JSON.parse(new TextDecoder().decode(inflated(bytes)));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).json();
  };
  let drawings;
  const color = name => getComputedStyle(root).getPropertyValue(name).trim();
  const make = (tag, attributes = {}, text = "") => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (text) element.textContent = text;
    return element;
  };

  /* What stands between backticks is code. */
  const prose = (element, text) => {
    const parts = text.split("`"), open = i => i % 2 === 1;
    element.replaceChildren(...parts.map((part, i) => !open(i) ? part
      : i === parts.length - 1 ? "`" + part : part ? make("code", {}, part) : "``"));
  };

  const theme = document.querySelector(".top button");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => root.dataset.theme ? root.dataset.theme === "dark" : system.matches;
  const themed = () => {
    theme.textContent = isDark() ? "Light" : "Dark";
    charts.forEach(chart => chart.redraw(false, true));
  };
  theme.hidden = false;
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    themed();
  });
  system.addEventListener("change", themed);

  document.querySelectorAll(".code").forEach(code => {
    if (!navigator.clipboard) return;
    const button = make("button", { type: "button", "aria-label": "Copy the code" }, "Copy");
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(code.querySelector("code").textContent);
        button.textContent = "Copied";
      } catch { button.textContent = "Not allowed"; }
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    code.append(button);
  });

  const links = new Map([...document.querySelectorAll("nav a")].map(a => [a.hash.slice(1), a]));
  const seen = new IntersectionObserver(entries => entries.forEach(entry => {
    if (!entry.isIntersecting) return;
    links.forEach(link => link.classList.remove("here"));
    links.get(entry.target.id)?.classList.add("here");
  }), { rootMargin: "-20% 0px -70% 0px" });
  document.querySelectorAll("section[id]").forEach(section => seen.observe(section));

  const raised = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  const power = p => p === 0 ? "1" : p === 1 ? "10"
    : "10" + (p < 0 ? "⁻" : "") + [...String(Math.abs(p))].map(d => raised[d]).join("");
  const number = v => {
    if (v == null) return "–";
    const size = Math.abs(v);
    if (v === 0) return "0";
    if (size >= 1e-3 && size < 1e5) return String(Number(v.toPrecision(4))).replace("-", "−");
    return v.toExponential(2).replace("-", "−").replace("e−", "e−");
  };
  const dashes = { Dashed: [7, 5], 1: [2, 5], 2: [13, 5], 3: [11, 4, 2, 4] };

  /* Ticks of an axis of logarithms: powers of ten, between them 1, 2 and 5, else even numbers. */
  const powers = (low, high, step) => {
    const multiples = (from, to, by) => {
      const list = [];
      for (let i = Math.ceil(from / by - 1e-9); i <= Math.floor(to / by + 1e-9); i++) list.push(i * by);
      return list;
    };
    if (high - low >= 1.5) return multiples(low, high, Math.max(1, Math.round(step)));
    const whole = multiples(Math.floor(low), Math.ceil(high), 1);
    const plain = whole.flatMap(p => [p, p + Math.log10(2), p + Math.log10(5)]).filter(v => v >= low && v <= high);
    if (plain.length > 1) return plain;
    const least = (10 ** high - 10 ** low) / 4, size = 10 ** Math.floor(Math.log10(least));
    const by = size * [1, 2, 5, 10].find(factor => factor * size >= least * (1 - 1e-9));
    return multiples(10 ** low, 10 ** high, by).map(Math.log10);
  };

  /* One chart in place of the static drawing, which print still shows. */
  const draw = (place, chart, previous) => {
    previous?.destroy();
    charts.delete(previous);
    place.querySelector(".above")?.remove();
    const above = make("div", { class: "above" }, chart.y.label);
    place.append(above);
    const has = chart.series.some(s => s.values.some(v => v != null && (!chart.y.log || v > 0)));
    if (!has) above.textContent += chart.y.log ? ": no value above 0" : ": no value";
    /* Colors tell a dozen lines apart; of more, those that stand back are gray until they are chosen. */
    const lines = chart.series.filter(line => line.values.some(v => v != null));
    const loud = lines.filter(line => !line.quiet), crowded = loud.length < lines.length;
    const few = loud.length <= 12, numbers = new Map();
    let lit = null;
    /* Before anybody points, the last place where most lines have a value is read out. */
    const known = chart.at.map((_, i) => lines.filter(line => line.values[i] != null).length);
    const enough = 0.75 * Math.max(...known), rest = known.reduce((found, count, i) => count >= enough ? i : found, 0);
    const read = axis => (_, v, own, at) => number(down(axis, at == null ? data[own][rest] : v));
    const data = [], series = [{ label: chart.x.label, value: read(chart.x) }], bands = [];
    /* uPlot's own scale of factors loses its way below 10⁻¹⁶: logarithms on a plain one do not. */
    const up = (axis, v) => !axis.log ? v : v > 0 ? Math.log10(v) : null;
    const down = (axis, v) => v == null ? v : axis.log ? 10 ** v : v;
    const positive = list => list.map(v => up(chart.y, v));
    data.push(chart.at.map(v => up(chart.x, v)));
    [...lines.filter(line => line.quiet), ...loud].forEach(line => {
      const alone = line.values.filter(v => v != null).length === 1, own = series.length;
      const stroke = () => color(!line.quiet ? "--c" + line.color % 8 : lit === own ? "--ink" : "--quiet");
      numbers.set(line, own);
      data.push(positive(line.values));
      series.push({
        label: line.name, stroke, width: line.quiet ? 1.25 : 2.25, value: read(chart.y), spanGaps: false,
        dash: line.style === "dashed" ? dashes.Dashed : dashes[Math.min(3, Math.floor(line.color / 8))],
        points: { show: line.style === "points" && !line.quiet && chart.at.length <= 40, size: alone ? 15 : 6, fill: stroke },
      });
      if (few && !line.quiet && line.low.length) {
        const middle = data.length - 1;
        [line.high, line.low].forEach(end => {
          data.push(positive(end));
          series.push({ label: "", stroke: "transparent", width: 0, points: { show: false }, class: "end" });
        });
        bands.push({ series: [middle + 1, middle + 2], fill: () => color("--c" + line.color % 8) + "2e" });
      }
    });
    const font = "12.5px system-ui,sans-serif", grid = { stroke: () => color("--grid"), width: 1 };
    const values = axis => (_, splits) => {
      const whole = splits.every(v => v == null || Number.isInteger(v));
      return splits.map(v => v == null ? null : !axis.log ? number(v) : whole ? power(v) : number(10 ** v));
    };
    const increments = axis => axis.log ? [1, 2, 5, 10, 20, 50, 100, 200]
      : axis.whole ? [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000] : undefined;
    const ticks = axis => axis.log ? (_, index, low, high, step) => powers(low, high, step) : undefined;
    const width = () => Math.max(240, place.clientWidth);
    const write = (u, text, x, y, align, baseline) => {
      u.ctx.setLineDash([]);
      u.ctx.textAlign = align; u.ctx.textBaseline = baseline;
      u.ctx.strokeStyle = color("--paper"); u.ctx.lineWidth = 5 * devicePixelRatio; u.ctx.lineJoin = "round";
      u.ctx.strokeText(text, x, y);
      u.ctx.fillText(text, x, y);
    };
    const across = (u, from, to, style, width, dash) => {
      u.ctx.strokeStyle = style; u.ctx.lineWidth = width * devicePixelRatio;
      u.ctx.setLineDash(dash.map(length => length * devicePixelRatio));
      u.ctx.beginPath(); u.ctx.moveTo(...from); u.ctx.lineTo(...to); u.ctx.stroke();
    };
    /* Names of lines at their ends, kept apart: of the one that is chosen, else of all in color. */
    const names = u => {
      const right = u.bbox.left + u.bbox.width, step = 17 * devicePixelRatio;
      const chosen = lines.filter(line => numbers.get(line) === lit);
      const ends = (chosen.length ? chosen : loud).map(line => {
        const value = line.values.filter(v => v != null).pop();
        return [line, u.valToPos(up(chart.y, value), "y", true) - step / 2];
      }).filter(end => Number.isFinite(end[1])).sort((a, b) => a[1] - b[1]);
      let free = u.bbox.top + step;
      ends.forEach(end => { end[1] = Math.max(end[1], free); free = end[1] + step; });
      free = u.bbox.top + u.bbox.height - step / 2;
      [...ends].reverse().forEach(end => { end[1] = Math.min(end[1], free); free = end[1] - step; });
      const far = length => right - length * devicePixelRatio;
      ends.forEach(([line, y]) => {
        u.ctx.fillStyle = color("--ink");
        const name = line.name.length > 24 ? line.name.slice(0, 23) + "…" : line.name;
        write(u, name, far(32), y, "right", "middle");
        across(u, [far(26), y], [far(2), y], color("--paper"), 7, []);
        across(u, [far(26), y], [far(2), y], series[numbers.get(line)].stroke(), 2.25, []);
      });
    };
    const marks = u => {
      u.ctx.save();
      u.ctx.font = devicePixelRatio * 12.5 + "px system-ui,sans-serif";
      chart.marks.forEach(mark => {
        const y = u.valToPos(up(chart.y, mark.at), "y", true);
        if (!(y >= u.bbox.top && y <= u.bbox.top + u.bbox.height)) return;
        u.ctx.fillStyle = color("--soft");
        across(u, [u.bbox.left, y], [u.bbox.left + u.bbox.width, y], color("--soft"), 1, [3, 4]);
        const end = crowded ? [u.bbox.left + 6, "left"] : [u.bbox.left + u.bbox.width - 6, "right"];
        write(u, mark.label, end[0], y + 6, end[1], "top");
      });
      (chart.upright || []).forEach(mark => {
        const x = u.valToPos(up(chart.x, mark.at), "x", true);
        if (!(x >= u.bbox.left && x <= u.bbox.left + u.bbox.width)) return;
        u.ctx.fillStyle = color("--soft");
        across(u, [x, u.bbox.top], [x, u.bbox.top + u.bbox.height], color("--soft"), 1, [3, 4]);
        const late = x > u.bbox.left + 0.7 * u.bbox.width;
        write(u, mark.label, x + (late ? -8 : 8), u.bbox.top + 6, late ? "right" : "left", "top");
      });
      if (crowded) names(u);
      u.ctx.restore();
    };
    const ends = chart.marks.map(mark => up(chart.y, mark.at));
    const range = (u, low, high) => {
      if (low != null && chart.y.least != null) low = Math.max(low, chart.y.least);
      const all = [low, high, ...ends].filter(v => v != null && Number.isFinite(v));
      if (!all.length) return [0, 1];
      const [a, b] = [Math.min(...all), Math.max(...all)];
      const pad = chart.y.log ? Math.max(0.05 * (b - a), 0.12) : (b - a || Math.abs(b) || 1) * 0.06;
      return [a - pad, b + pad];
    };
    const plot = new uPlot({
      width: width(), height: 340, padding: [12, 14, 0, 0],
      scales: { x: { time: false }, y: { range } },
      axes: [
        { stroke: () => color("--soft"), grid, ticks: grid, font, label: chart.x.label, labelFont: font, labelSize: 22,
          space: 56, incrs: increments(chart.x), splits: ticks(chart.x), values: values(chart.x) },
        { stroke: () => color("--soft"), grid, ticks: grid, font, size: 62, incrs: increments(chart.y), splits: ticks(chart.y), values: values(chart.y) },
      ],
      series, bands, hooks: { draw: [marks], setSeries: [(_, number, change) => { if (change.focus != null) bring(number); }] },
      cursor: { focus: { prox: 24, dist: (_, number, at, here, cursor) => series[number].class === "end" ? 1e9 : here - cursor }, points: { size: 9 } },
      focus: { alpha: crowded ? 0.25 : 1 },
      legend: { live: true, markers: { width: 2, dash: (_, number) => series[number].dash ? "dashed" : "solid" } },
    }, data, place);
    plot.root.classList.add("chart");
    const legend = plot.root.querySelector(".u-legend"), rows = [...plot.root.querySelectorAll(".u-series")];
    rows.forEach((row, index) => { if (series[index].class === "end") row.remove(); });
    const say = make("p", { class: "say", "aria-live": "polite" });
    const hint = "Point at a line or at its name, or press the up and down keys, to bring one out.";
    const bring = number => {
      lit = number ?? null;
      if (!crowded) return;
      rows.forEach((row, index) => row.classList.toggle("lit", index === lit));
      const place = lines.findIndex(line => numbers.get(line) === lit), line = lines[place];
      say.textContent = line
        ? `${line.name}, ${place + 1} of ${lines.length} in the order of the table, ends at ${last(line)}.` : hint;
    };
    const last = line => number(line.values.filter(v => v != null).pop());
    place.querySelector(".say")?.remove();
    if (crowded) {
      legend.classList.add("many");
      legend.tabIndex = 0;
      lines.forEach(line => rows[0].parentNode.append(rows[numbers.get(line)]));
      say.textContent = hint;
      place.append(say);
    }
    const shown = chart.y.label;
    plot.root.setAttribute("role", "group");
    plot.root.setAttribute("aria-label", shown + " by " + chart.x.label + "; left and right keys move" + (crowded ? ", up and down keys choose a line" : ""));
    plot.root.tabIndex = 0;
    let at = 0, chosen = -1;
    plot.root.addEventListener("keydown", event => {
      const turn = crowded && { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (turn) {
        event.preventDefault();
        chosen = Math.min(lines.length - 1, Math.max(0, chosen + turn));
        plot.setSeries(numbers.get(lines[chosen]), { focus: true });
        const row = rows[numbers.get(lines[chosen])];
        legend.scrollTop = row.offsetTop - legend.offsetTop - legend.clientHeight / 2;
        return;
      }
      if (event.key === "Escape") plot.setSeries(null, { focus: true });
      const step = { ArrowRight: 1, ArrowLeft: -1, Home: -1e9, End: 1e9 }[event.key];
      if (!step) return;
      event.preventDefault();
      at = Math.min(chart.at.length - 1, Math.max(0, at + step));
      plot.setCursor({ left: plot.valToPos(data[0][at], "x"), top: 20 });
    });
    const resized = new ResizeObserver(() => { if (Math.abs(plot.width - width()) > 2) plot.setSize({ width: width(), height: 340 }); });
    resized.observe(place);
    plot.hooks.destroy = [() => resized.disconnect()];
    place.classList.add("live");
    charts.add(plot);
    return plot;
  };

  /* Units that can never differ, by click or by keys. */
  const twins = drawing => {
    const say = make("p", { class: "say", "aria-live": "polite" }, "Choose a tile to see which units are equal to it.");
    drawing.after(say);
    const light = (group, tile) => {
      drawing.querySelectorAll(".lit").forEach(lit => lit.classList.remove("lit"));
      const tiles = [...group.children], own = tile.classList.contains("own");
      const color = [...tile.classList].find(name => /^f\d/.test(name));
      const same = own ? [tile] : tiles.filter(other => other.classList.contains(color));
      same.forEach(other => other.classList.add("lit"));
      const unit = tiles.indexOf(tile);
      say.textContent = own
        ? `Unit ${unit} can differ from all others of its layer.`
        : `Unit ${unit} and ${same.length - 1} more tiles here are equal for ever: backpropagation gives them one gradient. ${group.dataset.differ} of ${group.dataset.units} units count.`;
    };
    drawing.addEventListener("click", event => {
      const tile = event.target.closest(".tile");
      if (tile) light(tile.parentNode, tile);
    });
    const ready = () => drawing.querySelectorAll("svg").forEach(svg => svg.setAttribute("role", "group"))
      || drawing.querySelectorAll(".units").forEach(group => {
      group.setAttribute("tabindex", "0");
      group.setAttribute("role", "group");
      group.setAttribute("aria-label", `${group.dataset.differ} of ${group.dataset.units} units can differ; arrow keys choose a unit`);
      let unit = -1;
      group.addEventListener("keydown", event => {
        const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 8, ArrowUp: -8 }[event.key];
        if (!step) return;
        event.preventDefault();
        unit = Math.min(group.children.length - 1, Math.max(0, unit + step));
        light(group, group.children[unit]);
      });
    });
    ready();
    return ready;
  };

  /* A point in the plane of variances, and its course by the maps of theory. */
  const plane = (figure, drawing, data) => {
    const svg = drawing.querySelector("svg"), { width, height } = svg.viewBox.baseVal;
    const area = { left: 62, right: width - 18, top: 44, bottom: height - 54 };
    drawing.classList.add("plane");
    svg.setAttribute("role", "group");
    const facts = make("dl", { class: "facts" }), course = make("div", { class: "drawing course" });
    (figure.querySelector(".legend") || drawing).after(facts, course);
    const handle = document.createElementNS("http://www.w3.org/2000/svg", "circle");
    for (const [name, value] of Object.entries({ class: "handle", r: 9, tabindex: 0, role: "slider", "aria-label": "point of the plane", "aria-valuemin": 0, "aria-valuemax": data.widest })) handle.setAttribute(name, value);
    svg.append(handle);
    const table = (list, q) => {
      const step = data.log_moments[1] - data.log_moments[0];
      const place = Math.min(Math.max((Math.log(q) - data.log_moments[0]) / step, 0), list.length - 1.000001);
      const index = Math.floor(place), share = place - index;
      return list[index] * (1 - share) + list[index + 1] * share;
    };
    const first = data.points.find(p => p.measured) || data.points[0] || { at: [1, 0] };
    let point = [...first.at], plot;
    const show = () => {
      const [w, b] = point;
      handle.setAttribute("cx", area.left + (area.right - area.left) * w / data.widest);
      handle.setAttribute("cy", area.bottom - (area.bottom - area.top) * b / data.highest);
      let q = data.start, log = 0, chi = 1;
      const at = [1], signal = [q], gains = [1];
      for (let layer = 2; layer <= data.depth; layer++) {
        chi = w * w * table(data.slope_second, q);
        log += Math.log(chi);
        q = Math.max(w * w * table(data.second, q) + b * b, 1e-300);
        at.push(layer); signal.push(q < 1e200 ? q : null); gains.push(Math.exp(Math.max(log, -600)));
      }
      const last = gains.at(-1);
      const gradient = gains.map(g => last / g);
      const settled = w * w * table(data.slope_second, q);
      const values = [["σ_w", w.toFixed(3)], ["σ_b", b.toFixed(3)], ["gradient per layer ×", settled.toFixed(3)],
        ["gradient, first over last layer", number(last)]];
      facts.replaceChildren(...values.map(([name, value]) => {
        const fact = make("div");
        fact.append(make("dt", {}, name), make("dd", {}, value));
        return fact;
      }));
      handle.setAttribute("aria-valuenow", w.toFixed(3));
      handle.setAttribute("aria-valuetext", `σ_w ${w.toFixed(2)}, σ_b ${b.toFixed(2)}, gradient per layer × ${settled.toFixed(2)}`);
      const positive = list => list.map(v => v > 1e-300 && v < 1e300 ? v : null);
      const chart = { x: { label: "layer", whole: true }, y: { label: "theory at this point", log: true }, at, marks: [],
        series: [["signal E z²", 0, signal], ["gradient E δ², last layer 1", 1, gradient]].map(([name, color, list]) =>
          ({ name, color, style: "line", values: positive(list), low: [], high: [] })) };
      plot = draw(course, chart, plot);
    };
    const move = (w, b) => {
      point = [Math.min(data.widest, Math.max(0.01, w)), Math.min(data.highest, Math.max(0, b))];
      show();
    };
    const drag = event => {
      const box = svg.getBoundingClientRect(), scale = width / box.width;
      const x = (event.clientX - box.left) * scale, y = (event.clientY - box.top) * scale;
      move(data.widest * (x - area.left) / (area.right - area.left), data.highest * (area.bottom - y) / (area.bottom - area.top));
    };
    svg.addEventListener("pointerdown", event => { svg.setPointerCapture(event.pointerId); drag(event); });
    svg.addEventListener("pointermove", event => { if (event.buttons) drag(event); });
    handle.addEventListener("keydown", event => {
      const steps = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
      if (!steps) return;
      event.preventDefault();
      move(point[0] + steps[0] * data.widest / 80, point[1] + steps[1] * data.highest / 40);
    });
    show();
  };

  document.querySelectorAll("figure[data-figure]").forEach(figure => {
    const data = figures[figure.dataset.figure], drawing = figure.querySelector(".drawing");
    const controls = [...figure.querySelectorAll("[data-control]")];
    const facts = figure.querySelector(".facts");
    const isChart = data.kind === "line-chart";
    let plot, again = () => {};
    const value = control => control.matches("fieldset")
      ? Number(control.querySelector(":checked").value) : Number(control.value);
    const show = () => {
      const index = controls.reduce((sum, control, i) => sum * data.sizes[i] + value(control), 0);
      if (isChart) plot = draw(drawing, data.frames[index], plot);
      else (drawings ??= unpacked()).then(all => {
        drawing.innerHTML = all[figure.dataset.figure][index];
        again();
      });
      if (facts && controls.length) facts.querySelectorAll("div").forEach((fact, i) => {
        const [name, text] = data.facts[index][i] || ["", ""];
        prose(fact.querySelector("dt"), name);
        prose(fact.querySelector("dd"), text);
      });
      controls.forEach((control, i) => {
        const output = control.parentNode.querySelector("output");
        if (output) output.textContent = data.values[i][value(control)];
        if (control.matches("[type=range]")) control.setAttribute("aria-valuetext", data.values[i][value(control)]);
      });
    };
    controls.forEach(control => control.addEventListener("input", show));
    const box = figure.querySelector(".controls");
    if (box) box.hidden = false;
    if (isChart) {
      const near = new IntersectionObserver(entries => {
        if (!entries.some(entry => entry.isIntersecting)) return;
        near.disconnect();
        if (!plot) show();
      }, { rootMargin: "600px" });
      near.observe(figure);
    }
    if (data.kind === "tiles") again = twins(drawing);
    if (data.kind === "phase-plane") plane(figure, drawing, data.frames[0]);
  });
  themed();
})();
