// Polygons of a zone: corners [x, y], each 0..1 from the top left. Every change gives a new polygon.

export type Corner = readonly [number, number];
export type Polygon = readonly Corner[];

const FEWEST = 3;

/** What a field holds; whoever types something else there has drawn nothing. */
export function polygonOf(text: string): Polygon {
  try {
    const value: unknown = JSON.parse(text || "[]");
    return Array.isArray(value) && value.every(isCorner) ? value : [];
  } catch {
    return [];
  }
}

function isCorner(value: unknown): value is Corner {
  return Array.isArray(value) && value.length === 2 && value.every((share) => typeof share === "number");
}

export function clamp(value: number): number {
  return Math.min(Math.max(Math.round(value * 10000) / 10000, 0), 1);
}

export function moveCorner(polygon: Polygon, index: number, to: Corner): Polygon {
  return polygon.map((corner, at) => (at === index ? ([clamp(to[0]), clamp(to[1])] as const) : corner));
}

/** Moves the whole; stops at the picture's edge and keeps its shape. */
export function moveAll(polygon: Polygon, dx: number, dy: number): Polygon {
  const xs = polygon.map(([x]) => x);
  const ys = polygon.map(([, y]) => y);
  const bounded = (by: number, values: number[]): number =>
    Math.min(Math.max(by, -Math.min(...values)), 1 - Math.max(...values));
  const [x, y] = [bounded(dx, xs), bounded(dy, ys)];
  return polygon.map((corner) => [clamp(corner[0] + x), clamp(corner[1] + y)] as const);
}

/** Adds a corner in the middle of the edge that begins at `index`. */
export function addAfter(polygon: Polygon, index: number): Polygon {
  const here = polygon[index];
  const next = polygon[(index + 1) % polygon.length];
  if (!here || !next) return polygon;
  const middle = [clamp((here[0] + next[0]) / 2), clamp((here[1] + next[1]) / 2)] as const;
  return [...polygon.slice(0, index + 1), middle, ...polygon.slice(index + 1)];
}

/** A polygon keeps at least three corners. */
export function remove(polygon: Polygon, index: number): Polygon {
  return polygon.length <= FEWEST ? polygon : polygon.filter((_, at) => at !== index);
}

/** Where a new zone begins: staff and customers beside each other, so that each can be taken. */
export function starting(kind: string): Polygon {
  const [left, right] = kind === "customer" ? [0.55, 0.85] : [0.15, 0.45];
  return [
    [left, 0.3],
    [right, 0.3],
    [right, 0.7],
    [left, 0.7],
  ];
}

type Side = readonly [Corner, Corner];

/** Whether two of its sides cross; sides that only touch do not. */
export function crosses(polygon: Polygon): boolean {
  const sides = polygon.map((corner, index): Side => [corner, polygon[(index + 1) % polygon.length] ?? corner]);
  return sides.some((one, index) => sides.slice(index + 1).some((other) => parted(one, other) && parted(other, one)));
}

/** Whether the line through the side has one of the ends on either hand of it. */
function parted([[x1, y1], [x2, y2]]: Side, ends: Side): boolean {
  const [one, other] = ends.map(([x, y]) => (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1));
  return (one ?? 0) * (other ?? 0) < 0;
}

const SAMPLES = 40;

/** How much of the smaller of the two lies in both, 0..1; by samples, so that any shape will do. */
export function overlap(one: Polygon, other: Polygon): number {
  const [first, second] = [inside(one), inside(other)];
  const smaller = Math.min(first.size, second.size);
  return smaller ? [...first].filter((sample) => second.has(sample)).length / smaller : 0;
}

/** The samples of the picture that lie in the polygon, by number. */
function inside(polygon: Polygon): Set<number> {
  const found = new Set<number>();
  for (let sample = 0; sample < SAMPLES * SAMPLES; sample++) {
    const at = [((sample % SAMPLES) + 0.5) / SAMPLES, (Math.floor(sample / SAMPLES) + 0.5) / SAMPLES] as const;
    if (contains(polygon, at)) found.add(sample);
  }
  return found;
}

/** Whether a ray to the right of the point crosses the edges an odd number of times. */
function contains(polygon: Polygon, [x, y]: Corner): boolean {
  const crossed = polygon.filter(([x1, y1], index) => {
    const [x2, y2] = polygon[(index + 1) % polygon.length] ?? [x1, y1];
    return y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1;
  });
  return crossed.length % 2 === 1;
}
