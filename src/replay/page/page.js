"use strict";
const tracks = JSON.parse(document.getElementById("data").textContent);
const tip = document.body.appendChild(Object.assign(document.createElement("div"), { id: "tip" }));
const clock = (ms) => new Date(ms).toISOString().replace("T", " ").slice(0, 19);

function line(name, count, kind) {
  const row = document.createElement("div");
  if (kind) row.className = kind;
  row.append(Object.assign(document.createElement("span"), { textContent: name }));
  row.append(Object.assign(document.createElement("b"), { textContent: count }));
  return row;
}

for (const svg of document.querySelectorAll("svg[data-track]")) {
  const track = tracks[svg.dataset.track], here = svg.querySelector(".here");
  const hide = () => { tip.style.display = "none"; here.style.visibility = "hidden"; };
  svg.addEventListener("pointerleave", hide);
  svg.addEventListener("pointermove", (event) => {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    const bucket = Math.floor((at.x - track.left) / track.plot * track.buckets);
    if (bucket < 0 || bucket >= track.buckets) return hide();
    const x = track.left + (bucket + 0.5) * track.plot / track.buckets;
    here.setAttribute("x1", x); here.setAttribute("x2", x); here.style.visibility = "visible";
    const shown = (list, kind) => list.filter(([, counts]) => counts[bucket]).map(([name, counts]) =>
      line(name, counts[bucket].toLocaleString("en"), kind));
    const from = track.start + bucket * track.width;
    tip.replaceChildren(line(clock(from), ""), ...shown(track.series), ...shown(track.voices, "of"));
    tip.style.display = "block";
    const { width, height } = tip.getBoundingClientRect();
    tip.style.left = Math.min(event.clientX + 16, innerWidth - width - 8) + "px";
    tip.style.top = Math.max(8, Math.min(event.clientY + 16, innerHeight - height - 8)) + "px";
  });
}
