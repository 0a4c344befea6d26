"""On real traces the whole engine concludes exactly what the estimator concludes: nothing is lost in between."""

import gzip
import json
import math
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest

from surety.replay import cases
from surety.rules import batch, engine
from surety.rules.conditions import Circle, Condition, ConditionSet, Curfew, Place, Timetable
from surety.rules.facts import Fix
from surety.rules.findings import ENDS, Finding, Kind

pytestmark = pytest.mark.shared
ABSENT = {Kind.CURFEW_LEFT, Kind.CURFEW_ABSENT_AT_START}


def absences(found: Sequence[Finding]) -> list[tuple[float, float | None]]:
    begun = [finding for finding in found if finding.kind in ABSENT]
    ended = {finding.episode_id: finding.at_ms / 1000 for finding in found if finding.kind in ENDS}
    return [(finding.at_ms / 1000, ended.get(finding.id)) for finding in begun]


@pytest.mark.parametrize("thin_s", [0, 60])
def test_absences_from_home_are_those_of_the_estimator(shared_dir: Path, tmp_path: Path, thin_s: int) -> None:
    gps = shared_dir / "gps"
    cases.score(gps / "home.json.gz", gps / "home-fixes.csv.gz", tmp_path / "alerts.jsonl", thin_s)
    wanted = defaultdict(list)
    for line in (tmp_path / "alerts.jsonl").read_text().splitlines():
        alert = json.loads(line)
        wanted[alert["case"]].append((alert["from"], alert["to"]))
    tracks = cases.read_fixes(gps / "home-fixes.csv.gz", "case", thin_s)
    for home in json.loads(gzip.decompress((gps / "home.json.gz").read_bytes())):
        fixes = [
            Fix(f"{n:06}", "tag", round(t * 1000), round(t * 1000), lat, lon, None if math.isnan(radius) else radius)
            for n, (t, lat, lon, radius) in enumerate(tracks.get(home["case"], []))
        ]
        if fixes:
            place = Place("home", Circle(home["home"][1], home["home"][0], home["radius_m"]))
            body = Curfew((place,), Timetable("UTC"))
            conditions = ConditionSet("ada", 1, (Condition("c", 1, fixes[0].at_ms, None, body),))
            _, found = batch.run(engine.start("ada"), batch.track_of(fixes), engine.Plan(conditions))
            assert absences(found) == wanted[home["case"]]
