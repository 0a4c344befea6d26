// Beside the editor: the sentence that the person will read, asked of the server while the form is filled in.
// Also adds and removes the addresses of a curfew.

import { startAreaEditors } from "./zone-editor.js";

const WAIT_MS = 350; // long enough not to ask at every key

class ConditionForm {
  constructor(form) {
    this.form = form;
    this.out = form.querySelector("[data-sentence]");
    this.places = form.querySelector("[data-places]");
    this.nextPlace = this.places?.querySelectorAll("[data-place]").length ?? 0;
    form.addEventListener("input", () => { clearTimeout(this.timer); this.timer = setTimeout(() => this.ask(), WAIT_MS); this.namePlaces(); });
    form.querySelector("[data-add-place]")?.addEventListener("click", () => this.addPlace());
    this.places?.addEventListener("click", (event) => this.removePlace(event));
    this.namePlaces();
    if (this.out) this.ask();
  }

  async ask() {
    if (!this.out) return;
    const body = new FormData(this.form);
    for (const [name, value] of [...body]) if (value instanceof File) body.delete(name);
    try {
      const response = await fetch(this.form.dataset.preview, { method: "POST", body, credentials: "same-origin" });
      const { lines = [], error = "" } = response.ok ? await response.json() : { error: "The sentence cannot be shown just now." };
      this.out.replaceChildren(...(error ? [error] : lines).map((text) => Object.assign(document.createElement("p"), { textContent: text })));
      this.out.classList.toggle("is-incomplete", Boolean(error));
    } catch {
      this.out.textContent = "The server does not answer; the sentence is shown again when you save.";
    }
  }

  addPlace() {
    const template = this.form.querySelector("[data-place-template]");
    const html = template.innerHTML.replaceAll("__p__", String(this.nextPlace));
    this.nextPlace += 1;
    this.places.insertAdjacentHTML("beforeend", html);
    startAreaEditors(this.places);
    this.places.lastElementChild.querySelector("input").focus();
  }

  removePlace(event) {
    const button = event.target.closest("[data-remove-place]");
    if (!button) return;
    button.closest("[data-place]").remove();
    this.namePlaces();
    this.form.dispatchEvent(new Event("input", { bubbles: true }));
    this.form.querySelector("[data-add-place]").focus();
  }

  /** The rows' choice of address follows the addresses' names. */
  namePlaces() {
    if (!this.places) return;
    const names = [...this.places.querySelectorAll('[data-field="name"]')].map((input) => input.value.trim()).filter(Boolean);
    const selects = [...this.form.querySelectorAll('select[data-part="place"]')];
    for (const template of this.form.querySelectorAll("[data-row-template]")) selects.push(...template.content.querySelectorAll('select[data-part="place"]'));
    for (const select of selects) {
      const chosen = select.value;
      const texts = ["", ...names];
      if (texts.length === select.options.length && texts.every((t, i) => select.options[i].value === t)) continue;
      select.replaceChildren(...texts.map((t) => new Option(t || "First address", t)));
      select.value = texts.includes(chosen) ? chosen : "";
    }
  }
}

for (const form of document.querySelectorAll("form[data-condition]")) new ConditionForm(form);
