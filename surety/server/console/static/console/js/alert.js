// The pane's own behaviour, on the desk and on an alert's page: forms that open, what a violation asks for, focus on
// what went wrong. Without script every form stands open and works by itself.

document.documentElement.classList.add("has-script");

/** Open or close one form of the pane. */
export const toggle = (pane, name, open) => {
  const form = pane.querySelector(`#form-${name}`);
  if (!form) return;
  for (const other of pane.querySelectorAll(".act[data-open]")) if (other !== form) toggle(pane, other.id.slice(5), false);
  form.toggleAttribute("data-open", open);
  pane.querySelector(`[data-opens="${name}"]`)?.setAttribute("aria-expanded", String(open));
  const first = form.querySelector("input:checked, input:not([type=hidden]), textarea");
  if (open) first?.focus({ preventScroll: true });
  if (open) form.scrollIntoView({ block: "nearest" });
  else pane.querySelector(`[data-opens="${name}"]`)?.focus();
};

/** Whether somebody is writing in the pane: then it must not be drawn anew under their hands. */
export const isBusy = (pane) => pane.querySelector(".act[data-open]") !== null;

const weigh = (form) => {
  const adverse = form.querySelector("[name=outcome]:checked")?.value === "violation";
  const note = form.querySelector("[data-violation]");
  if (!note) return;
  note.hidden = !adverse;
  form.querySelector("[data-plain]").hidden = adverse;
  form.querySelector("[data-adverse]").hidden = !adverse;
};

/** Make a pane that was just put into the page work. */
export const enliven = (pane) => {
  for (const form of pane.querySelectorAll(".act")) {
    weigh(form);
    if (form.hasAttribute("data-open")) pane.querySelector(`[data-opens="${form.id.slice(5)}"]`)?.setAttribute("aria-expanded", "true");
  }
  pane.querySelector("[data-error-summary]")?.focus();
};

const pane = document.getElementById("pane");
if (pane) {
  enliven(pane);
  pane.addEventListener("change", (event) => { if (event.target.form) weigh(event.target.form); });
  pane.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) toggle(pane, opener.dataset.opens, !pane.querySelector(`#form-${opener.dataset.opens}`)?.hasAttribute("data-open"));
    const closer = event.target.closest("[data-closes]");
    if (closer) toggle(pane, closer.closest(".act").id.slice(5), false);
  });
}
