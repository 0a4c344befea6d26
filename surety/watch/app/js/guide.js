// From measurements to one plain word of advice. Advice only: photographs can be taken and sent whatever it says.

export const DARK = 45; // of 255; invented faces in dusk (a tenth of the light) have about 42
export const GLARING = 225;
export const BLURRED = 0.35; // camera.js's sharpness; invented faces have 7 to 11, blurred by a tenth of their eyes' distance .1 to .2
export const MOVING = 14; // mean change of grey between two looks
export const SMALL = 0.25; // a face that fills less of the height has too few pixels between the eyes

/** The key of the words: "dark", "glaring", "people", "face", "closer", "still", "blurred" or "good". */
export function advice({ light, sharpness, motion }, faces = null) {
  if (light < DARK) return "dark";
  if (light > GLARING) return "glaring";
  if (faces && faces.length > 1) return "people";
  if (faces && faces.length === 0) return "face";
  if (faces && faces.length === 1 && faces[0] < SMALL) return "closer";
  if (motion > MOVING) return "still";
  return sharpness < BLURRED ? "blurred" : "good";
}

/** The advice for a burst that was taken: its worst, as the frames are measured by themselves (a turn is motion). */
export function burstAdvice(measured) {
  const each = measured.map((one) => advice({ ...one, motion: 0 }));
  return each.find((one) => one !== "good") ?? "good";
}

/**
 * The frames of a burst: what is said, which way, and when each is taken (milliseconds after the words).
 * Two straight, then three over the turn, as people turn at different speeds; three where no turn is asked for.
 */
export function steps(turn) {
  if (!turn) return [{ say: "straight", turn: "", at_ms: [900, 1500, 2100] }];
  return [
    { say: "straight", turn: "", at_ms: [900, 1400] },
    { say: turn, turn, at_ms: [1400, 2000, 2700] },
  ];
}
