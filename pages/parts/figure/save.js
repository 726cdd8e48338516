// @ts-check
// Figures as files: a PNG of 300 dots per inch or an SVG, as on the screen and zoomed as it is, but black on white.

import { axesOf, coloured, loadPlotly } from "./plotly.js";

/** @import Figure from "./figure.js" */

/**
 * A PNG says how large it is meant to be in a chunk pHYs behind its header; browsers write none.
 * @param {Uint8Array<ArrayBuffer>} png @param {number} perMetre dots
 */
function withDensity(png, perMetre) {
  const chunk = new Uint8Array(21);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, 9);
  chunk.set([0x70, 0x48, 0x59, 0x73], 4);
  view.setUint32(8, perMetre);
  view.setUint32(12, perMetre);
  chunk[16] = 1; // the unit is the metre
  let crc = ~0;
  for (const byte of chunk.subarray(4, 17)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  view.setUint32(17, ~crc);
  return new Blob([png.subarray(0, 33), chunk, png.subarray(33)], { type: "image/png" });
}

/** @param {Blob} blob @param {string} name */
function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** @type {Record<string, string>} */
const PAPER = {
  "--st-text-color": "#111111", "--st-border-color": "#d0d0d0", "--st-background-color": "#ffffff",
  "--st-font": "Arial, Helvetica, sans-serif", // a picture cannot bring the page's font, and others are wider
};
const LINE = 20; // of the legend, in CSS pixels

/** @param {Figure} view @param {string} format "png" or "svg" */
export async function savePicture(view, format) {
  const Plotly = await loadPlotly();
  const layout = view.layout(view.data.figure.layout, (name) => PAPER[name]);
  Object.assign(layout, { paper_bgcolor: "#ffffff", plot_bgcolor: "#ffffff" });
  for (const name of axesOf(layout)) {
    layout[name] = { ...layout[name], range: [...view.plot._fullLayout[name].range], autorange: false };
  }
  const runs = new Set(); // on the page the lines are named beside the figure: a picture needs a legend
  const data = view.plot.data.map((drawn) => {
    const trace = coloured(drawn, "light");
    if (layout.showlegend) return trace;
    const first = trace.mode === "lines+markers" && Boolean(trace.name) && !runs.has(trace.name);
    if (first) runs.add(trace.name);
    return { ...trace, showlegend: first };
  });
  if (runs.size) {
    const below = LINE * runs.size + 8;
    layout.height += below;
    layout.margin = { ...layout.margin, b: (layout.margin?.b ?? 40) + below };
    Object.assign(layout, { showlegend: true, legend: { yref: "container", y: 0, yanchor: "bottom", x: 0 } });
  }
  const scale = format === "png" ? 300 / 96 : 1;
  const url = await Plotly.toImage({ data, layout }, { format, width: view.width, height: layout.height, scale });
  const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
  const blob = format === "png" ? withDensity(bytes, 11811) : new Blob([bytes], { type: "image/svg+xml" });
  download(blob, `${view.data.name}.${format}`);
}
