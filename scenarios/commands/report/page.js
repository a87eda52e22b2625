"use strict";
// Tables are sorted by a click on the head of a column: numbers by their value, before any error.
for (const head of document.querySelectorAll("th")) {
  head.addEventListener("click", () => {
    const table = head.closest("table"), column = [...head.parentNode.children].indexOf(head);
    const rising = head.getAttribute("aria-sort") !== "ascending";
    for (const other of table.querySelectorAll("th")) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", rising ? "ascending" : "descending");
    const key = (row) => {
      const text = row.children[column].textContent, scaled = text.match(/^\((.*?) ± .*\)e(-?\d+)$/);
      const number = scaled ? parseFloat(scaled[1]) * 10 ** scaled[2] : parseFloat(text);
      return Number.isNaN(number) ? text : number;
    };
    const compare = (a, b) => (typeof a === typeof b ? (a < b ? -1 : a > b ? 1 : 0) : typeof a === "number" ? -1 : 1);
    const rows = [...table.tBodies[0].rows].sort((a, b) => compare(key(a), key(b)) * (rising ? 1 : -1));
    table.tBodies[0].append(...rows);
  });
}

// HEALPix, RING order: the pixel of a direction, after Gorski et al. (2005, ApJ 622, 759), section 4.
function pixelOf(nside, z, phi) {
  const t = ((phi / (Math.PI / 2)) % 4 + 4) % 4, away = Math.abs(z);
  if (away <= 2 / 3) {
    const up = Math.floor(nside * (0.5 + t) - nside * z * 0.75), down = Math.floor(nside * (0.5 + t) + nside * z * 0.75);
    const ring = nside + 1 + up - down, shifted = ring % 2 === 0 ? 1 : 0;
    const place = ((Math.floor((up + down - nside + shifted + 1) / 2) % (4 * nside)) + 4 * nside) % (4 * nside);
    return 2 * nside * (nside - 1) + (ring - 1) * 4 * nside + place;
  }
  const within = t % 1, width = nside * Math.sqrt(3 * (1 - away));
  const up = Math.floor(within * width), down = Math.floor((1 - within) * width), ring = up + down + 1;
  const place = Math.floor(t * ring) % (4 * ring);
  return z > 0 ? 2 * ring * (ring - 1) + place : 12 * nside * nside - 2 * ring * (ring + 1) + place;
}

