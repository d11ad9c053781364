/** A style sheet for a shadow root; made by script, so that the page's policy may forbid inline styles. */
export function sheet(text: string): CSSStyleSheet {
  const made = new CSSStyleSheet();
  made.replaceSync(text);
  return made;
}

/** Opens the element's shadow root once and fills it. */
export function shadow(element: HTMLElement, style: CSSStyleSheet, ...content: Node[]): ShadowRoot {
  const root = element.shadowRoot ?? element.attachShadow({ mode: "open" });
  root.adoptedStyleSheets = [style];
  root.replaceChildren(...content);
  return root;
}
