/** A part of a page that renews itself: `at` is new with each renewal. Without one for `seconds` it has the attribute
 *  `stale`, and what it says of now is hidden by the sheet. */
class FreshPart extends HTMLElement {
  static readonly observedAttributes = ["at"];
  private timer = 0;

  connectedCallback(): void {
    this.begin();
  }

  disconnectedCallback(): void {
    window.clearTimeout(this.timer);
  }

  attributeChangedCallback(): void {
    if (this.isConnected) this.begin();
  }

  private begin(): void {
    window.clearTimeout(this.timer);
    this.removeAttribute("stale");
    const seconds = Number(this.getAttribute("seconds") ?? "60");
    this.timer = window.setTimeout(() => this.setAttribute("stale", ""), 1000 * seconds);
  }
}

customElements.define("fresh-part", FreshPart);