// Differences from pixel to pixel, low bytes before high ones; see sky_data.py.
async function unpacked(sky) {
  const bytes = Uint8Array.from(atob(sky.data), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const raw = new Uint8Array(await new Response(stream).arrayBuffer());
  const count = raw.length / 2, pixels = 12 * sky.nside ** 2, code = new Uint16Array(count);
  for (let i = 0; i < count; i++) {
    const rise = raw[i] + 256 * raw[count + i];
    code[i] = (i % pixels ? code[i - 1] : 0) + rise;
  }
  sky.code = code;
}

// E^2 I of a pixel at the number of an energy, of one component or, without one, of all of them.
function value(sky, energy, part, pixel) {
  let sum = 0;
  const pixels = 12 * sky.nside ** 2, parts = sky.parts.length;
  for (let i = part === null ? 0 : part; i < (part === null ? parts : part + 1); i++) {
    const code = sky.code[(energy * parts + i) * pixels + pixel];
    if (code) sum += Math.exp(sky.low + ((code - 1) / 65534) * (sky.high - sky.low));
  }
  return sum;
}

const written = (x) => (x > 0 ? x.toExponential(3) : "0");

function startSky() {
  const byId = (name) => document.getElementById(name), map = byId("map"), canvas = map.getContext("2d");
  const width = map.width, height = map.height;
  let pixels = null, nside = 0;

  // Mollweide: longitude grows to the left, the Galactic centre in the middle.
  function direction(x, y) {
    const u = (2 * (x + 0.5)) / width - 1, v = 1 - (2 * (y + 0.5)) / height;
    if (u * u + v * v >= 1) return null;
    const theta = Math.asin(v), sinB = (2 * theta + Math.sin(2 * theta)) / Math.PI;
    const l = (-Math.PI * u) / Math.cos(theta);
    return { sinB, l };
  }
  function find(sky) {
    if (sky.nside === nside) return;
    nside = sky.nside;
    pixels = new Int32Array(width * height).fill(-1);
    for (let y = 0, i = 0; y < height; y++)
      for (let x = 0; x < width; x++, i++) {
        const at = direction(x, y);
        if (at) pixels[i] = pixelOf(nside, at.sinB, at.l);
      }
  }

  const secondary = byId("secondary"), partOf = byId("part"), energyOf = byId("energy");
  const state = () => {
    const sky = SKIES[+secondary.value], part = partOf.value === "" ? null : +partOf.value;
    return { sky, part, energy: +energyOf.value };
  };
  function choose() {
    const { sky } = state();
    const names = sky.parts.length > 1 ? [["", "all gas"], ...sky.parts.map((name, i) => [i, `${name} gas`])] : [["", "all gas"]];
    partOf.replaceChildren(...names.map(([at, name]) => new Option(name, at)));
    energyOf.max = sky.energies.length - 1;
    energyOf.value = Math.min(Math.floor(sky.energies.length / 2), energyOf.max);
    draw();
  }
  function draw() {
    const { sky, part, energy } = state();
    find(sky);
    byId("energy-label").textContent = sky.labels[energy];
    const count = 12 * nside ** 2, values = new Float64Array(count);
    let high = 0;
    for (let i = 0; i < count; i++) high = Math.max(high, (values[i] = value(sky, energy, part, i)));
    let low = high;
    for (const one of values) if (one > 0) low = Math.min(low, one);
    low = Math.max(low, high * 1e-4);
    const image = canvas.createImageData(width, height), range = Math.log(Math.max(high / low, 1.0001));
    const shades = COLOURS.map((each) => [1, 3, 5].map((i) => parseInt(each.slice(i, i + 2), 16)));
    for (let i = 0; i < pixels.length; i++) {
      if (pixels[i] < 0) continue;
      const share = high > 0 ? Math.log(Math.max(values[pixels[i]], low) / low) / range : 0;
      const shade = shades[Math.min(Math.floor(share * shades.length), shades.length - 1)];
      image.data.set([...shade, 255], 4 * i);
    }
    canvas.putImageData(image, 0, 0);
    byId("low").textContent = high > 0 ? low.toExponential(1) : "";
    byId("high").textContent = high > 0 ? high.toExponential(1) : "nothing shines";
  }
  function bar() {
    const scale = byId("bar").getContext("2d");
    for (let i = 0; i < 256; i++) {
      scale.fillStyle = COLOURS[Math.floor((i * COLOURS.length) / 256)];
      scale.fillRect(i, 0, 1, 1);
    }
  }
  function pointed(event) {
    const box = map.getBoundingClientRect();
    const at = direction(((event.clientX - box.left) * width) / box.width - 0.5, ((event.clientY - box.top) * height) / box.height - 0.5);
    if (!at) return null;
    const { sky, part, energy } = state(), l = ((at.l * 180) / Math.PI + 360) % 360, b = (Math.asin(at.sinB) * 180) / Math.PI;
    return { l, b, sinB: at.sinB, value: value(sky, energy, part, pixelOf(sky.nside, at.sinB, at.l)) };
  }
  map.addEventListener("pointermove", (event) => {
    const at = pointed(event), told = byId("pointed");
    if (!at) return;
    told.textContent = `l = ${at.l.toFixed(2)}°, b = ${at.b.toFixed(2)}°: E² I = ${written(at.value)} GeV cm⁻² s⁻¹ sr⁻¹`;
    Object.assign(told.dataset, { l: at.l, b: at.b, value: at.value });
  });
  map.addEventListener("click", (event) => {
    const at = pointed(event);
    if (at) spectrum(at);
  });

  // Pixels within 5 degrees, found by trying directions: a pixel counts once.
  function within(sky, at) {
    const found = new Set(), l = (at.l * Math.PI) / 180, b = Math.asin(at.sinB);
    for (let i = 0; i < 60; i++)
      for (let j = 0; j < 60; j++) {
        const r = (5 * Math.PI * Math.sqrt((i + 0.5) / 60)) / 180, turn = (2 * Math.PI * j) / 60;
        const sinB = Math.sin(b) * Math.cos(r) + Math.cos(b) * Math.sin(r) * Math.cos(turn);
        const dl = Math.atan2(Math.sin(turn) * Math.sin(r) * Math.cos(b), Math.cos(r) - Math.sin(b) * sinB);
        found.add(pixelOf(sky.nside, Math.max(-1, Math.min(1, sinB)), l + dl));
      }
    return [...found];
  }
  function spectrum(at) {
    const { sky } = state(), near = within(sky, at), parts = sky.parts.length > 1 ? [null, ...sky.parts.keys()] : [null];
    const curves = parts.map((part) => ({
      name: part === null ? "all gas" : `${sky.parts[part]} gas`,
      points: sky.energies.map((E, i) => [E, near.reduce((sum, pixel) => sum + value(sky, i, part, pixel), 0) / near.length]),
    }));
    byId("spectrum").innerHTML = plot(curves, `${sky.title} within 5° of l = ${at.l.toFixed(1)}°, b = ${at.b.toFixed(1)}°`);
  }
  function plot(curves, title) {
    const shown = curves.flatMap((curve) => curve.points).filter(([, y]) => y > 0);
    if (!shown.length) return "<p>Nothing shines there.</p>";
    const log = Math.log10, xs = shown.map(([x]) => log(x)), ys = shown.map(([, y]) => log(y));
    const x0 = Math.min(...xs), x1 = Math.max(...xs, x0 + 0.1), y1 = Math.ceil(Math.max(...ys)), y0 = Math.max(Math.floor(Math.min(...ys)), y1 - 8);
    const X = (x) => 70 + (400 * (log(x) - x0)) / (x1 - x0), Y = (y) => 250 - (210 * (log(y) - y0)) / (y1 - y0);
    const ink = ["currentColor", "#d55e00", "#0072b2", "#009e73"];
    let out = `<svg viewBox="0 0 560 300" role="img"><title>${title}</title><text x="270" y="20" text-anchor="middle" font-size="13" fill="currentColor">${title}</text><rect x="70" y="40" width="400" height="210" fill="none" stroke="currentColor"/>`;
    for (let y = y0; y <= y1; y++) out += `<text x="64" y="${Y(10 ** y) + 4}" text-anchor="end" font-size="11" fill="currentColor">1e${y}</text>`;
    for (let x = Math.ceil(x0 - 1e-9); x <= x1 + 1e-9; x++) out += `<text x="${X(10 ** x)}" y="266" text-anchor="middle" font-size="11" fill="currentColor">1e${x}</text>`;
    out += `<text x="270" y="290" text-anchor="middle" font-size="12" fill="currentColor">E [GeV]; E² I [GeV cm⁻² s⁻¹ sr⁻¹]</text>`;
    curves.forEach((curve, i) => {
      const line = curve.points.filter(([, y]) => y > 10 ** y0).map(([x, y]) => `${X(x).toFixed(1)},${Y(y).toFixed(1)}`).join(" ");
      out += `<polyline points="${line}" fill="none" stroke="${ink[i % 4]}" stroke-width="${i ? 1.5 : 2.2}"/><text x="478" y="${56 + 18 * i}" font-size="12" fill="${ink[i % 4]}">${curve.name}</text>`;
    });
    return out + "</svg>";
  }

  secondary.addEventListener("change", choose);
  partOf.addEventListener("change", draw);
  energyOf.addEventListener("input", draw);
  bar();
  choose();
}

if (SKIES.length)
  Promise.all(SKIES.map(unpacked)).then(startSky).then(() => (document.body.dataset.ready = "sky"));
else document.body.dataset.ready = "page";
