// The still of a moment beside a timeline: fetched once the pointer, or the keys, have rested there.
import { word } from "../words.js";

const REST_MS = 200;

export class HoverStill {
  readonly figure = document.createElement("figure");
  #image = document.createElement("img");
  #caption = document.createElement("figcaption");
  #timer = 0;
  /** Whether the moment is still to come. */
  #ahead = false;

  /** `speaker` has the words; nothing is shown while it has no attribute `stills`, the address that takes `at`. */
  constructor(private readonly speaker: HTMLElement) {
    this.figure.hidden = true;
    this.figure.append(this.#image, this.#caption);
    this.#image.addEventListener("load", () => {
      this.#image.hidden = false;
      this.#caption.textContent = this.#image.alt;
    });
    this.#image.addEventListener("error", () => (this.#caption.textContent = word(speaker, this.#ahead ? "still-ahead" : "no-still")));
  }

  /** `x`: where the moment stands in the element, in pixels. */
  rest(wall: number, x: number, said: string): void {
    this.hide();
    const stills = this.speaker.getAttribute("stills");
    if (stills) this.#timer = window.setTimeout(() => this.#show(stills, wall, x, said), REST_MS);
  }

  hide(): void {
    clearTimeout(this.#timer);
    this.figure.hidden = true;
  }

  #show(stills: string, wall: number, x: number, said: string): void {
    const address = new URL(stills, location.href);
    address.searchParams.set("at", new Date(wall).toISOString());
    this.#ahead = wall > Date.now();
    this.#image.hidden = true;
    this.#image.alt = said;
    this.#caption.textContent = word(this.speaker, "still-coming", { time: said });
    this.#image.src = address.href;
    this.figure.hidden = false;
    const free = this.speaker.clientWidth - this.figure.offsetWidth;
    this.figure.style.left = `${Math.min(Math.max(x - this.figure.offsetWidth / 2, 0), Math.max(free, 0))}px`;
  }
}
