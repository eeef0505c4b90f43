// A map of a library: pan, zoom, search, colours. Draws what deejai_core/features/map/data.py makes; style: map.css.
//
//   const map = deejaiMap.draw(container, data, {onClick: id => ...});
//   map.highlight(id)     marks a track until another is, and moves the map only if it is out of sight; null: none.
//   map.color("genre")    colours by a field, named as in the legend.
//   map.redraw()          after the container's colours have changed.
//   map.destroy()
//
// Text of tags only ever becomes text (textContent). Points are written into the pixels of one canvas, which is quick enough
// for 100,000 of them everywhere, without WebGL; paths and marks are drawn onto a second one above it.
"use strict";
(() => {
  const OTHER = -1, NONE = -2;          // instead of a colour's number
  const GREY = "#969696";               // of OTHER
  const FINEST = 65535;                 // places are whole numbers up to this
  const SUGGESTIONS = 12;
  const REACH = 14;                     // CSS pixels from the pointer to a point
  const CLICK = 5;                      // CSS pixels that a click may move
  const DENSEST = 2;                    // device pixels for a CSS pixel: more cost time and cannot be seen in dots
  const RARE = 20;                      // one point in so many, in colour among dimmed ones, is
  const RARE_RADIUS = 3.5;              // CSS pixels large at least, so that it is seen
  const NUMBERED = 15;                  // CSS pixels between two numbered points of a path

  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);           // strings become text nodes
    return made;
  }

  const folded = text => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const counted = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

  function parts(color) {               // "#rrggbb" or "rgb(r, g, b)" to three numbers
    if (color[0] === "#") return [1, 3, 5].map(at => parseInt(color.slice(at, at + 2), 16));
    return color.match(/[\d.]+/g).slice(0, 3).map(Number);
  }

  const pixel = ([r, g, b]) => (255 << 24 | b << 16 | g << 8 | r) >>> 0; // little-endian RGBA, as in ImageData

  function blended(ramp, share) {
    const at = share * (ramp.length - 1), left = Math.min(Math.floor(at), ramp.length - 2);
    const [from, to] = [parts(ramp[left]), parts(ramp[left + 1])];
    return from.map((value, i) => Math.round(value + (to[i] - value) * (at - left)));
  }

  // A circle, or a regular polygon of the same size, turned by so many degrees, as a path of a canvas.
  function outline(context, x, y, radius, corners, turn) {
    if (!corners) return context.arc(x, y, radius, 0, 2 * Math.PI);
    const angle = 2 * Math.PI / corners, r = radius * Math.sqrt(angle / Math.sin(angle));
    for (let corner = 0; corner < corners; corner++) {
      const at = corner * angle + turn * Math.PI / 180 - Math.PI / 2;
      context.lineTo(x + r * Math.cos(at), y + r * Math.sin(at));
    }
    context.closePath();
  }

  // Which points are near a place: cells of equal size, the points of each side by side.
  class Grid {
    constructor(x, y) {
      this.x = x;
      this.y = y;
      this.side = Math.max(1, Math.ceil(Math.sqrt(x.length / 4)));
      this.starts = new Uint32Array(this.side ** 2 + 1);
      this.points = new Uint32Array(x.length);
      const cells = Uint32Array.from(x, (_, i) => this.cell(y[i]) * this.side + this.cell(x[i]));
      for (const cell of cells) this.starts[cell + 1]++;
      for (let i = 0; i < this.side ** 2; i++) this.starts[i + 1] += this.starts[i];
      const free = this.starts.slice();
      cells.forEach((cell, i) => { this.points[free[cell]++] = i; });
    }

    cell(value) {
      return Math.max(0, Math.min(this.side - 1, Math.floor(value / (FINEST + 1) * this.side)));
    }

    // The nearest point for which `allowed` holds; -1 if none is within `reach`.
    nearest(x, y, reach, allowed) {
      let best = -1, least = reach * reach;
      for (let row = this.cell(y - reach); row <= this.cell(y + reach); row++)
        for (let column = this.cell(x - reach); column <= this.cell(x + reach); column++) {
          const cell = row * this.side + column;
          for (let at = this.starts[cell]; at < this.starts[cell + 1]; at++) {
            const i = this.points[at], apart = (this.x[i] - x) ** 2 + (this.y[i] - y) ** 2;
            if ((apart < least || (apart === least && best < 0)) && allowed(i)) [best, least] = [i, apart];
          }
        }
      return best;
    }
  }

  function draw(container, data, {onClick = null} = {}) {
    const total = data.ids.length;
    const x = Float32Array.from(data.x), y = Float32Array.from(data.y);
    const grid = new Grid(x, y);
    const fields = data.fields;
    const colourings = fields.filter(field => field.colours || field.scale);
    const position = new Map(data.ids.map((id, i) => [id, i]));
    const asked = new Uint8Array(total).fill(data.shown ? 0 : 1);
    for (const i of data.shown ?? []) asked[i] = 1;
    const onPath = new Uint8Array(total);
    for (const path of data.paths) for (const i of path.tracks) onPath[i] = 1;

    // What the page holds.
    const points = element("canvas", {tabindex: "0", role: "img", "aria-label": `Map of ${counted(total, "track")}`});
    const over = element("canvas", {class: "over", "aria-hidden": "true"});
    const search = element("input", {
      type: "search", placeholder: "Search titles, artists, albums", "aria-label": "Search", autocomplete: "off", spellcheck: "false",
      role: "combobox", "aria-expanded": "false", "aria-autocomplete": "list", "aria-controls": "deejai-map-found",
    });
    const found = element("ul", {class: "found", id: "deejai-map-found", role: "listbox", "aria-label": "Found"});
    const choice = element("select", {"aria-label": "Colour by"});
    const fold = element("button", {class: "fold", type: "button", "aria-label": "Show or hide the legend"}, "☰");
    const legend = element("ul", {class: "legend"});
    const panel = element("div", {class: "panel folded"}, search, found, element("div", {class: "row"}, choice, fold), legend);
    const button = (label, name) => element("button", {type: "button", "aria-label": name, title: name}, label);
    const [closer, wider, all] = [button("+", "Zoom in"), button("−", "Zoom out"), button("⤢", "Show all")];
    const zoom = element("div", {class: "zoom"}, closer, wider, all);
    const card = element("div", {class: "card", role: "status", hidden: ""});
    const root = element("div", {class: "deejai-map"}, points, over, panel, zoom, card);
    for (const field of colourings) choice.append(element("option", {value: field.legend}, `Colour by ${field.legend}`));
    container.append(root);

    // What is shown now. view: the place in the middle, and CSS pixels for a step of place.
    let field = null, view = null, width = 0, height = 0, density = 1, pending = false;
    let hovered = -1, marked = -1, highlighted = -1, only = null, hits = null, suggestions = [], selected = -1;
    let colourOf = new Int16Array(total), palette = [], hiddenPaths = new Set();

    const styleOf = number => data.styles[number % data.styles.length];
    const style = name => getComputedStyle(root).getPropertyValue(name).trim();
    const textOf = (each, i) => each.values[each.of[i]];
    const lit = i => asked[i] && (only === null || colourOf[i] === only) && (hits === null || hits[i]);
    const left = i => width / 2 + (x[i] - view.x) * view.scale;
    const top = i => height / 2 - (y[i] - view.y) * view.scale;
    const smallest = () => 0.5 * Math.min(width, height) / FINEST;

    const covered = () => width > 760 ? 290 : 0; // CSS pixels on the left, by the panel

    function fit() {
      const side = covered();
      const scale = 0.92 * Math.min(width - side, height) / FINEST;
      view = {x: FINEST / 2 - side / 2 / scale, y: FINEST / 2, scale};
    }

    function zoomBy(factor, px = width / 2, py = height / 2) {
      const scale = Math.max(smallest(), Math.min(view.scale * factor, 4));
      view.x += (px - width / 2) * (1 / view.scale - 1 / scale);
      view.y -= (py - height / 2) * (1 / view.scale - 1 / scale);
      view.scale = scale;
      schedule();
    }

    function schedule() {
      if (pending) return;
      pending = true;
      requestAnimationFrame(() => { pending = false; if (width && height) render(); });
    }

    // Radius of a point, CSS pixels: larger where they lie apart.
    const radius = () => Math.max(1.1, Math.min(7, 0.22 * FINEST / Math.sqrt(total) * view.scale));

    function render() {
      const context = points.getContext("2d"), w = points.width, h = points.height;
      const image = context.createImageData(w, h), pixels = new Uint32Array(image.data.buffer);
      pixels.fill(pixel(parts(style("--ground"))));
      // Each point is a stamp of pixels: dx, dy, and how much of the pixel is covered.
      const stampOf = r => {
        const stamp = [], size = Math.ceil(r);
        for (let dy = -size; dy <= size; dy++)
          for (let dx = -size; dx <= size; dx++) {
            const cover = Math.min(1, r + 0.5 - Math.hypot(dx, dy));
            if (cover > 0.05) stamp.push(dx, dy, cover);
          }
        return stamp;
      };
      const put = (stamp, i, colour, rgb) => {
        const px = Math.round(left(i) * density), py = Math.round(top(i) * density);
        const size = -stamp[1];
        if (px < -size || py < -size || px >= w + size || py >= h + size) return;
        for (let at = 0; at < stamp.length; at += 3) {
          const sx = px + stamp[at], sy = py + stamp[at + 1], cover = stamp[at + 2];
          if (sx < 0 || sy < 0 || sx >= w || sy >= h) continue;
          const to = sy * w + sx;
          if (cover === 1) { pixels[to] = colour; continue; }
          const old = pixels[to], mix = (value, shift) => (old >>> shift & 255) * (1 - cover) + value * cover;
          pixels[to] = (255 << 24 | mix(rgb[2], 16) << 16 | mix(rgb[1], 8) << 8 | mix(rgb[0], 0)) >>> 0;
        }
      };
      const dim = parts(style("--dim")), none = parts(style("--none")), grey = parts(GREY);
      const shown = [], stamp = stampOf(radius() * density);
      for (let i = 0; i < total; i++) if (lit(i)) shown.push(i); else put(stamp, i, pixel(dim), dim);
      const large = shown.length < total / RARE ? stampOf(Math.max(RARE_RADIUS, radius()) * density) : stamp;
      const rgbs = [none, grey, ...palette], colours = rgbs.map(pixel); // NONE first, then OTHER
      for (const i of shown) put(large, i, colours[colourOf[i] - NONE], rgbs[colourOf[i] - NONE]);
      context.putImageData(image, 0, 0);
      renderOver();
    }

    function renderOver() {
      const context = over.getContext("2d");
      context.setTransform(density, 0, 0, density, 0, 0);
      context.clearRect(0, 0, width, height);
      const ink = style("--ink"), ground = style("--ground"), accent = style("--accent");
      context.font = "11px system-ui, sans-serif";
      context.textAlign = "center";
      context.textBaseline = "middle";
      data.paths.forEach((path, number) => {
        if (hiddenPaths.has(number)) return;
        const {colour, dash, corners, turn} = styleOf(number);
        context.setLineDash(dash);
        context.lineWidth = 1.75;
        context.strokeStyle = colour ?? ink;
        context.beginPath();
        for (const i of path.tracks) context.lineTo(left(i), top(i));
        context.stroke();
        context.setLineDash([]);
        const taken = [];
        const drawn = path.tracks.map((i, place) => {
          const at = [left(i), top(i)];
          const free = taken.every(other => Math.hypot(at[0] - other[0], at[1] - other[1]) > NUMBERED);
          if (free) taken.push(at);
          return [...at, free ? String(place + 1) : ""];
        });
        for (const [px, py, text] of drawn) {
          context.beginPath();
          outline(context, px, py, text ? (text.length > 2 ? 11 : 9) : 3.5, corners, turn);
          context.fillStyle = text ? ground : context.strokeStyle;
          context.fill();
          context.stroke();
          context.fillStyle = ink;
          context.fillText(text, px, py + 0.5);
        }
      });
      const rings = [[hovered, ink, 1.5], [marked, accent, 3], [highlighted, accent, 3]];
      for (const [i, color, wide] of rings) {
        if (i < 0) continue;
        context.beginPath();
        context.arc(left(i), top(i), radius() + 4 + wide, 0, 2 * Math.PI);
        context.strokeStyle = color;
        context.lineWidth = wide;
        context.stroke();
      }
      showCard();
    }

    function showCard() {
      const i = hovered >= 0 ? hovered : marked;
      card.hidden = i < 0;
      if (i < 0) return;
      const list = element("dl");
      const told = new Set();
      for (const each of fields) {
        if (!textOf(each, i) || told.has(each.name)) continue;
        told.add(each.name);
        list.append(element("dt", {}, each.name), element("dd", {}, textOf(each, i)));
      }
      let copies = 0;
      for (let other = 0; other < total; other++) copies += x[other] === x[i] && y[other] === y[i];
      card.replaceChildren(element("strong", {}, data.titles[i] || "(no title)"), list);
      for (const [number, path] of data.paths.entries())
        if (!hiddenPaths.has(number) && path.tracks.includes(i))
          card.append(element("small", {}, `${path.tracks.indexOf(i) + 1} in ${path.name} `));
      if (copies > 1) card.append(element("small", {}, `and ${counted(copies - 1, "more track")} just here`));
      const [w, h] = [card.offsetWidth, card.offsetHeight], gap = radius() + 14;
      const right = left(i) + gap + w < width ? left(i) + gap : left(i) - gap - w;
      card.style.left = `${Math.max(8, Math.min(width - w - 8, right))}px`;
      card.style.top = `${Math.max(8, Math.min(height - h - 8, top(i) + (width < 600 ? gap : -h / 2)))}px`;
    }

    // Colours and legend.
    function color(name) {
      field = colourings.find(each => each.legend === name) ?? colourings[0];
      only = null;
      if (!field) return;
      choice.value = field.legend;
      if (field.scale) {
        palette = Array.from({length: 256}, (_, i) => blended(data.ramp, i / 255));
        colourOf = Int16Array.from(field.of, value => field.scale.of[value] ?? NONE);
      } else {
        palette = data.palette.map(parts);
        colourOf = Int16Array.from(field.of, value => field.colours.of[value] ?? NONE);
      }
      showLegend();
      schedule();
    }

    function showLegend() {
      legend.replaceChildren();
      const counts = new Map();
      for (let i = 0; i < total; i++) if (asked[i]) counts.set(colourOf[i], (counts.get(colourOf[i]) ?? 0) + 1);
      if (field.scale) {
        const ramp = element("div", {class: "ramp"});
        ramp.style.background = `linear-gradient(to right, ${data.ramp.join(", ")})`;
        const ends = element("small", {class: "ends"}, element("span", {}, field.scale.low), element("span", {}, field.scale.high));
        legend.append(element("li", {}, ramp, ends));
      }
      const rows = field.scale ? [] : [...field.colours.names.entries(), [OTHER, "other"]];
      for (const [number, name] of [...rows, [NONE, `no ${field.legend}`]]) {
        if (!counts.get(number)) continue;
        const swatch = element("i");
        swatch.style.background = number === NONE ? "var(--none)" : number === OTHER ? GREY : data.palette[number];
        legendRow(swatch, name, counts.get(number), only === number, () => { only = only === number ? null : number; });
      }
      for (const [number, path] of data.paths.entries()) {
        legendRow(line(styleOf(number)), path.name, path.tracks.length, !hiddenPaths.has(number), () => {
          if (!hiddenPaths.delete(number)) hiddenPaths.add(number);
        });
      }
    }

    // A piece of a path, for the legend.
    function line({colour, dash, corners, turn}) {
      const canvas = element("canvas", {class: "line", width: 60, height: 28}), context = canvas.getContext("2d");
      context.scale(2, 2);
      context.strokeStyle = colour ?? style("--ink");
      context.fillStyle = style("--ground");
      context.lineWidth = 1.75;
      context.setLineDash(dash);
      context.beginPath();
      context.moveTo(0, 7);
      context.lineTo(30, 7);
      context.stroke();
      context.setLineDash([]);
      context.beginPath();
      outline(context, 15, 7, 5, corners, turn);
      context.fill();
      context.stroke();
      return canvas;
    }

    function restyle() {
      if (field) showLegend();
      schedule();
    }

    function legendRow(swatch, name, count, pressed, press) {
      const row = element(
        "button", {type: "button", "aria-pressed": String(pressed), title: name},
        swatch, element("span", {}, name), element("span", {class: "count"}, count.toLocaleString("en")),
      );
      row.addEventListener("click", () => {
        const at = [...legend.querySelectorAll("button")].indexOf(row);
        press();
        showLegend();
        legend.querySelectorAll("button")[at]?.focus();
        schedule();
      });
      legend.append(element("li", {}, row));
    }

    // Search: every word must be in the title or one of the fields.
    let texts = null;
    function find() {
      const words = folded(search.value).split(/\s+/).filter(Boolean);
      suggestions = [];
      selected = -1;
      hits = null;
      if (words.length) {
        texts ??= (() => {
          const values = fields.map(each => each.values.map(folded));
          return data.titles.map((title, i) => [folded(title), ...fields.map((each, at) => values[at][each.of[i]])].join("\n"));
        })();
        hits = new Uint8Array(total);
        const first = [], rest = [];
        for (let i = 0; i < total; i++) {
          if (!words.every(word => texts[i].includes(word))) continue;
          hits[i] = 1;
          if (texts[i].startsWith(words[0]) && first.length < SUGGESTIONS) first.push(i);
          else if (rest.length < SUGGESTIONS) rest.push(i);
        }
        suggestions = [...first, ...rest].slice(0, SUGGESTIONS);
      }
      showFound();
      schedule();
    }

    function showFound() {
      found.replaceChildren(...suggestions.map((i, at) => {
        const artist = fields.find(each => each.name === "artist");
        const row = element("li", {role: "option", "aria-selected": String(at === selected)}, data.titles[i] || "(no title)");
        if (artist) row.append(element("br"), element("small", {}, textOf(artist, i)));
        row.addEventListener("pointerdown", event => { event.preventDefault(); choose(i); });
        return row;
      }));
      if (search.value.trim() && !suggestions.length) found.append(element("li", {}, element("small", {}, "Nothing found")));
      search.setAttribute("aria-expanded", String(suggestions.length > 0));
      found.children[selected]?.scrollIntoView({block: "nearest"});
    }

    function choose(i) {
      suggestions = [];
      hits = null;
      search.value = "";
      showFound();
      go(i);
    }

    function go(i) {
      marked = i;
      hovered = -1;
      const enough = Math.min(4, 24 / (FINEST / Math.sqrt(total)));  // neighbours 24 pixels apart
      view = {x: x[i], y: y[i], scale: Math.max(view.scale, enough)};
      schedule();
    }

    function highlight(i) {
      highlighted = marked = i;
      hovered = -1;
      reveal();
      schedule();
    }

    // Bring what is highlighted into the middle, if it is out of sight.
    function reveal() {
      if (highlighted < 0 || !width || !height) return;
      const [px, py] = [left(highlighted), top(highlighted)];
      if (px > covered() && px < width && py > 0 && py < height) return;
      view = {...view, x: x[highlighted] - covered() / 2 / view.scale, y: y[highlighted]};
    }

    search.addEventListener("input", find);
    search.addEventListener("keydown", event => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        selected = Math.max(0, Math.min(suggestions.length - 1, selected + (event.key === "ArrowDown" ? 1 : -1)));
        showFound();
      } else if (event.key === "Enter" && suggestions.length) choose(suggestions[Math.max(0, selected)]);
      else if (event.key === "Escape") { search.value = ""; find(); } else return;
      event.preventDefault();
    });
    choice.addEventListener("change", () => color(choice.value));
    fold.addEventListener("click", () => panel.classList.toggle("folded"));
    closer.addEventListener("click", () => zoomBy(1.6));
    wider.addEventListener("click", () => zoomBy(1 / 1.6));
    all.addEventListener("click", () => { fit(); schedule(); });

    // Pointers: one pans, two zoom, a click marks.
    const down = new Map();
    let travelled = 0;
    const at = event => { const box = points.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
    function under([px, py], reach) {
      const [mx, my] = [view.x + (px - width / 2) / view.scale, view.y - (py - height / 2) / view.scale];
      return grid.nearest(mx, my, Math.max(reach, radius()) / view.scale, i => lit(i) || onPath[i]);
    }
    points.addEventListener("pointerdown", event => {
      points.setPointerCapture(event.pointerId);
      if (!down.size) travelled = 0;
      down.set(event.pointerId, at(event));
      search.blur();
    });
    points.addEventListener("pointermove", event => {
      const to = at(event), from = down.get(event.pointerId);
      if (!from) {
        const i = event.pointerType === "touch" ? -1 : under(to, REACH);
        if (i !== hovered) { hovered = i; points.style.cursor = i < 0 ? "" : "pointer"; renderOver(); }
        return;
      }
      travelled += Math.hypot(to[0] - from[0], to[1] - from[1]);
      if (down.size === 2) {
        const [other] = [...down].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
        const before = Math.hypot(from[0] - other[0], from[1] - other[1]), after = Math.hypot(to[0] - other[0], to[1] - other[1]);
        if (before > 0) zoomBy(after / before, (to[0] + other[0]) / 2, (to[1] + other[1]) / 2);
      }
      view.x -= (to[0] - from[0]) / view.scale / down.size;
      view.y += (to[1] - from[1]) / view.scale / down.size;
      down.set(event.pointerId, to);
      schedule();
    });
    points.addEventListener("pointerup", event => {
      const clicked = down.size === 1 && travelled < CLICK;
      down.delete(event.pointerId);
      if (!clicked) return;
      marked = under(at(event), event.pointerType === "touch" ? 2 * REACH : REACH);
      renderOver();
      if (marked >= 0 && onClick) onClick(data.ids[marked]);
    });
    points.addEventListener("pointercancel", event => down.delete(event.pointerId));
    points.addEventListener("pointerleave", () => { hovered = -1; renderOver(); });
    points.addEventListener("dblclick", event => zoomBy(2, ...at(event)));
    points.addEventListener("wheel", event => {
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 18 : 1;
      zoomBy(Math.exp(-Math.max(-300, Math.min(300, event.deltaY * lines)) * 0.002), ...at(event));
    }, {passive: false});
    points.addEventListener("keydown", event => {
      const step = 60 / view.scale;
      const keys = {
        ArrowLeft: () => { view.x -= step; }, ArrowRight: () => { view.x += step; },
        ArrowUp: () => { view.y += step; }, ArrowDown: () => { view.y -= step; },
        "+": () => zoomBy(1.4), "-": () => zoomBy(1 / 1.4), 0: fit, Escape: () => { marked = -1; },
      };
      if (event.ctrlKey || event.metaKey || !keys[event.key]) return;
      keys[event.key]();
      event.preventDefault();
      schedule();
    });

    function resize() {
      const hidden = !width || !height;
      [width, height] = [root.clientWidth, root.clientHeight];
      density = Math.min(DENSEST, devicePixelRatio || 1);
      for (const canvas of [points, over]) [canvas.width, canvas.height] = [Math.round(width * density), Math.round(height * density)];
      if (!width || !height) return;
      if (!view) fit();
      if (hidden) reveal();             // it was not visible until now
      render();
    }
    color(data.color);
    resize();
    const resized = new ResizeObserver(resize);
    resized.observe(root);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", restyle);

    return {
      highlight: id => highlight(position.get(id) ?? -1),
      color,
      redraw: restyle,
      destroy: () => { resized.disconnect(); dark.removeEventListener("change", restyle); root.remove(); },
    };
  }

  globalThis.deejaiMap = {draw};
})();
