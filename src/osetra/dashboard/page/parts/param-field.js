// One hyperparameter in a form: a number with a slider on its own scale, or one of its options.
import { html, useEffect, useState } from "../lib.js";
import { exact, nameText, oneLine, setting, typable } from "../logic/format.js";
import { beliefText, fromSlider, isNumeric, rangeText, readValue, toSlider } from "../logic/params.js";

/** @param {{param: any, value: any, onChange: (value: any) => void, mark?: string, beyond?: boolean}} props `beyond` where one may leave the searched range */
export function ParamField({ param, value, onChange, mark = "", beyond = false }) {
  const label = html`<span class="param-label"><b class="wrap-any" title=${param.label ?? param.name}>${nameText(param.label ?? param.name, 40)}</b> <small>${oneLine(rangeText(param), 120)}</small>${param.belief && html` <small class="belief">${beliefText(param)}</small>`}${mark && html` <span class="tag changed">${mark}</span>`}</span>`;
  if (param.kind === "constant") return html`<div class="field">${label}<span>${setting(value)}</span></div>`;
  if (isNumeric(param)) return html`<${NumberField} param=${param} value=${value} onChange=${onChange} label=${label} beyond=${beyond} />`;
  const options = param.values ?? [];
  const pick = (/** @type {number} */ i) => onChange(options[i]);
  const at = options.findIndex((/** @type {any} */ one) => exact(one) === exact(value));
  if (options.length <= 6) {
    return html`<fieldset class="field options"><legend>${label}</legend><span class="segments" role="group">${options.map((/** @type {any} */ one, /** @type {number} */ i) => html`<button key=${i} type="button" aria-pressed=${i === at ? "true" : "false"} onClick=${() => pick(i)}>${oneLine(setting(one), 40)}</button>`)}</span></fieldset>`;
  }
  return html`<label class="field">${label}<select value=${at} onChange=${(/** @type {any} */ e) => pick(Number(e.target.value))}>${options.map((/** @type {any} */ one, /** @type {number} */ i) => html`<option key=${i} value=${i}>${oneLine(setting(one), 60)}</option>`)}</select></label>`;
}

/** @param {{param: any, value: any, onChange: (value: any) => void, label: any, beyond: boolean}} props */
function NumberField({ param, value, onChange, label, beyond }) {
  const [text, setText] = useState(typable(value));
  useEffect(() => {
    if (readValue(param, text).value !== value) setText(typable(value));
  }, [value]);
  const { problem, outside } = readValue(param, text === typable(value) ? value : text);
  const wrong = problem && !(beyond && outside);
  const type = (/** @type {any} */ e) => {
    setText(e.target.value);
    onChange(readValue(param, e.target.value).value);
  };
  const slide = (/** @type {any} */ e) => {
    const next = fromSlider(param, Number(e.target.value));
    setText(typable(next));
    onChange(next);
  };
  return html`<label class="field">${label}<span class="number-field">
    <input inputmode="decimal" title=${exact(value)} value=${text} aria-invalid=${wrong ? "true" : undefined} onInput=${type} />
    <input type="range" min="0" max="1000" value=${toSlider(param, value)} aria-label=${`${nameText(param.name)}, on its scale`} onInput=${slide} /></span>
    ${problem && html`<span class=${wrong ? "problem" : "muted"}>${wrong ? problem : `beyond what is searched, ${problem}; a training that cannot use it refuses it`}</span>`}</label>`;
}
