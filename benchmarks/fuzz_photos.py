"""Damaged photographs against the decoder, for as long as you let it: no crash, no hang, and no wrong refusal.

`python -m benchmarks fuzz_photos` runs for a minute; FUZZ_S=3600 for an hour, FUZZ_SEED=7 to repeat a
run. A file at which the decoder died is kept in benchmarks/out/ and named, and the run fails.
"""

import hashlib
import os
import random
import time
from collections import Counter
from pathlib import Path

from PIL import Image

from surety.faces.decode import Decoded, Decoder, DecoderUnavailableError, Reason
from tests.faces import files

OUT = Path(__file__).parent / "out"
SECONDS = 60.0
WORST_MS = 2_000.0  # for a small picture; the limits allow more to large ones


def measure():
    seconds = float(os.environ.get("FUZZ_S", SECONDS))
    seed = int(os.environ.get("FUZZ_SEED", time.time_ns() % 1_000_000))
    answers, died, slowest_ms = _fuzz(random.Random(seed), seconds)
    named = ", ".join(f"{count} {reason}" for reason, count in answers.most_common())
    rows = [
        {"name": f"fuzz: damaged photographs, seed {seed}", "value": sum(answers.values()), "unit": "files"},
        {"name": "fuzz: at which the decoder died", "value": len(died), "unit": "files", "target": 0},
        {"name": "fuzz: the slowest", "value": slowest_ms, "unit": "ms", "target": WORST_MS},
        {"name": f"fuzz: answers ({named})", "value": len(answers), "unit": "kinds"},
    ]
    if died or slowest_ms > WORST_MS:
        raise SystemExit(f"seed {seed}: the decoder died at {died}; the slowest took {slowest_ms:.0f} ms")
    return rows


def _fuzz(dice, seconds):
    until, answers, died, slowest_ms = time.monotonic() + seconds, Counter(), [], 0.0
    wholes = _wholes()
    with Decoder() as decoder:
        while time.monotonic() < until:
            name, whole = dice.choice(wholes)
            data = files.damaged(whole, dice)
            data = files.repaired_png(data) if name == "PNG" and dice.random() < 0.7 else data
            began = time.perf_counter()
            reason = _answer(decoder, data)
            slowest_ms = max(slowest_ms, (time.perf_counter() - began) * 1000)
            answers[reason] += 1
            if reason in (Reason.CRASHED, "gone"):
                died.append(_kept(data))
    return answers, died, slowest_ms


def _answer(decoder, data):
    try:
        answer = decoder.decode(data)
    except DecoderUnavailableError:
        return "gone"
    return "decoded" if isinstance(answer, Decoded) else answer.reason


def _kept(data):
    OUT.mkdir(exist_ok=True)
    file = OUT / f"fuzz-{hashlib.sha256(data).hexdigest()[:16]}"
    file.write_bytes(data)
    return str(file)


def _wholes():
    """Whole files of every kind that is read differently."""
    photo = Image.fromarray(files.squares(160, 128))
    tags = files.exif(6, taken="2026:03:29 02:30:05", offset="+02:00", subsec="25")
    made = [("JPEG", files.picture("JPEG", photo, exif=tags, **how)) for how in ({}, {"progressive": True})]
    made += [("JPEG", files.picture("JPEG", photo.convert(mode))) for mode in ("L", "CMYK")]
    made += [("PNG", files.picture("PNG", photo.convert(mode), exif=tags)) for mode in ("RGB", "RGBA", "P", "LA", "1")]
    made += [("WebP", files.picture("WebP", photo, exif=tags, lossless=lossless)) for lossless in (True, False)]
    return [*made, ("WebP", files.picture("WebP", photo.convert("RGBA"), lossless=False))]
