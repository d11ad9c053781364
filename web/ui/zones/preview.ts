// Whom the detector sees now, drawn over the picture of the zone editor; asked for by the zones as they are drawn.
import { csrfHeaders } from "../csrf.js";
import { word } from "../words.js";

/** The server lets one person ask about once in two seconds. */
const EVERY_MS = 4000;
const AFTER_CHANGE_MS = 700;
const TOO_OFTEN = 429;
const REFUSALS: Record<number, string> = { 404: "no-still-yet", 422: "preview-crossed", 503: "preview-unavailable" };
const NO_ZONE = "no_zone";

/** Its corners left, top, right and bottom are shares of the picture. */
type Seen = { box: [number, number, number, number]; score: number; counts: boolean; staff: boolean; customer: boolean };
type Answer = {
  age_s: number;
  detector: string;
  staff_count: number | null;
  customer_count: number | null;
  reason: string;
  people: Seen[];
  jpeg: string;
};

export type Drawn = { staff_zone: unknown; customer_zone: unknown; staff_inside: string; customer_inside: string };

export class Preview {
  readonly people = document.createElement("div");
  readonly told = document.createElement("p");
  readonly button = document.createElement("button");
  #speaker: Element;
  #drawn: () => Drawn;
  #show: (jpeg: string, ageS: number) => void;
  #timer = 0;
  #asking = false;

  /** `speaker` has the attribute `preview`, the address; `show` is given each new picture and its age. */
  constructor(speaker: Element, drawn: () => Drawn, show: (jpeg: string, ageS: number) => void) {
    this.#speaker = speaker;
    this.#drawn = drawn;
    this.#show = show;
    this.people.className = "people";
    this.told.className = "told";
    this.told.setAttribute("role", "status");
    this.button.type = "button";
    this.button.textContent = word(speaker, "preview");
    this.button.setAttribute("aria-pressed", "false");
    this.button.addEventListener("click", () => this.#turn());
  }

  get #isOn(): boolean {
    return this.button.getAttribute("aria-pressed") === "true";
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.button.setAttribute("aria-pressed", "false");
  }

  /** What counts has changed. */
  changed(): void {
    if (this.#isOn) this.#askIn(AFTER_CHANGE_MS);
  }

  #turn(): void {
    if (this.#isOn) {
      this.stop();
      this.people.replaceChildren();
      this.told.textContent = "";
      return;
    }
    this.button.setAttribute("aria-pressed", "true");
    this.told.textContent = word(this.#speaker, "preview-asking");
    this.#askIn(0);
  }

  #askIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => void this.#ask(), ms);
  }

  async #ask(): Promise<void> {
    if (document.hidden || this.#asking) return this.#askIn(EVERY_MS);
    this.#asking = true;
    const answer = await fetch(this.#speaker.getAttribute("preview") ?? "", {
      method: "POST",
      headers: { ...csrfHeaders(), "Content-Type": "application/json" },
      body: JSON.stringify({ ...this.#drawn(), with_picture: true }),
    }).catch(() => null);
    if (this.#isOn) await this.#take(answer);
    this.#asking = false;
  }

  async #take(answer: Response | null): Promise<void> {
    if (answer?.ok) this.#draw((await answer.json()) as Answer);
    else if (answer?.status !== TOO_OFTEN) this.#refused(REFUSALS[answer?.status ?? 0] ?? "preview-failed");
    this.#askIn(EVERY_MS);
  }

  #refused(why: string): void {
    this.people.replaceChildren();
    this.told.textContent = word(this.#speaker, why);
  }

  #draw(answer: Answer): void {
    this.#show(answer.jpeg, answer.age_s);
    this.people.replaceChildren(...answer.people.map((one) => this.#person(one)));
    const counts = { staff: said(answer.staff_count), customers: said(answer.customer_count), detector: answer.detector };
    const blind = answer.reason && answer.reason !== NO_ZONE;
    const nowhere = answer.staff_count === null && answer.customer_count === null;
    const found = nowhere ? word(this.#speaker, "preview-no-zone") : word(this.#speaker, "preview-told", counts);
    const told = blind ? word(this.#speaker, `unseen-${answer.reason}`) : found;
    // What is said again in the same words would be read aloud again.
    if (this.told.textContent !== told) this.told.textContent = told;
  }

  #person(one: Seen): HTMLElement {
    const [x0, y0, x1, y1] = one.box;
    const box = document.createElement("div");
    box.className = ["person", one.staff ? "is-staff" : "", one.customer ? "is-customer" : "", one.counts ? "" : "weak"].join(" ");
    box.style.inset = `${y0 * 100}% ${(1 - x1) * 100}% ${(1 - y1) * 100}% ${x0 * 100}%`;
    const kind = one.staff ? "preview-staff" : one.customer ? "preview-customer" : one.counts ? "preview-outside" : "preview-weak";
    box.append(Object.assign(document.createElement("span"), { textContent: `${word(this.#speaker, kind)} ${Math.round(one.score * 100)} %` }));
    return box;
  }
}

function said(count: number | null): string {
  return count === null ? "–" : String(count);
}
