/** The token that changing requests repeat; templates put it into the page's head. */
export function csrfHeaders(): Record<string, string> {
  const token = document.querySelector<HTMLMetaElement>('meta[name="csrf"]')?.content;
  return token ? { "X-CSRF-Token": token } : {};
}
