// The newest still of a camera and how old it is; while there is none, it is asked for again.
import { word } from "../words.js";

const AGAIN_MS = 3000;
const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

export class NewestStill {
  readonly picture = document.createElement("div");
  readonly age = document.createElement("p");
  #speaker: Element;
  #image = new Image();
  #timer = 0;
  #asking = false;
  /** On the page's own clock. */
  #takenAt: number | null = null;

  /** `speaker` has the attributes `image`, its address, and `label`. */
  constructor(speaker: Element) {
    this.#speaker = speaker;
    this.#image.alt = speaker.getAttribute("label") ?? "";
    this.age.className = "age";
    this.picture.className = "picture";
    this.picture.setAttribute("role", "status");
  }

  start(): void {
    this.#timer = window.setInterval(() => this.#beat(), AGAIN_MS);
    this.#beat();
  }

  stop(): void {
    clearInterval(this.#timer);
    URL.revokeObjectURL(this.#image.src);
  }

  /** Nobody waits for a picture on a page that nobody sees. */
  #beat(): void {
    if (document.hidden) return;
    if (this.#takenAt !== null) this.#tellAge(this.#takenAt);
    else if (!this.#asking) void this.#ask();
  }

  /** A newer one, as base64, that somebody else has fetched. */
  showNewer(jpeg: string, ageS: number): void {
    if (!jpeg) return;
    this.#put(`data:image/jpeg;base64,${jpeg}`, ageS * 1000);
  }

  async #ask(): Promise<void> {
    this.#asking = true;
    const answer = await fetch(this.#speaker.getAttribute("image") ?? "").catch(() => null);
    if (answer?.ok) this.#show(await answer.blob(), answer.headers);
    else this.#say();
    this.#asking = false;
  }

  #show(jpeg: Blob, headers: Headers): void {
    // Both by the server's clock: the reader's may be wrong.
    const age = Date.parse(headers.get("Date") ?? "") - Date.parse(headers.get("Last-Modified") ?? "");
    this.#put(URL.createObjectURL(jpeg), age);
  }

  #put(address: string, ageMs: number): void {
    URL.revokeObjectURL(this.#image.src);
    this.#image.src = address;
    if (this.#image.parentElement !== this.picture) this.picture.replaceChildren(this.#image);
    this.#takenAt = performance.now() - ageMs;
    this.#tellAge(this.#takenAt);
  }

  #say(): void {
    if (this.picture.firstChild) return;
    this.picture.append(Object.assign(document.createElement("p"), { className: "no-still", textContent: word(this.#speaker, "no-still-yet") }));
  }

  #tellAge(takenAt: number): void {
    this.age.textContent = word(this.#speaker, "still-age", { age: ageText((performance.now() - takenAt) / 1000) });
  }
}

/** In the largest unit that fits, e.g. 3 minutes ago. */
function ageText(seconds: number): string {
  const whole = Math.max(Math.round(seconds), 0);
  const [unit, length] = UNITS.find(([, length]) => whole >= length) ?? ["second", 1];
  return new Intl.RelativeTimeFormat(document.documentElement.lang).format(-Math.floor(whole / length), unit);
}
