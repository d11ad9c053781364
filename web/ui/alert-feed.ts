// <alert-feed hall sound>: alerts as they come, newest first. With `sound` a short tone for each new one.
import type { Alert } from "./events.js";
import { word } from "./words.js";

const SHOWN = 20;

class AlertFeed extends HTMLElement {
  #list = document.createElement("ul");

  connectedCallback(): void {
    this.#list.setAttribute("role", "log");
    this.#list.setAttribute("aria-label", word(this, "feed-label"));
    this.replaceChildren(this.#list);
    document.body.addEventListener("hallwatch:snapshot", this.#onSnapshot);
    document.body.addEventListener("hallwatch:alert", this.#onAlert);
  }

  disconnectedCallback(): void {
    document.body.removeEventListener("hallwatch:snapshot", this.#onSnapshot);
    document.body.removeEventListener("hallwatch:alert", this.#onAlert);
  }

  #onSnapshot = (event: Event): void => {
    const { alerts } = (event as CustomEvent<{ alerts: Alert[] }>).detail;
    this.#list.replaceChildren();
    [...alerts].sort((one, other) => one.raised_at.localeCompare(other.raised_at)).forEach((alert) => this.#show(alert));
  };

  #onAlert = (event: Event): void => {
    const alert = (event as CustomEvent<Alert>).detail;
    if (this.#show(alert) && this.hasAttribute("sound") && alert.state === "raised") beep();
  };

  /** Says whether it was not there before. */
  #show(alert: Alert): boolean {
    const hall = this.getAttribute("hall");
    if (hall && alert.hall_id !== hall) return false;
    const known = this.#list.querySelector<HTMLElement>(`[data-alert="${alert.id}"]`);
    const entry = known ?? document.createElement("li");
    entry.dataset["alert"] = String(alert.id);
    entry.dataset["state"] = alert.state;
    entry.replaceChildren(this.#link(alert));
    if (!known) this.#list.prepend(entry);
    while (this.#list.children.length > SHOWN) this.#list.lastElementChild?.remove();
    return !known;
  }

  #link(alert: Alert): HTMLAnchorElement {
    const link = document.createElement("a");
    link.href = alert.absence_id ? `/absences/${alert.absence_id}` : "/alerts";
    const time = new Date(alert.raised_at).toLocaleTimeString(document.documentElement.lang || undefined);
    link.textContent = word(this, `feed-${alert.kind}`, { place: alert.counter_id ?? alert.camera_id ?? "", time });
    return link;
  }
}

/** Fails silently until the user has touched the page, as browsers demand. */
function beep(): void {
  const context = new AudioContext();
  const tone = context.createOscillator();
  const volume = new GainNode(context, { gain: 0.08 });
  tone.connect(volume).connect(context.destination);
  tone.start();
  tone.stop(context.currentTime + 0.18);
  tone.onended = () => void context.close();
}

customElements.define("alert-feed", AlertFeed);
