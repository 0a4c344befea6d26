"""What the fake camera shows: invented people, as a file of JPEG pictures that Chromium plays round and round."""

from pathlib import Path

import msgspec
import numpy as np

from surety.sim import faces
from surety.sim.faces import View

SIZE_PX = 480
WIDTH_PX = 640
EACH = 15  # the same picture so often: half a second at Chromium's 30 a second
PLAIN = View(size_px=SIZE_PX, eye_px=92.0)


def video(path: Path, identity: int, view: View = PLAIN) -> Path:
    """Two breaths of somebody who looks straight into the camera."""
    moments = [msgspec.structs.replace(view, shift_px=(shift, 0.0), seed=n) for n, shift in enumerate((0.0, 1.0))]
    path.write_bytes(b"".join(wide(identity, one) * EACH for one in moments))
    return path


def wide(identity: int, view: View) -> bytes:
    """Somebody, in a picture as wide as a camera's."""
    return widened(faces.face(identity, view))


def widened(photo: faces.Photo) -> bytes:
    """A picture as wide as a camera's, grey at the sides."""
    wide = np.full((SIZE_PX, WIDTH_PX, 3), 96, np.uint8)
    left = (WIDTH_PX - SIZE_PX) // 2
    wide[:, left : left + SIZE_PX] = photo
    return faces.jpeg(wide, 80)
