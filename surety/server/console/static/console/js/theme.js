// The choice of colours, before the first paint. Kept in this browser alone; without one the system's choice holds.
(() => {
  const words = { auto: "Auto", light: "Light", dark: "Dark" };
  const order = ["auto", "light", "dark"];
  const read = () => {
    try { return localStorage.getItem("surety-theme") ?? "auto"; } catch { return "auto"; }
  };
  const apply = (theme) => {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    const word = document.querySelector("[data-theme-word]");
    if (word) word.textContent = words[theme];
  };
  apply(read());
  addEventListener("storage", () => apply(read()));
  addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector("[data-theme-switch]");
    if (!button) return;
    button.hidden = false;
    apply(read());
    button.addEventListener("click", () => {
      const next = order[(order.indexOf(read()) + 1) % order.length];
      try { localStorage.setItem("surety-theme", next); } catch { /* no store: the choice lasts for this page */ }
      apply(next);
    });
  });
})();
