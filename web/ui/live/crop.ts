// Shows a part of a picture as large as its frame allows. All lengths are shares of the frame's width and height.

export interface Crop {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Zoom {
  scale: number;
  left: number;
  top: number;
}

/** From `x y width height` in shares 0..1 of the picture; null for anything else. */
export function cropOf(text: string | null): Crop | null {
  const [x, y, width, height, ...more] = (text ?? "").trim().split(/\s+/).map(Number);
  if (x === undefined || y === undefined || width === undefined || height === undefined || more.length) return null;
  const inside = [x, y, width, height].every((value) => value >= 0 && value <= 1) && width > 0 && height > 0;
  return inside ? { x, y, width, height } : null;
}

/**
 * How to enlarge a frame that contains the whole picture so that the crop fills it; never beyond the picture's edge where the
 * picture is large enough. Aspects are width by height.
 */
export function zoomOn(crop: Crop, pictureAspect: number, frameAspect: number): Zoom {
  const wide = Math.min(1, pictureAspect / frameAspect);
  const high = Math.min(1, frameAspect / pictureAspect);
  const scale = Math.max(1, Math.min(1 / (crop.width * wide), 1 / (crop.height * high)));
  return {
    scale,
    left: corner((1 - wide) / 2, wide, crop.x + crop.width / 2, 1 / scale),
    top: corner((1 - high) / 2, high, crop.y + crop.height / 2, 1 / scale),
  };
}

/** Path data, in pixels of the picture, of all that lies around the crop; to be filled by the rule evenodd. */
export function aroundCrop({ x, y, width, height }: Crop, pictureWidth: number, pictureHeight: number): string {
  const box = (left: number, top: number, right: number, bottom: number): string =>
    `M${left * pictureWidth} ${top * pictureHeight}H${right * pictureWidth}V${bottom * pictureHeight}H${left * pictureWidth}Z`;
  return box(0, 0, 1, 1) + box(x, y, x + width, y + height);
}

/** Where the shown part begins: around `middle` (a share of the picture), but within the picture if it fits there. */
function corner(begin: number, length: number, middle: number, shown: number): number {
  if (shown >= length) return begin + length / 2 - shown / 2;
  return Math.min(Math.max(begin + middle * length - shown / 2, begin), begin + length - shown);
}
