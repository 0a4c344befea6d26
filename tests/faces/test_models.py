"""A model is known by its SHA-256, or it is refused in one clear sentence."""

import hashlib
import json
from pathlib import Path

import msgspec
import pytest

from surety.faces import models, tables
from surety.faces.contract import Thresholds
from surety.faces.models import ModelError, Role, Store
from surety.faces.sessions import Session


def own_manifest(folder: Path, data: bytes, **changes: object) -> Path:
    told = {
        "name": "Ours",
        "role": "recogniser",
        "reader": "embedding",
        "file": "ours.onnx",
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "licence": "Apache-2.0",
        "source": "trained by us",
        "input_px": 112,
        "embedding": 8,
    }
    path = folder / "ours.manifest.json"
    path.write_text(json.dumps(told | changes))
    return path


def test_every_shipped_manifest_tells_licence_and_source() -> None:
    found = models.shipped()
    assert {manifest.role for manifest in found} == set(Role)
    assert all(manifest.licence and manifest.source and manifest.size for manifest in found)
    assert len({manifest.sha256 for manifest in found}) == len(found)


def test_the_recogniser_of_unknown_training_says_so() -> None:
    (mbf,) = [manifest for manifest in models.shipped() if manifest.name == "esp-mbf"]
    assert "not disclosed" in mbf.caveat


def test_a_file_that_no_manifest_names_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.onnx").write_bytes(b"weights")
    (found,) = Store(tmp_path).files()
    assert found.manifest is None
    assert "mine.onnx is refused" in found.refusal
    assert "no manifest names it" in found.refusal


def test_a_file_with_a_known_name_and_other_bytes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "esp_mbf_f32.onnx").write_bytes(b"half a download")
    (found,) = Store(tmp_path).files()
    assert found.manifest is None
    assert "damaged, or another version?" in found.refusal


def test_a_file_is_known_whatever_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "renamed.onnx").write_bytes(b"weights")
    own_manifest(tmp_path, b"weights")
    (found,) = Store(tmp_path).files()
    assert found.manifest is not None
    assert found.manifest.name == "Ours"


def test_a_file_that_changes_between_check_and_use_is_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "ours.onnx"
    path.write_bytes(b"weights")
    own_manifest(tmp_path, b"weights")
    (found,) = Store(tmp_path).files()
    path.write_bytes(b"changed")
    with pytest.raises(ModelError, match="changed while it was being read"):
        models.read_verified(found)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sha256": "ABC"}, "64 hex digits"),
        ({"file": "../ours.onnx"}, "plain name"),
        ({"channels": "cmyk"}, "channels must be"),
        ({"embedding": 0}, "length of its embedding"),
        ({"role": "emotion"}, "emotion"),
        ({"unheard": 1}, "unheard"),
    ],
)
def test_a_bad_manifest_is_refused_with_its_file(tmp_path: Path, change: dict[str, object], said: str) -> None:
    path = own_manifest(tmp_path, b"weights", **change)
    with pytest.raises(ModelError, match=said) as error:
        Store(tmp_path).manifests()
    assert str(path) in str(error.value)


def test_a_manifest_of_random_bytes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.manifest.json").write_bytes(b"\xff\xfe{{")
    with pytest.raises(ModelError, match="is no manifest"):
        list(Store(tmp_path).files())


def test_an_empty_or_absent_folder_holds_nothing(tmp_path: Path) -> None:
    assert list(Store(tmp_path).files()) == []
    assert list(Store(tmp_path / "absent").files()) == []
    assert Store(tmp_path).best(Role.RECOGNISER) is None


def test_a_recogniser_that_waits_for_its_table_does_not_take_the_place_of_one_that_has_it(tmp_path: Path) -> None:
    (tmp_path / "ours.onnx").write_bytes(b"weights")
    own_manifest(tmp_path, b"weights", preference=90)
    (tmp_path / "esp_mbf_f32.onnx").write_bytes(b"other weights")
    known = json.loads((models.SHIPPED / "esp-mbf.json").read_text())
    sha256 = hashlib.sha256(b"other weights").hexdigest()
    (tmp_path / "b.manifest.json").write_text(json.dumps(known | {"sha256": sha256}))
    tables.write_table(tmp_path, Thresholds(sha256, 0.4, 0.3, "calibration 1"))
    store = Store(tmp_path)
    first = store.best(Role.RECOGNISER, first=lambda found: tables.has_table(found, tmp_path))
    assert first is not None
    assert first.path.name == "esp_mbf_f32.onnx"
    preferred = store.best(Role.RECOGNISER)
    assert preferred is not None
    assert preferred.path.name == "ours.onnx"


def test_the_variable_goes_before_the_setting(tmp_path: Path) -> None:
    assert models.models_dir(tmp_path, {}) == tmp_path
    assert models.models_dir(tmp_path, {"SURETY_MODELS": "/srv/m"}) == Path("/srv/m")


def test_an_unknown_model_has_no_table(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="surety faces calibrate"):
        tables.find_table("0" * 64, tmp_path)


def test_sface_has_no_table_until_it_is_calibrated(tmp_path: Path) -> None:
    (sface,) = [m for m in models.shipped() if m.name.startswith("SFace")]
    with pytest.raises(ModelError):
        tables.find_table(sface.sha256, tmp_path)
    tables.write_table(tmp_path, Thresholds(sface.sha256, 0.4, 0.3, "calibration 1"))
    assert tables.find_table(sface.sha256, tmp_path).match == 0.4


def test_an_agencys_own_table_goes_before_the_shipped_one(tmp_path: Path) -> None:
    (mbf,) = [m for m in models.shipped() if m.name == "esp-mbf"]
    assert tables.find_table(mbf.sha256, tmp_path).match == 0.36
    path = tables.write_table(tmp_path, Thresholds(mbf.sha256, 0.41, 0.33, "calibration 2"))
    found = tables.find_table(mbf.sha256, tmp_path)
    assert (found.match, found.source) == (0.41, "calibration 2")
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(("match", "inconclusive"), [(0.3, 0.4), (1.5, 0.3), (0.3, -2.0)])
def test_a_table_that_makes_no_sense_is_refused(tmp_path: Path, match: float, inconclusive: float) -> None:
    path = tmp_path / "t.json"
    path.write_bytes(msgspec.json.encode(Thresholds("0" * 64, match, inconclusive, "x")))
    with pytest.raises(ModelError, match="inconclusive must be at most match"):
        tables.read_table(path)


def test_every_recogniser_that_is_shipped_a_table_for_has_a_manifest() -> None:
    known = {manifest.sha256 for manifest in models.shipped()}
    assert {tables.read_table(path).model_sha256 for path in tables.SHIPPED.glob("*.json")} <= known


def test_a_file_that_is_no_model_is_told_even_when_a_manifest_names_it(tmp_path: Path) -> None:
    (tmp_path / "ours.onnx").write_bytes(b"weights")
    own_manifest(tmp_path, b"weights")
    (found,) = Store(tmp_path).files()
    with pytest.raises(ModelError, match=r"ours\.onnx cannot be run by onnxruntime"):
        Session(found)
