"use strict";
// Each frame is a <g class="f"> with its left edge, width and level; widths are parts of the whole graph.
const graphs = [...document.querySelectorAll(".graph")];
const cells = (graph) => [...graph.querySelectorAll(".f")];
const of = (cell) => ({ x: +cell.dataset.x, w: +cell.dataset.w, level: +cell.dataset.level });
const WIDTH = 1200, LETTER = 7, ROUND = 0.01;

function place(cell, left, width) {
  cell.querySelector("rect").setAttribute("x", left);
  cell.querySelector("rect").setAttribute("width", Math.max(0, width - 0.5));
  const text = cell.querySelector("text");
  const room = Math.floor((width - 6) / LETTER), name = cell.dataset.name;
  text.setAttribute("x", left + 3);
  text.textContent = room < 2 ? "" : name.length <= room ? name : name.slice(0, room - 1) + "\u2026";
}

// Gives a frame the whole width. Its callers get it too; what is beside them is hidden.
function zoom(graph, target) {
  const to = of(target);
  for (const cell of cells(graph)) {
    const one = of(cell), end = one.x + one.w;
    const above = one.level <= to.level && one.x <= to.x + ROUND && end >= to.x + to.w - ROUND;
    const below = one.level > to.level && one.x >= to.x - ROUND && end <= to.x + to.w + ROUND;
    cell.style.display = above || below ? "" : "none";
    if (above) place(cell, 0, WIDTH);
    if (below) place(cell, ((one.x - to.x) / to.w) * WIDTH, (one.w / to.w) * WIDTH);
  }
}

// Marks the frames that contain a text and says which part of the whole has at least one of them.
function search(words) {
  for (const graph of graphs) {
    let matched = 0, end = 0;
    const hits = [];
    for (const cell of cells(graph)) {
      const hit = words !== "" && cell.dataset.name.toLowerCase().includes(words.toLowerCase());
      cell.classList.toggle("hit", hit);
      if (hit) hits.push(of(cell));
    }
    for (const hit of hits.sort((a, b) => a.x - b.x)) {
      matched += Math.max(0, hit.x + hit.w - Math.max(end, hit.x));
      end = Math.max(end, hit.x + hit.w);
    }
    graph.querySelector(".matched").textContent = words === "" ? "" : `${((matched / WIDTH) * 100).toFixed(1)} % matched`;
  }
}

for (const graph of graphs) {
  for (const cell of cells(graph)) cell.addEventListener("click", () => zoom(graph, cell));
  zoom(graph, cells(graph)[0]);
}
document.querySelector(".search").addEventListener("click", () => search(prompt("frames that contain") ?? ""));
document.addEventListener("keydown", (event) => {
  if (event.key === "/") { event.preventDefault(); search(prompt("frames that contain") ?? ""); }
  if (event.key === "Escape") { search(""); for (const graph of graphs) zoom(graph, cells(graph)[0]); }
});
