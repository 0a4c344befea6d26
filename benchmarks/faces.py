"""Photographs through the decoder and the recogniser: a second, in memory, and a whole burst.

The pictures are of invented people (surety/sim/faces), so nothing is said of accuracy. The models are those of
SURETY_MODELS, else those beside the checkout (../shared/faces/models); without any, dlib's where the extra is
installed. One thread a process. The baseline of decoding is Pillow in this process without any limits, that of
comparing the recogniser's own run without detector and quality gate, both in the same run. Times are processor time,
as other things run on the machine too.
"""

import io
import multiprocessing as mp
import os
import resource
import time
from pathlib import Path

import numpy as np
from PIL import Image

from surety.faces.burst import LocalEngine
from surety.faces.choose import open_machine
from surety.faces.contract import Reference, Turn
from surety.faces.decode import Decoder
from surety.faces.tables import Thresholds
from surety.settings import load
from surety.sim.faces import View, burst, face, jpeg

IDENTITY, OTHER = 19, 17
PHOTOS, ROUNDS = 40, 3
CHECK_OUT = Path(__file__).resolve().parents[1]


def measure():
    _find_models()
    photos = [face(IDENTITY, View(yaw_deg=float(n - 4), seed=n)) for n in range(8)]
    machine = open_machine(load(None))
    engine = LocalEngine(machine, Thresholds(machine.model_sha256, 0.36, 0.30, "for timing alone"))
    one = _photos_ms(machine, photos)
    seen = [(photo, machine.faces(photo)[0]) for photo in photos]
    bare = _best(lambda: [machine.vector(photo, found) for photo, found in seen]) / len(photos) * 1000

    rows = [
        _row(f"faces: a 240-pixel photo found, measured and embedded ({machine.name})", one, "ms", 25)
        | {"ratio": one / bare, "baseline": "faces: the vector alone, face found before"},
        *_processes(),
        *_burst(engine, machine),
        *_decoding(),
        _drawing(),
    ]
    machine.close()
    return rows


def _find_models():
    shared = Path(os.environ.get("SURETY_SHARED", CHECK_OUT.parent / "shared")) / "faces" / "models"
    if "SURETY_MODELS" not in os.environ and shared.is_dir():
        os.environ["SURETY_MODELS"] = str(shared)


def _photos_ms(machine, photos):
    engine = LocalEngine(machine, Thresholds(machine.model_sha256, 0.36, 0.30, "for timing alone"))
    engine.enrol(photos[:1])  # what is made on first use
    return _best(lambda: engine.enrol(photos)) / len(photos) * 1000


def _processes():
    """Photographs a second in one and in two processes by their processor time, and how much memory one takes."""
    rows, rates = [], {}
    for count in (1, 2):
        with mp.get_context("spawn").Pool(count) as pool:
            pool.map(_enrol, [1] * count, chunksize=1)  # start them, and load the models
            done = pool.map(_enrol, [PHOTOS] * count, chunksize=1)
        rates[count] = sum(PHOTOS / seconds for seconds, _ in done)
        used = [megabytes for _, megabytes in done]
        rows.append(
            _row(f"faces: photos a second in {count} process{'es' if count > 1 else ''}", rates[count], "a second")
        )
    rows[1] |= {"target": 80, "ratio": rates[2] / rates[1], "baseline": "one process"}
    return [*rows, _row("faces: memory of a process", max(used), "MB", 200)]


_ENGINE = []


def _enrol(count):
    """In a process of the pool: so many photographs. Its processor time in seconds, and the most memory in MB."""
    if not _ENGINE:
        machine = open_machine(load(None))
        _ENGINE.append(LocalEngine(machine, Thresholds(machine.model_sha256, 0.36, 0.30, "for timing alone")))
    photo = face(IDENTITY, View())
    began = time.process_time()
    for _ in range(count):
        _ENGINE[0].enrol([photo])
    return time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _burst(engine, machine):
    frames = burst(IDENTITY, 1, "left", frames=5)
    template = engine.enrol([face(IDENTITY, View())])[0].template
    references = [Reference(str(n), template, machine.model_sha256) for n in range(3)]
    seconds = _best(lambda: engine.verify(frames, references, Turn.LEFT))
    return [_row("faces: a burst of five frames against three images, with its turn", seconds * 1000, "ms", 150)]


def _decoding():
    """Processor time of the keeper and its workers, which ends in their parent's books, and of this process."""
    small, large = jpeg(face(IDENTITY, View(size_px=640, eye_px=120)), 88), _camera()
    rows = []
    with Decoder() as decoder:
        decoder.decode(small)
        for name, data, times in (("640-pixel", small, 100), ("12-megapixel", large, 20)):
            before, began = _spent_s(decoder.pid), time.process_time()
            for _ in range(times):
                decoder.decode(data)
            took = (_spent_s(decoder.pid) - before + time.process_time() - began) / times * 1000
            plain = _best(lambda data=data: _plain(data)) * 1000
            means = f"Pillow in this process, without limits: {plain:.1f} ms"
            row = _row(f"faces: a {name} JPEG decoded in the limited process", took, "ms")
            rows.append(row | {"ratio": took / plain, "baseline": means})
        status = Path(f"/proc/{decoder.pid}/status").read_text().splitlines()
        kept = next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))
    return [*rows, _row("faces: memory of the decoder's process", kept, "MB")]


def _drawing():
    """A picture of somebody who was drawn before, as the town's watches send them."""
    numbers = np.random.default_rng(1).random(4_000_000)
    sorting = _best(lambda: np.sort(numbers))
    face(IDENTITY)
    seconds = _best(lambda: face(IDENTITY))
    row = _row("faces: a picture of an invented person drawn, 240 pixels", seconds * 1000, "ms", 100)
    return row | {"ratio": seconds / sorting, "baseline": "sorting four million numbers"}


def _spent_s(process):
    """Processor time of a process and of those that it started and waited for."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def _camera():
    """As large as a telephone takes them, within a check-in's 1 MiB."""
    plain = np.asarray(Image.fromarray(face(IDENTITY, View())).resize((3000, 4000), Image.Resampling.BICUBIC))
    return jpeg(plain, 70)


def _plain(data):
    image = Image.open(io.BytesIO(data))
    image.draft("RGB", (1280, 1280))
    image = image.convert("RGB")
    if max(image.size) > 1280:
        image = image.resize((960, 1280), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return np.asarray(image)


def _best(work):
    """Seconds of this thread in the fastest round: the others measure what else the machine did."""
    taken = []
    for _ in range(ROUNDS):
        began = time.thread_time()
        work()
        taken.append(time.thread_time() - began)
    return min(taken)


def _row(name, value, unit, target=None):
    return {"name": name, "value": value, "unit": unit, "target": target}
