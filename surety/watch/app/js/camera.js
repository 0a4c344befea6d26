// The front camera: opening it, taking still frames, and cheap measurements that guide the person.
// Nothing here is decided: whether a photograph is good enough, the office says.

const LONG_SIDE_PX = 640;
const SHORT_SIDE_PX = 480; // a face that fills half of it has 60 px and more between the eyes
const FIRST_PICTURE_MS = 10_000; // slow watches take seconds
const MOST_BYTES = 150_000;
const QUALITIES = [0.88, 0.8, 0.7, 0.55, 0.4];
const GRID_PX = 96; // the square in the middle that is measured

/** Open the front camera. Throws what the browser throws: NotAllowedError, NotFoundError, NotReadableError ... */
export async function open() {
  if (!navigator.mediaDevices?.getUserMedia) throw new DOMException("no camera", "NotFoundError");
  const video = { facingMode: "user", width: { ideal: LONG_SIDE_PX }, height: { ideal: SHORT_SIDE_PX } };
  return navigator.mediaDevices.getUserMedia({ video, audio: false });
}

/** Let go of the camera: its light goes out. */
export function close(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** Wait until a picture is there; whether one came. Some cameras open and show nothing. */
export async function shows(video) {
  const until = performance.now() + FIRST_PICTURE_MS;
  while (!video.videoWidth && performance.now() < until) await new Promise((done) => setTimeout(done, 100));
  return video.videoWidth > 0;
}

/** One frame as a canvas, not mirrored, its short side about 480 px. */
export function frame(video) {
  const scale = Math.min(1, SHORT_SIDE_PX / Math.min(video.videoWidth, video.videoHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  return canvas;
}

/** The canvas as a JPEG of less than 150 kB. It is drawn anew, so it carries no metadata: no place, no device. */
export async function jpeg(canvas) {
  for (const quality of QUALITIES) {
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
    if (blob && (blob.size < MOST_BYTES || quality === QUALITIES.at(-1))) return blob;
  }
  throw new Error("the browser makes no JPEG");
}

/** Measures pictures one after the other: light (0 to 255), sharpness, and motion since the picture before. */
export class Meter {
  #canvas = Object.assign(document.createElement("canvas"), { width: GRID_PX, height: GRID_PX });
  #context = this.#canvas.getContext("2d", { willReadFrequently: true });
  #before = null;
  #faces = "FaceDetector" in globalThis ? new globalThis.FaceDetector({ fastMode: true, maxDetectedFaces: 3 }) : null;

  /** Measure what a video or a canvas shows now. */
  measure(source) {
    const grey = this.#grey(source);
    const found = { light: mean(grey), sharpness: sharpness(grey), motion: this.#before ? difference(grey, this.#before) : 0 };
    this.#before = grey;
    return found;
  }

  /** The faces, each as the part of the picture's height that it fills; null where the platform cannot tell. */
  async faces(source) {
    if (!this.#faces) return null;
    const height = source.videoHeight ?? source.height;
    const boxes = await this.#faces.detect(source).catch(() => null);
    if (!boxes) this.#faces = null; // some platforms have the name and not the thing
    return boxes && boxes.map(({ boundingBox }) => boundingBox.height / height);
  }

  #grey(source) {
    const [width, height] = [source.videoWidth ?? source.width, source.videoHeight ?? source.height];
    const side = Math.min(width, height);
    this.#context.drawImage(source, (width - side) / 2, (height - side) / 2, side, side, 0, 0, GRID_PX, GRID_PX);
    const { data } = this.#context.getImageData(0, 0, GRID_PX, GRID_PX);
    return Float32Array.from({ length: GRID_PX * GRID_PX }, (_, at) => 0.299 * data[4 * at] + 0.587 * data[4 * at + 1] + 0.114 * data[4 * at + 2]);
  }
}

const mean = (grey) => grey.reduce((sum, value) => sum + value, 0) / grey.length;
const difference = (one, other) => one.reduce((sum, value, at) => sum + Math.abs(value - other[at]), 0) / one.length;

/** How strong edges are: the variance of the Laplacian, over the light so that a dark room is not called blurred. */
function sharpness(grey) {
  let [sum, squares, count] = [0, 0, 0];
  for (let y = 1; y < GRID_PX - 1; y += 1) {
    for (let x = 1; x < GRID_PX - 1; x += 1) {
      const at = y * GRID_PX + x;
      const value = 4 * grey[at] - grey[at - 1] - grey[at + 1] - grey[at - GRID_PX] - grey[at + GRID_PX];
      [sum, squares, count] = [sum + value, squares + value * value, count + 1];
    }
  }
  return (100 * (squares / count - (sum / count) ** 2)) / (mean(grey) + 1) ** 2;
}
