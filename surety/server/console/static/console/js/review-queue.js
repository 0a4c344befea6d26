// The queue's page counts by itself, and N takes the next one.

import { refresh, setNow } from "./time.js";

const at = (id) => document.getElementById(id);
const EVERY_MS = 5000;

const count = async () => {
  if (document.hidden) return;
  try {
    const answer = await fetch(at("queue").dataset.count, { cache: "no-store" });
    if (!answer.ok || answer.redirected) return;
    const found = await answer.json();
    setNow(found.now_ms);
    for (const name of ["waiting", "overdue", "held"]) at(`queue-${name}`).textContent = found[name];
    at("queue-empty").hidden = found.rows.length > 0;
    at("queue-rows").replaceChildren(...found.rows.map((due) => {
      const item = document.createElement("li");
      item.innerHTML = '<span class="due"></span>';
      item.firstChild.dataset.dueMs = due;
      return item;
    }));
    refresh(at("queue"));
  } catch { /* counted again in a moment */ }
};
setInterval(count, EVERY_MS);
document.addEventListener("visibilitychange", count);

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || at("keys").open) return;
  if (event.key.toLowerCase() === "n") at("next").form.requestSubmit();
  else if (event.key === "?") at("keys").showModal();
  else return;
  event.preventDefault();
});
for (const button of document.querySelectorAll("[data-keys-open]")) {
  button.hidden = false;
  button.addEventListener("click", () => at("keys").showModal());
}
