// Orders of a trial: sent, seen, obeyed, each with its delay; what nobody has seen yet can be taken back.
import { html } from "../lib.js";
import { useApp } from "../data/hooks.js";
import { clock, duration, moment, oneLine, plural } from "../logic/format.js";
import { orderText, stages, VERBS } from "../logic/wording.js";
import { undoOrder } from "./ordering.js";

/** @param {{trial: any, now: number, most?: number}} props */
export function Orders({ trial, now, most = 12 }) {
  const orders = [...trial.orders].reverse().slice(0, most);
  return html`<section class="sheet"><header><h2>Orders<small>${trial.orders.length}</small></h2></header><div class="inside">
    <ol class="orders">${orders.map((order) => html`<${Order} key=${order.number} order=${order} trial=${trial} now=${now} />`)}</ol>
    ${trial.orders.length > most && html`<p class="muted">and ${plural(trial.orders.length - most, "earlier one")}</p>`}</div></section>`;
}

/** @param {{order: any, trial: any, now: number}} props */
function Order({ order, trial, now }) {
  const app = useApp();
  const verb = order.verb ?? order.order;
  const { list, status, pending } = stages(order);
  const undo = !app.readOnly && (trial.pending_undo ?? []).includes(order.number);
  const who = order.by === "scheduler" ? `${oneLine(order.actor, 40)}, the scheduler` : order.by === "autopilot" ? "the autopilot" : oneLine(order.actor, 60) || "somebody";
  return html`<li class=${`order ${status}`}>
    <div class="order-what"><strong>${VERBS[verb]?.label ?? verb}</strong> <span>${verb === "note" ? html`<q class="wrap-any">${oneLine(order.args.text, 300)}</q>` : orderText(verb, order.args)}</span>
      ${" "}<span class="muted">by ${who}</span>${undo && html` <button type="button" class="small quiet" onClick=${() => undoOrder(app, trial.trial, order.number)}>Take it back</button>`}</div>
    <ol class="stages" aria-label="How far it has come">${list.map((stage) => html`<li key=${stage.name} class=${stage.done ? "done" : "open"} title=${stage.at ? moment(stage.at) : ""}>
      <i aria-hidden="true" />${stage.name}${stage.delay != null ? html` <span class="muted">+${duration(Math.max(0, stage.delay))}</span>` : stage.at && stage.name === "sent" ? html` <span class="muted">${clock(stage.at, now)}</span>` : ""}</li>`)}</ol>
    ${(order.why || order.result) && html`<p class="muted wrap-any">${oneLine(pending ? order.result : order.why || order.result, 400)}</p>`}</li>`;
}
