// A zone that is being drawn corner by corner, by clicks or by keys; it is none before it is closed.
import { svg } from "../svg.js";
import { clamp, type Corner, type Polygon } from "./polygon.js";

const FEWEST = 3;
const MIDDLE: Corner = [0.5, 0.5];
/** Of the keys: a step, and a finer one. */
const [STEP, FINE_STEP] = [0.01, 0.002];

export class Sketch {
  readonly zone: number;
  #corners: Corner[] = [];
  #hand: Corner = MIDDLE;

  constructor(zone: number) {
    this.zone = zone;
  }

  get corners(): Polygon {
    return this.#corners;
  }

  /** What a next corner may be level with. */
  get level(): Corner[] {
    return [this.#corners.at(0), this.#corners.at(-1)].filter((corner) => corner !== undefined);
  }

  get canClose(): boolean {
    return this.#corners.length >= FEWEST;
  }

  point(at: Corner): void {
    this.#hand = [clamp(at[0]), clamp(at[1])];
  }

  /** Whether that closes it: at its first corner. */
  put(at: Corner = this.#hand): boolean {
    this.point(at);
    const first = this.#corners[0];
    if (this.canClose && first && first[0] === this.#hand[0] && first[1] === this.#hand[1]) return true;
    this.#corners = [...this.#corners, this.#hand];
    return false;
  }

  /** Whether the key meant something here. */
  key(event: KeyboardEvent): boolean {
    const step = event.shiftKey ? FINE_STEP : STEP;
    const [x, y] = this.#hand;
    if (event.key === "ArrowLeft") this.point([x - step, y]);
    else if (event.key === "ArrowRight") this.point([x + step, y]);
    else if (event.key === "ArrowUp") this.point([x, y - step]);
    else if (event.key === "ArrowDown") this.point([x, y + step]);
    else if (event.key === " ") this.put();
    else if (event.key === "Backspace" || event.key === "Delete") this.#corners = this.#corners.slice(0, -1);
    else return false;
    return true;
  }

  shapes(scale: number): SVGElement[] {
    const points = [...this.#corners, this.#hand].map(([x, y]) => `${x * scale},${y * scale}`).join(" ");
    const dots = this.#corners.map((corner) => dot(corner, scale, "corner"));
    return [svg("polyline", { points, class: "sketch" }), ...dots, dot(this.#hand, scale, "hand")];
  }
}

function dot([x, y]: Corner, scale: number, kind: string): SVGElement {
  return svg("line", { x1: x * scale, y1: y * scale, x2: x * scale, y2: y * scale, class: kind });
}
