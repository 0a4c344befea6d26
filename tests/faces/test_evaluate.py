"""`surety faces evaluate` and `calibrate` as an operator runs them, on drawn people who do not exist.

Nothing is said here of how accurate a recogniser is: drawn faces are no faces.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import msgspec
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from surety.cli import app
from surety.faces import tables
from surety.faces.contract import Photo
from surety.faces.evaluation import page, run, scores
from surety.faces.evaluation.rates import Rate
from surety.faces.evaluation.report import Acquisition, Asked, Report, Times, read, write
from surety.faces.models import sha256_of
from tests.faces.test_rates import Cosine, crowd, genuine

pytestmark = pytest.mark.slow

PEOPLE = (19, 17, 3, 8)
MODEL = "ab" * 32


def surety(*words: object, models: Path, data: Path, engine: str = "onnx") -> Result:
    env = {"SURETY_MODELS": str(models), "SURETY_DATA_DIR": str(data), "SURETY_FACES_ENGINE": engine}
    return CliRunner().invoke(app, ["faces", *map(str, words)], env=env)


# --- without models: a report that was made from planted vectors


def planted(people: int, *, model: str = MODEL) -> Report:
    """The report of a run over so many people with four pictures each."""
    view = crowd(people, 4, spread=0.7, length=64)
    found = scores.of_everyone(view, genuine(view), Cosine())
    table = tables.Thresholds(model, 0.6, 0.5, "a test")
    rate = Rate(0.0, 0.0, 0.1, 0, 4 * people)
    return Report(
        Asked(
            "2026-11-25T10:00:00+00:00", "0", "pairs.txt", "0" * 64, "set", "", "all", "onnx", model, "d" * 64, table
        ),
        Acquisition(4 * people, people, rate, {}, 0, rate, {"find_light": 3}),
        run.compared("all pictures", found, table),
        run.compared("good pictures", found, table),
        None,
        [],
        Times(1.0, 2.0, 3.0, 4.0),
        "people were drawn",
    )


@pytest.fixture(scope="module")
def large() -> Report:
    return planted(250)  # 498,000 pairs of two people


def written(report: Report, folder: Path) -> Path:
    folder.mkdir()
    write(report, folder)
    return folder


def test_a_table_is_made_from_the_smallest_fmr_that_the_run_can_tell(large: Report, tmp_path: Path) -> None:
    answer = surety("calibrate", written(large, tmp_path / "run"), models=tmp_path / "models", data=tmp_path / "data")
    assert answer.exit_code == 0, answer.output
    table = tables.find_table(MODEL, tmp_path / "models")
    cut = large.all_faces.cut
    assert cut is not None
    assert cut.match_fmr == pytest.approx(30 / 498_000)
    assert 0 <= table.match - cut.match < 1e-4
    assert 0 <= table.inconclusive - cut.inconclusive < 1e-4
    report = sha256_of(tmp_path / "run" / "report.json")
    assert all(word in table.source for word in ("FMR 6e-5", "498000 pairs", "1500 pairs of one", "pairs.txt", report))
    assert sha256_of(tmp_path / "models" / "calibrations" / f"{report}.json") == report


def test_with_too_few_pairs_no_table_is_made(tmp_path: Path) -> None:
    folder = written(planted(40), tmp_path / "run")
    answer = surety("calibrate", folder, models=tmp_path / "models", data=tmp_path / "data")
    assert answer.exit_code == 2
    assert "12,480 pairs of two people; a table takes 300,000 or more" in answer.output
    assert not (tmp_path / "models").exists()


def test_without_enough_pairs_of_one_person_no_table_is_made(large: Report, tmp_path: Path) -> None:
    few = msgspec.structs.replace(large, all_faces=msgspec.structs.replace(large.all_faces, genuine=99))
    answer = surety("calibrate", written(few, tmp_path / "run"), models=tmp_path / "models", data=tmp_path / "data")
    assert answer.exit_code == 2
    assert "99 pairs of one person" in answer.output


@pytest.mark.parametrize("text", [None, "{}", "not JSON"])
def test_what_is_no_run_is_refused_in_one_sentence(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "report.json").write_text(text)
    answer = surety("calibrate", tmp_path, models=tmp_path / "models", data=tmp_path / "data")
    assert answer.exit_code == 2
    assert len(answer.output.strip().splitlines()) == 1
    assert "report.json" in answer.output


def test_the_page_loads_nothing_and_tells_no_rate_that_the_pairs_cannot_tell(large: Report) -> None:
    shown = page.render(large)
    assert not re.search(r"https?:|<script|@import|src=|url\((?!#)", shown)
    assert "Not told: FNMR at FMR 1e-5. 498,000 pairs of two people can tell an FMR of 6e-5 and more" in shown
    assert [p.fmr for p in large.all_faces.points] == [1e-2, 1e-3, 1e-4]
    assert min(fmr for fmr, _ in large.all_faces.curve) >= large.all_faces.smallest_fmr * 0.999
    ids = re.findall(r' id="([^"]*)"', shown)
    assert len(ids) == len(set(ids))


def test_a_report_is_read_as_it_was_written(large: Report, tmp_path: Path) -> None:
    assert read(written(large, tmp_path / "run")) == large


# --- with models and drawn people


@pytest.fixture(scope="module")
def test_set(tmp_path_factory: pytest.TempPathFactory, draw: Callable[..., Photo]) -> Path:
    """Four people with three pictures each, one picture without a face, and lists of both kinds."""
    folder = tmp_path_factory.mktemp("faces")
    for seed in PEOPLE:
        (folder / "set" / f"p{seed}").mkdir(parents=True)
        for n, turn in enumerate((0.0, 6.0, -6.0), 1):
            image = Image.fromarray(draw(seed, yaw_deg=turn))
            image.save(folder / "set" / f"p{seed}" / f"p{seed}_{n:04d}.jpg", quality=92)
    Image.new("RGB", (240, 240), "grey").save(folder / "set" / "p19" / "p19_0004.jpg")
    (folder / "set" / "p17" / "p17_0004.jpg").write_bytes(b"no photograph")
    one = [f"p{s}\t{a}\t{b}" for s in PEOPLE for a, b in ((1, 2), (1, 3))] + ["p19\t1\t4", "p17\t1\t4"]
    two = [f"p{s}\t1\tp{t}\t2" for s, t in combinations(PEOPLE, 2)]
    folds = [[*one[n * 5 : n * 5 + 5], *(two[n * 3 : n * 3 + 3] + two[:2])] for n in range(2)]
    (folder / "pairs.txt").write_text("2\t5\n" + "\n".join(line for fold in folds for line in fold) + "\n")
    (folder / "groups.csv").write_text("subject,hand\n" + "".join(f"p{s},left\n" for s in PEOPLE))
    return folder


@pytest.fixture
def evaluate(test_set: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[..., Result]:
    """Evaluate the drawn people: with dlib, which is always there, unless models are named or `onnx` is asked for."""

    def evaluated(*more: object, pairs: str = "pairs.txt", engine: str = "dlib", models: Path | None = None) -> Result:
        if models is None and engine == "onnx":
            models = request.getfixturevalue("shared_faces") / "models"
        asked = ["--pairs", test_set / pairs, "--images", test_set / "set", "--out", tmp_path / "out", *more]
        return surety("evaluate", *asked, models=models or tmp_path / "none", data=tmp_path / "data", engine=engine)

    return evaluated


@pytest.mark.parametrize("engine", [pytest.param("onnx", marks=pytest.mark.shared), "dlib"])
def test_a_run_counts_what_could_not_be_acquired_and_says_what_it_cannot_tell(
    evaluate: Callable[..., Result], test_set: Path, tmp_path: Path, engine: str
) -> None:
    answer = evaluate("--groups", test_set / "groups.csv", engine=engine)
    assert answer.exit_code == 0, answer.output
    found = read(tmp_path / "out")
    assert (found.acquisition.pictures, found.acquisition.people) == (14, 4)
    assert (found.acquisition.failed.errors, found.acquisition.no_face) == (2, 1)
    assert found.acquisition.refused == {"not_a_photograph": 1}
    assert (found.all_faces.genuine, found.all_faces.impostors) == (8, 10)
    assert found.all_faces.points == []
    assert "Not told: FNMR at FMR 1e-2, 1e-3, 1e-4, 1e-5. 10 pairs" in answer.output
    assert found.accuracy is not None
    assert found.accuracy.mean == pytest.approx(0.9)  # two of the twenty pairs have no face and count as wrong
    assert {row.people for table in found.groups for row in table.rows} == {None}
    assert found.times.face_p50_ms > 0
    assert "fewer than 10" in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.shared
def test_everybody_is_compared_with_everybody_where_that_is_asked_for(
    evaluate: Callable[..., Result], tmp_path: Path
) -> None:
    assert evaluate("--impostors", "all", "--processes", "2", engine="onnx").exit_code == 0
    found = read(tmp_path / "out")
    assert (found.asked.impostors, found.all_faces.impostors) == ("all", 4 * 3 // 2 * 9)


@pytest.mark.shared
def test_a_run_goes_on_where_it_was_interrupted(evaluate: Callable[..., Result], tmp_path: Path) -> None:
    evaluate(engine="onnx")
    kept = next((tmp_path / "out" / "acquired").glob("*.bin"))
    whole, first = kept.read_bytes(), read(tmp_path / "out")
    kept.write_bytes(whole[: len(whole) // 2])  # in the middle of a record
    assert evaluate(engine="onnx").exit_code == 0
    assert read(tmp_path / "out").all_faces == first.all_faces
    assert len(kept.read_bytes()) == len(whole)
    assert kept.stat().st_mode & 0o777 == 0o600


@pytest.mark.shared
def test_a_model_without_a_table_is_measured_refused_and_calibrated(
    evaluate: Callable[..., Result], shared_faces: Path, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    models.mkdir()
    shutil.copy(shared_faces / "models" / "yunet_n_dynamic.onnx", models)
    weights = (shared_faces / "models" / "esp_mbf_f32.onnx").read_bytes() + b"\x32\x01x"  # one more field: a word on it
    (models / "own.onnx").write_bytes(weights)
    sha256 = sha256_of(models / "own.onnx")
    shipped = json.loads((Path(tables.__file__).parent / "manifests" / "esp-mbf.json").read_text())
    own = {**shipped, "name": "own", "file": "own.onnx", "sha256": sha256, "size": len(weights)}
    (models / "own.manifest.json").write_text(json.dumps(own))
    before = surety("models", models=models, data=tmp_path / "data")
    assert before.exit_code == 1
    assert "surety faces calibrate" in before.output
    assert evaluate(models=models, engine="onnx").exit_code == 0
    assert read(tmp_path / "out").asked.table is None
    few = surety("calibrate", tmp_path / "out", models=models, data=tmp_path / "data")
    assert (few.exit_code, "a table takes" in few.output) == (2, True)
    folder = written(planted(250, model=sha256), tmp_path / "large")
    assert surety("calibrate", folder, models=models, data=tmp_path / "data").exit_code == 0
    after = surety("models", models=models, data=tmp_path / "data")
    assert (after.exit_code, sha256 in after.output) == (0, True), after.output


def test_the_systems_own_data_is_no_test_set(evaluate: Callable[..., Result], test_set: Path, tmp_path: Path) -> None:
    inside = tmp_path / "data" / "blobs"
    shutil.copytree(test_set / "set", inside)
    answer = evaluate("--images", inside)
    assert (answer.exit_code, "keeps its own data" in answer.output) == (2, True)
    answer = evaluate("--out", inside / "out")
    assert (answer.exit_code, "keeps its own data" in answer.output) == (2, True)
    assert not (inside / "out").exists()


def test_wrong_input_is_one_sentence(evaluate: Callable[..., Result], test_set: Path, tmp_path: Path) -> None:
    (test_set / "plain.csv").write_text("p19/p19_0001.jpg,p19/p19_0002.jpg,1\n")
    (test_set / "wrong.csv").write_text("p19/p19_0001.jpg,p17/p17_0001.jpg,1\n")
    (test_set / "who.csv").write_text("file,subject\np19/p19_0001.jpg,a\np17/p17_0001.jpg,b\n")
    for answer, words in (
        (evaluate("--impostors", "all", pairs="plain.csv"), "does not tell who is on the pictures"),
        (evaluate("--groups", test_set / "who.csv", pairs="wrong.csv"), "the subjects say otherwise"),
        (evaluate(pairs="nowhere.csv"), "cannot be read"),
        (evaluate("--images", test_set / "nowhere"), "no such folder"),
        (evaluate(models=tmp_path / "nowhere", engine="onnx"), "no model"),
        (evaluate(engine="remote"), "where it runs"),
        (evaluate(engine="none"), "faces_engine is none"),
        (evaluate("--out", test_set / "pairs.txt"), "pairs.txt"),
    ):
        assert answer.exit_code == 2, answer.output
        assert len(answer.output.strip().splitlines()) == 1
        assert words in answer.output


@pytest.mark.shared
def test_ctrl_c_ends_a_run_with_a_word_on_how_it_goes_on(test_set: Path, shared_faces: Path, tmp_path: Path) -> None:
    script = (
        "import os, signal\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a run in the background ignores it
        "from surety.faces.evaluation import acquire\n"
        "add = acquire.Kept.add\n"
        "def then_stop(kept, record):\n"
        "    add(kept, record)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "acquire.Kept.add = then_stop\n"
        "from surety.cli import main; main()"
    )
    words = [
        "faces",
        "evaluate",
        "--pairs",
        test_set / "pairs.txt",
        "--images",
        test_set / "set",
        "--out",
        tmp_path / "out",
    ]
    env = os.environ | {"SURETY_MODELS": str(shared_faces / "models"), "SURETY_DATA_DIR": str(tmp_path / "data")}
    env["SURETY_FACES_ENGINE"] = "onnx"
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, words)], env=env, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.strip()) == (130, "Interrupted. The same command goes on where it stopped.")
    assert next((tmp_path / "out" / "acquired").glob("*.bin")).stat().st_size > 1000
