// One review: keys, magnifying, light, and one photograph over the other. Everything that is sent is a plain form.

const at = (id) => document.getElementById(id);
const stage = at("stage");
const LARGEST = 6;
const shown = { zoom: 1, brightness: 1, contrast: 1 };
const LIGHTS = [1, 1.5, 2.2, 0.7]; // what B goes through

const draw = () => {
  for (const [name, value] of Object.entries(shown)) stage.style.setProperty(`--${name}`, value);
  at("zoom").textContent = `${Math.round(shown.zoom * 100)} %`;
  for (const name of ["brightness", "contrast"]) at(name).value = Math.round(shown[name] * 100);
};

const zoom = (factor) => {
  const before = shown.zoom;
  shown.zoom = Math.min(LARGEST, Math.max(1, before * factor));
  const glasses = [...stage.querySelectorAll(".glass")];
  const middles = glasses.map((glass) => [(glass.scrollLeft + glass.clientWidth / 2) / before, (glass.scrollTop + glass.clientHeight / 2) / before]);
  draw();
  glasses.forEach((glass, i) => { // what was in the middle stays there
    glass.scrollLeft = middles[i][0] * shown.zoom - glass.clientWidth / 2;
    glass.scrollTop = middles[i][1] * shown.zoom - glass.clientHeight / 2;
  });
};

const step = (name, by) => {
  const all = [...stage.querySelectorAll(`input[name="${name}"]`)];
  const here = all.findIndex((input) => input.checked);
  const there = all[Math.min(all.length - 1, Math.max(0, here + by))];
  if (there) there.checked = true;
};

const flip = () => {
  if (stage.classList.contains("is-flip")) stage.dataset.top = stage.dataset.top === "frame" ? "reference" : "frame";
  else stage.classList.add("is-flip");
  pressed();
};
const sideBySide = () => { stage.classList.remove("is-flip"); pressed(); };
const pressed = () => document.querySelector('[data-do="flip"]').setAttribute("aria-pressed", stage.classList.contains("is-flip"));
const brighter = () => { shown.brightness = LIGHTS[(LIGHTS.indexOf(shown.brightness) + 1) % LIGHTS.length]; draw(); };
const asSent = () => { Object.assign(shown, { zoom: 1, brightness: 1, contrast: 1 }); sideBySide(); draw(); };

const answer = (key) => {
  const wanted = document.querySelector(`[data-answer="${key}"]`);
  if (wanted?.type === "radio") { wanted.checked = true; wanted.focus(); }
  else wanted?.form.requestSubmit(wanted);
};

const doings = { in: () => zoom(1.25), out: () => zoom(0.8), flip, reset: asSent };
const KEYS = {
  "+": doings.in, "=": doings.in, "-": doings.out, b: brighter, f: flip, s: sideBySide,
  ArrowRight: () => step("frame", 1), ArrowLeft: () => step("frame", -1), ArrowDown: () => step("reference", 1), ArrowUp: () => step("reference", -1),
};

// Arrows belong to whatever has the focus and uses them: a chosen radio, a slider, a magnified photograph that scrolls.
const usesArrows = (target) => target.matches('input[type="radio"], input[type="range"]') || (shown.zoom > 1 && target.matches(".glass"));
const typing = (target) => target.matches('textarea, input:not([type="radio"], [type="range"])');

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || at("keys").open || typing(event.target)) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (key === "?") at("keys").showModal();
  else if ("123".includes(key) && document.querySelector("[data-answer]")) answer(key);
  else if (key.startsWith("Arrow") && usesArrows(event.target)) return;
  else if (at("tools") && KEYS[key]) KEYS[key]();
  else return;
  event.preventDefault();
});

for (const button of document.querySelectorAll("[data-keys-open]")) {
  button.hidden = false;
  button.addEventListener("click", () => at("keys").showModal());
}
if (at("tools")) {
  at("tools").hidden = false;
  at("tools").addEventListener("click", (event) => doings[event.target.closest("[data-do]")?.dataset.do]?.());
  at("tools").addEventListener("input", (event) => { shown[event.target.id] = event.target.value / 100; draw(); });
  for (const picture of stage.querySelectorAll(".photo")) {
    picture.addEventListener("error", () => { picture.alt = `${picture.alt}: it cannot be shown now. Reload the page to try again.`; });
  }
}

// An answer is sent once, also by somebody who presses the key twice.
for (const form of document.forms) {
  if (form.method !== "post") continue;
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
  });
}
// A page that the browser kept would show what its reader does not hold any more.
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
