// Dates picked instead of typed: the picker writes one line more into the text of the exceptions, which stays the truth.

class Exceptions {
  constructor(root) {
    this.text = root.querySelector("textarea");
    this.picker = root.querySelector("[data-exception-picker]");
    this.picker.hidden = false;
    const [file, read] = [root.querySelector('input[type="file"]'), root.querySelector("[data-read]")];
    read.hidden = false;
    read.addEventListener("click", () => (file.files.length ? file.form.requestSubmit() : file.focus()));
    this.part("add").addEventListener("click", () => this.add());
    this.picker.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.target === this.part("add")) return;
      event.preventDefault();  // Enter adds the line; it does not send the form
      this.add();
    });
  }

  part(name) { return this.picker.querySelector(`[data-part="${name}"]`); }

  line() {
    const [day, time, last, until, name] = ["day", "time", "last", "until", "name"].map((part) => this.part(part).value.trim());
    const start = time ? `${day} ${time}` : day;
    const end = until ? [last === day ? "" : last, until].filter(Boolean).join(" ") : last;
    return [start, end && end !== start ? `to ${end}` : "", name].filter(Boolean).join(" ");
  }

  add() {
    const missing = ["day", ...(this.part("time").value && !this.part("until").value && !this.part("last").value ? ["until"] : [])]
      .find((name) => !this.part(name).value);
    if (missing) { this.part(missing).focus(); return; }
    this.text.value = [this.text.value.trimEnd(), this.line()].filter(Boolean).join("\n");
    this.text.rows = Math.max(3, Math.min(16, this.text.value.split("\n").length + 1));
    for (const name of ["day", "time", "last", "until", "name"]) this.part(name).value = "";
    this.text.dispatchEvent(new Event("input", { bubbles: true }));
    this.part("day").focus();
  }
}

for (const root of document.querySelectorAll("[data-exceptions]")) new Exceptions(root);
