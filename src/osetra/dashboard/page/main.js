// The page begins here.
import { html, render } from "./lib.js";
import { App } from "./parts/app.js";
import { openSource } from "./data/source.js";

const place = document.getElementById("page");
if (place) {
  place.textContent = "";
  render(html`<${App} source=${openSource()} />`, place);
}
