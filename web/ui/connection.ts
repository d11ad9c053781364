// Says so when the page no longer hears of changes: what it shows may be old, and then it is shown as unknown.
import { word } from "./words.js";

const LOST_AFTER_MS = 5000;
const KNOWN = ["staffed", "unstaffed", "waiting"];
let waiting: number | undefined;

/** From now on a snapshot must come within five seconds. */
export function expectSnapshot(): void {
  waiting ??= window.setTimeout(showLost, LOST_AFTER_MS);
}

/** A snapshot has come. Parts that htmx renews hear of it by `hallwatch:back`, if the connection was lost. */
export function snapshotCame(): void {
  clearTimeout(waiting);
  waiting = undefined;
  if (!("lost" in document.body.dataset)) return;
  delete document.body.dataset["lost"];
  for (const banner of banners()) banner.hidden = true;
  document.body.dispatchEvent(new CustomEvent("hallwatch:back", { bubbles: true }));
}

function showLost(): void {
  document.body.dataset["lost"] = "";
  for (const banner of banners()) banner.hidden = false;
  document.querySelectorAll<HTMLElement>("[data-counter]").forEach(forget);
}

function banners(): NodeListOf<HTMLElement> {
  return document.querySelectorAll<HTMLElement>("[data-connection]");
}

function forget(place: HTMLElement): void {
  place.dataset["state"] = "unknown";
  delete place.dataset["customer"];
  for (const chip of place.querySelectorAll<HTMLElement>(".chip")) {
    if (!KNOWN.includes(chip.dataset["state"] ?? "")) continue;
    // Nobody knows whether a customer waits; one chip says so for both.
    if (chip.dataset["state"] === "waiting") chip.hidden = true;
    chip.dataset["state"] = "unknown";
    chip.textContent = word(chip, "unknown");
  }
  for (const since of place.querySelectorAll<HTMLElement>(".since")) since.hidden = true;
}
