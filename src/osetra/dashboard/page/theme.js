// The theme before anything is drawn: what was chosen here, else what the system prefers.

const KEY = "osetra theme";

/** @returns {"light"|"dark"|"system"} */
export function chosenTheme() {
  try {
    const stored = localStorage.getItem(KEY);
    return stored === "light" || stored === "dark" ? stored : "system";
  } catch {
    return "system";
  }
}

/** @param {"light"|"dark"|"system"} theme */
export function chooseTheme(theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Where nothing may be stored, the choice holds until the page is left.
  }
  applyTheme(theme);
}

/** @param {"light"|"dark"|"system"} theme @returns {boolean} whether it is dark */
export function applyTheme(theme = chosenTheme()) {
  const dark = theme === "system" ? matchMedia("(prefers-color-scheme: dark)").matches : theme === "dark";
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  return dark;
}

applyTheme();
