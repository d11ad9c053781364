// Words for the elements: an attribute of the element, else the page's list of translated words.

let listed: Record<string, string> | null = null;

function pageWords(): Record<string, string> {
  if (!listed) {
    const source = document.getElementById("element-words")?.textContent;
    listed = source ? (JSON.parse(source) as Record<string, string>) : {};
  }
  return listed;
}

/** The text for `key`, with `{name}` filled in; the key itself if nobody has given a text. */
export function word(element: Element, key: string, values: Record<string, string | number> = {}): string {
  const text = element.getAttribute(`text-${key}`) ?? pageWords()[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
