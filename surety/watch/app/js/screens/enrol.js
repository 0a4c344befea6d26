// The first screen: a one-time code makes this browser the device of one person.

import { AwayError, enrol, RefusedError } from "../door.js";
import { button, el, icon, say, setText } from "../dom.js";
import { nextKey } from "../key.js";
import { enrolled } from "../queue.js";
import { t } from "../words.js";

export const name = "enrol";
const CODE = /^[2-9A-HJ-NP-Z]{10}$/; // no 0, O, 1, I: nobody can mix them up
const LETTERS = /[^2-9A-HJ-NP-Z]/g;

/** Show it. A code in the address (from a link or a square code) is filled in, and taken out of the address. */
export function show(app, { device }) {
  const error = el("p", { id: "code-error", class: "error", hidden: true });
  const code = fromAddress();
  const input = el("input", {
    id: "code",
    name: "code",
    value: code,
    maxlength: 24,
    autocomplete: "one-time-code",
    autocapitalize: "characters",
    spellcheck: "false",
    dir: "ltr",
    "aria-describedby": "code-hint code-error",
    required: true,
  });
  const form = el(
    "form",
    { class: "stack", onsubmit: (event) => submit(event, app, input, error) },
    el("label", { for: "code" }, t("enrol.label")),
    el("p", { id: "code-hint", class: "hint" }, t("enrol.hint")),
    input,
    error,
    el(
      "div",
      { class: "reach" },
      button("arrived", t("enrol.start"), () => {}, { kind: "primary", type: "submit" }),
      device && el("a", { class: "textual", href: "#/home" }, t("back")),
    ),
  );
  return { node: el("div", { class: "page" }, el("h1", {}, t("enrol.title")), el("p", { class: "spare" }, t("enrol.words")), form) };
}

function fromAddress() {
  const code = tidy(decodeURIComponent(location.hash.slice(1)));
  if (!CODE.test(code)) return "";
  history.replaceState(null, "", location.pathname);
  return dashed(code);
}

const tidy = (text) => text.toUpperCase().replace(LETTERS, "");
const dashed = (code) => `${code.slice(0, 5)}-${code.slice(5)}`;

async function submit(event, app, input, error) {
  event.preventDefault();
  const code = tidy(input.value);
  if (!CODE.test(code)) return wrong(input, error, t("enrol.malformed"));
  const press = event.target.querySelector("button");
  press.disabled = true;
  try {
    const key = await nextKey();
    const { device } = await enrol(dashed(code), key);
    await enrolled(device, key);
    say(t("enrol.done"));
    location.hash = "#/home";
    await app.restart();
    app.wrote();
  } catch (problem) {
    wrong(input, error, because(problem));
  } finally {
    press.disabled = false;
  }
  return undefined;
}

function because(problem) {
  if (problem instanceof RefusedError) return problem.status === 403 ? t("enrol.refused") : t("enrol.other", { sentence: problem.sentence });
  if (problem instanceof AwayError) return problem.reached ? t("enrol.busy") : t("enrol.away");
  throw problem;
}

function wrong(input, error, words) {
  error.replaceChildren(icon("warning"), el("span", {}, words));
  error.hidden = false;
  input.setAttribute("aria-invalid", "true");
  input.focus();
  say(words, { now: true });
  setText(document.querySelector("title"), `${t("enrol.error")} – Surety`);
}
