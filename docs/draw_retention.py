"""Writes the table in docs/retention.md from surety/server/records/schedule.py: `python docs/draw_retention.py`.

`make docs` does it too. A test holds the committed file to what this gives, so the page says what the code does.
"""

import re
from pathlib import Path

from surety.server.records.schedule import RULES

FILE = Path(__file__).with_name("retention.md")
BEGIN, END = "<!-- schedule -->\n", "<!-- end -->"


def text() -> str:
    """The whole page, its table written anew."""
    pattern = re.compile(f"(?<={re.escape(BEGIN)}).*?(?={re.escape(END)})", re.DOTALL)
    return pattern.sub(lambda _: _table(), FILE.read_text(encoding="utf-8"))


def _table() -> str:
    head = "| kind | what | days | counted from | why |\n| --- | --- | --- | --- | --- |\n"
    return head + "".join(
        f"| `{rule.name}` | {rule.words} | {rule.days:,} | {rule.start.value} | {rule.basis} |\n" for rule in RULES
    )


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
