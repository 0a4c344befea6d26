"""The page on retention says what the code does: it is written from the schedule."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_what_the_schedule_says() -> None:
    spec = importlib.util.spec_from_file_location("draw_retention", ROOT / "docs" / "draw_retention.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.FILE.read_text(encoding="utf-8") == module.text(), "run python docs/draw_retention.py"
