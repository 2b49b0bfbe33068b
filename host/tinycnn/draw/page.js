"use strict";
// Strokes of points from 0 to 1 go to the server at the end of each; it answers with the picture
// that it made of them, and with what MicroPython says of that.

const $ = (id) => document.getElementById(id);
const paper = $("paper");
const STEP = 1 / 20; // of the paper, for an arrow key
const FINE = 1 / 80; // with Shift
const PEN = 1 / 14;  // as wide as it looks; the picture is made with a pen that fits the digit
const KEYS = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
  Home: [-1, -1], PageUp: [1, -1], End: [-1, 1], PageDown: [1, 1],
};

let strokes = [];
let pointer = null;      // the pointer that draws
let byKey = null;        // where the keyboard's pen is
let down = false;        // whether that is on the paper
let drawing = 0;         // which paper it is: an answer for another comes too late
let waiting = 0;         // for so many answers
let asked = Promise.resolve();

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function redraw() {
  const side = Math.round(paper.clientWidth * devicePixelRatio);
  if (paper.width !== side) paper.width = paper.height = side;
  const to = paper.getContext("2d");
  to.fillStyle = colour("--card");
  to.fillRect(0, 0, side, side);
  to.strokeStyle = colour("--ink");
  to.lineWidth = PEN * side;
  to.lineCap = to.lineJoin = "round";
  for (const stroke of strokes) {
    to.beginPath();
    to.moveTo(stroke[0][0] * side, stroke[0][1] * side);
    for (const [x, y] of stroke) to.lineTo(x * side, y * side + 0.01); // a dot shows, too
    to.stroke();
  }
  if (byKey && document.activeElement === paper) {
    to.strokeStyle = colour("--accent");
    to.lineWidth = 3 * devicePixelRatio;
    to.beginPath();
    to.arc(byKey[0] * side, byKey[1] * side, (PEN / 2) * side, 0, 2 * Math.PI);
    to.stroke();
  }
}

function place(event) {
  const box = paper.getBoundingClientRect();
  const inside = (value) => Math.min(Math.max(value, 0), 1);
  return [inside((event.clientX - box.left) / box.width),
          inside((event.clientY - box.top) / box.height)];
}

paper.addEventListener("pointerdown", (event) => {
  if (pointer !== null || event.button !== 0) return;
  if (down) lift();
  pointer = event.pointerId;
  paper.setPointerCapture(pointer);
  strokes.push([place(event)]);
  redraw();
});

paper.addEventListener("pointermove", (event) => {
  if (event.pointerId !== pointer) return;
  const passed = event.getCoalescedEvents();
  for (const one of passed.length ? passed : [event]) strokes.at(-1).push(place(one));
  requestAnimationFrame(redraw);
});

for (const end of ["pointerup", "pointercancel"]) {
  paper.addEventListener(end, (event) => {
    if (event.pointerId !== pointer) return;
    pointer = null;
    ask();
  });
}

paper.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || pointer !== null) return;
  if (event.key === "Escape") fresh();
  else if (event.key === " ") event.repeat || (down ? lift() : put());
  else if (event.key in KEYS) move(KEYS[event.key], event.shiftKey ? FINE : STEP);
  else return;
  event.preventDefault();
});

function put() {
  byKey ??= [0.5, 0.5];
  down = true;
  strokes.push([[...byKey]]);
  tell();
}

function lift() {
  down = false;
  tell();
  ask();
}

function move([x, y], step) {
  byKey ??= [0.5, 0.5];
  byKey = [x, y].map((way, i) => Math.min(Math.max(byKey[i] + way * step, 0), 1));
  if (down) strokes.at(-1).push([...byKey]);
  tell();
}

function tell() {
  const [x, y] = byKey.map((value) => Math.round(100 * value));
  $("pen").textContent = `Pen ${down ? "down" : "up"}: ${x} % from the left, ${y} % from the top`;
  redraw();
}

function fresh() {
  strokes = [];
  byKey = null;
  down = false;
  pointer = null;
  drawing++;
  $("pen").textContent = "New paper.";
  redraw();
  show(null);
}

$("clear").addEventListener("click", fresh);
paper.addEventListener("focus", redraw);
paper.addEventListener("blur", () => { if (down) lift(); redraw(); });
addEventListener("resize", redraw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  redraw();
  picture(shown);
});

// One inference for each stroke, one after the other.
function ask() {
  const given = JSON.stringify({ strokes: strokes.map((s) => s.map((p) => p.map(short))) });
  const mine = drawing;
  waiting++;
  $("said").setAttribute("aria-busy", "true");
  asked = asked.then(async () => {
    const answer = await call("classify", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: given,
    });
    if (answer && mine === drawing) show(answer);
    if (answer && $("machine").textContent === "-") await facts();
    if (--waiting === 0) $("said").setAttribute("aria-busy", "false");
  });
}

const short = (value) => Math.round(value * 10000) / 10000;

async function call(name, options) {
  let said;
  try {
    const response = await fetch(name, options);
    said = await response.json();
  } catch {
    said = { error: "tinycnn draw has ended: start it again" };
  }
  $("error").hidden = !said.error;
  $("error").textContent = said.error ?? "";
  for (const id of ["said", "shares", "picture"]) $(id).classList.toggle("stale", !!said.error);
  return said.error ? null : said;
}

async function facts() {
  const found = await call("facts");
  for (const name of ["machine", "micropython", "engine", "model"]) {
    if (found) $(name).textContent = found[name];
  }
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;

function show(answer) {
  const best = answer ? answer.predicted : -1;
  $("said").classList.toggle("doubt", !!answer && !answer.sure);
  $("class").textContent = answer ? best : "-";
  $("words").textContent = answer
    ? `Predicted class: ${best}${answer.sure ? "" : " (not sure)"}` : "Nothing drawn yet.";
  $("time").textContent = answer ? `${answer.microseconds} µs` : "-";
  [...$("shares").rows].forEach((row, digit) => {
    const share = answer ? answer.shares[digit] : 0;
    row.classList.toggle("best", digit === best);
    row.querySelector("i").style.width = percent(share).replace(" ", "");
    row.cells[2].textContent = answer ? percent(share) : "-";
  });
  picture(answer ? answer.picture : null);
}

let shown = null;

function picture(counts) {
  shown = counts;
  const to = $("picture").getContext("2d");
  to.fillStyle = colour("--card");
  to.fillRect(0, 0, 8, 8);
  to.fillStyle = colour("--ink");
  (counts ?? []).forEach((share, i) => {
    to.globalAlpha = share;
    to.fillRect(i % 8, Math.floor(i / 8), 1, 1);
  });
  to.globalAlpha = 1;
  const rows = [];
  for (let row = 0; counts && row < 8; row++) {
    rows.push(counts.slice(8 * row, 8 * row + 8).map((share) => Math.round(16 * share)).join(" "));
  }
  $("picture").setAttribute("aria-label", counts
    ? `Picture of 8 by 8, ink from 0 to 16, row by row: ${rows.join("; ")}`
    : "Picture of 8 by 8: nothing yet");
}

for (let digit = 0; digit < 10; digit++) {
  const row = $("shares").insertRow();
  const name = document.createElement("th");
  name.scope = "row";
  name.textContent = digit;
  const bar = document.createElement("div");
  bar.className = "bar";
  bar.setAttribute("aria-hidden", "true");
  bar.append(document.createElement("i"));
  row.append(name);
  row.insertCell().append(bar);
  row.insertCell();
}
show(null);
redraw();
facts();
