"""From a fix posted at a real door to its alert on a real browser's screen, while the door takes 1,000 fixes a second.

The house of latency.py with the web process and a headless Chromium beside it, all on the same cores. Timed is the fix
that settled the finding, from before it is sent until the desk has painted the row.
"""

import asyncio
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.async_api import Page, async_playwright

from benchmarks.latency import CONNECTIONS, PEOPLE, SECONDS, _Run, now_ms, zones_of
from benchmarks.population import person_id
from tests.browser.server import CHROMIUM_ARGS, RunningServer
from tests.journey.house import House

PROBES = 45  # fewer than a page of the desk holds, so that every alert has a row
LATEST_S = 8  # after the load ends; what is not on the screen by then is counted as not seen
WARM_UP_S = 3  # a browser that has just started is not what is measured

# A row's sorting key ends in the finding's time and the alert's id: severity, due time, time of the fix.
WATCH_ROWS = """() => {
  window.painted = [];
  const seen = new Set([...document.querySelectorAll(".row")].map((row) => row.dataset.id));
  new MutationObserver(() => {
    for (const row of document.querySelectorAll(".row")) {
      if (seen.has(row.dataset.id)) continue;
      seen.add(row.dataset.id);
      const who = row.querySelector(".row-who .quiet").textContent;
      const at = Number(row.dataset.key.slice(16, 31));
      requestAnimationFrame(() => requestAnimationFrame(() => window.painted.push([who, at, Date.now()])));
    }
  }).observe(document.getElementById("list-body"), { childList: true, subtree: true });
}"""


def measure() -> list[dict[str, object]]:
    """p50 and p95 in seconds; the rate that was really reached stands beside them."""
    with tempfile.TemporaryDirectory(prefix="surety-bench-") as folder:
        house = House(Path(folder), workers=("0-63",))
        start_ms = now_ms() - 86_400_000
        command = [sys.executable, "-m", "benchmarks.pipeline", "populate", str(PEOPLE), str(start_ms)]
        subprocess.run(command, env=house.env, check=True)
        web = RunningServer()
        web.data_dir = house.folder
        (house.folder / "secret.key").write_text("for measuring only, " + "x" * 60)  # sessions hold across processes
        web.add_user("olga", "operator")
        try:
            house.start_all()
            web.start()
            seconds, rate = asyncio.run(_measured(house, web))
        finally:
            web.stop()
            house.stop()
    if len(seconds) < PROBES // 2:
        raise RuntimeError(f"only {len(seconds)} of {PROBES} alerts were seen")
    cuts = statistics.quantiles(seconds, n=20)
    unit = f"s at {rate:.0f} fixes/s, {len(seconds)} of {PROBES} seen"
    return [
        {"name": "fix received to alert on screen, p50", "value": cuts[9], "unit": unit, "target": 2},
        {"name": "fix received to alert on screen, p95", "value": cuts[18], "unit": unit, "target": 2},
    ]


async def _measured(house: House, web: RunningServer) -> tuple[list[float], float]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=_chromium(), args=CHROMIUM_ARGS)
        context = await browser.new_context(viewport={"width": 1440, "height": 900})
        await context.add_cookies([{"name": "sessionid", "value": web.cookie_of("olga"), "url": web.url}])
        page = await context.new_page()
        await page.goto(web.url)
        await page.wait_for_selector("#live[data-state=on]")
        await page.evaluate(WATCH_ROWS)
        run, rate = await _load(house, page)
        painted = await page.evaluate("window.painted")
        await browser.close()
    to_wall_s = time.time() - time.perf_counter()
    sent_s = {(f"B{who[-12:]}", at_ms): sent + to_wall_s for (who, at_ms), sent in run.sent_s.items()}
    return [seen_ms / 1000 - sent_s[who, at] for who, at, seen_ms in painted if (who, at) in sent_s], rate


def _chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        raise RuntimeError("Chromium is not installed: run `make test` as root, or install the package chromium")
    return found


async def _load(house: House, page: Page) -> tuple[_Run, float]:
    run, zones, began = _Run(house), zones_of(PROBES), time.perf_counter()
    until_s = began + SECONDS + 5
    jobs = [run.walk(until_s) for _ in range(CONNECTIONS)]
    spread_s = SECONDS - WARM_UP_S - 2
    jobs += [run.step_in(n, zones[n], WARM_UP_S + n * spread_s / PROBES) for n in range(PROBES)]
    await asyncio.gather(*jobs, _note_seen(run, page, until_s + LATEST_S))
    return run, run.acknowledged / (until_s - began)


async def _note_seen(run: _Run, page: Page, until_s: float) -> None:
    """Tell the probes whose zone alert is on the screen, so that they stop knocking; other alerts do not count."""
    by_reference = {f"B{person_id(n)[-12:]}": person_id(n) for n in range(PROBES)}
    while time.perf_counter() < until_s and len(run.alerted) < PROBES:
        shown = await page.locator(".row-1 .row-who .quiet").all_text_contents()
        run.alerted |= {by_reference[reference] for reference in shown if reference in by_reference}
        await asyncio.sleep(0.25)
