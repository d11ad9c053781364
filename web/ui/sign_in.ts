// After a wrong password the name is still there, and only the password has to be typed again. The name stays in this tab.
const NAME = "signing-in-as";

export function keepName(form: HTMLFormElement): void {
  const name = form.elements.namedItem("name") as HTMLInputElement;
  const password = form.elements.namedItem("password") as HTMLInputElement;
  const typed = sessionStorage.getItem(NAME);
  sessionStorage.removeItem(NAME);
  if (typed && form.querySelector("[role=alert]")) {
    name.value = typed;
    password.focus();
  }
  form.addEventListener("submit", () => sessionStorage.setItem(NAME, name.value));
}
