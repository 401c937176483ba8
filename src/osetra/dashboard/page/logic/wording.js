// What orders are, what they put at stake, and how far one has come, in words.
import { duration, nameText, number, oneLine, setting } from "./format.js";

/** @typedef {{verb: string, args: Record<string, any>}} Move */

export const VERBS = /** @type {Record<string, {label: string, does: string, button: string, heavy?: boolean}>} */ ({
  stop: { label: "Stop", does: "ends it and keeps the result so far", button: "Stop trial", heavy: true },
  pause: { label: "Pause", does: "waits at a checkpoint and frees its worker", button: "Pause trial" },
  resume: { label: "Go on", does: "lets a paused training go on", button: "Go on with trial" },
  set: { label: "Set", does: "changes a value from its next report on", button: "Set it in trial" },
  scale: { label: "Scale", does: "multiplies a value from its next report on", button: "Scale it in trial" },
  rollback: { label: "Roll back", does: "goes back to an earlier checkpoint at its next report", button: "Roll back trial", heavy: true },
  branch: { label: "Branch", does: "trains a changed configuration as a trial of its own", button: "Branch off trial" },
  promote: { label: "Promote", does: "passes the scheduler's next cut", button: "Promote trial" },
  extend: { label: "Extend", does: "trains on to a later step", button: "Extend trial" },
  note: { label: "Note", does: "remembers a sentence with this step", button: "Note it on trial" },
});

/**
 * Verbs that make sense for a state, and for how far a trial goes by itself: one that is trained to its end has no cut before it.
 * @param {string} state @param {string[]} allowed @param {{until?: number|null, scheduler?: string|null}} plan
 */
export function verbsFor(state, allowed, plan = { until: 0 }) {
  const ended = ["finished", "stopped", "diverged", "failed"].includes(state);
  return allowed.filter((verb) => {
    if (verb === "note" || verb === "branch") return true;
    if (ended) return false;
    if (verb === "extend") return plan.until != null;
    if (verb === "promote") return plan.until != null || plan.scheduler !== "full";
    if (verb === "resume") return state === "paused";
    if (verb === "pause") return state !== "paused";
    if (verb === "set" || verb === "scale" || verb === "rollback") return state === "running" || state === "paused";
    return true;
  });
}

/** An order's arguments behind its verb: "lr × 0.3", "to step 9". @param {string} verb @param {Record<string, any>} args */
export function orderText(verb, args) {
  const { step, until, trial, ...values } = args;
  const what = argsText(values);
  return [
    step != null && `${verb === "branch" ? "from" : "to"} step ${number(step)}`,
    trial != null && `of trial ${trial}`,
    "until" in args && (until == null ? "to its end" : `until step ${number(until)}`),
    verb === "scale" ? what.replaceAll(" = ", " × ") : what,
  ].filter(Boolean).join(", ");
}

/** "lr = 0.001, wd = 0" @param {Record<string, any>} args */
export function argsText(args) {
  return Object.entries(args)
    .filter(([, value]) => value !== "" && value != null)
    .map(([name, value]) => `${nameText(name)} = ${oneLine(setting(value), 60)}`)
    .join(", ");
}

/**
 * The sentence of a confirmation: what is done to what, and what is at stake.
 * @param {Move} move @param {{trial: number, state: string, steps?: number|null, of?: number|null, seconds?: number|null}} at
 */
export function stake(move, at) {
  const where = at.steps ? ` after ${number(at.steps)}${at.of ? ` of ${number(at.of)}` : ""} steps` : " before its first report";
  const spent = at.seconds ? ` (${duration(at.seconds)} of training)` : "";
  const { step, ...values } = move.args;
  const what = argsText(move.verb === "branch" ? values : move.args);
  const trial = `trial ${at.trial}`;
  switch (move.verb) {
    case "stop": return `stops ${trial}${where}${spent}; its result so far is kept`;
    case "pause": return `pauses ${trial}${where}; it waits at a checkpoint until it is told to go on`;
    case "resume": return `lets ${trial} go on${move.args.until ? ` until step ${number(move.args.until)}` : ""}`;
    case "set": return `sets ${what} in ${trial}, from its next report on`;
    case "scale": return `multiplies in ${trial}: ${what.replaceAll(" = ", " × ")}, from its next report on`;
    case "rollback": return rollbackText(move, at, trial);
    case "branch": return `queues a new trial like ${trial} with ${what || "changes"}${step === 0 ? ", from the beginning" : step ? `, from step ${number(step)}` : ""}`;
    case "promote": return `lets ${trial} pass the scheduler's next cut`;
    case "extend": return `trains ${trial} on to step ${number(move.args.until)}`;
    case "note": return `notes on ${trial}: “${move.args.text ?? ""}”`;
    default: return `${move.verb} ${trial} ${what}`.trim();
  }
}

/** What an edit of the space does. @param {Record<string, string>} params @param {Record<string, any>} was */
export function editStake(params, was) {
  const ranges = Object.entries(params).map(([name, text]) => `${nameText(name, 40)} = ${oneLine(text, 200)}`).join(", ");
  const before = argsText(was);
  return `searches ${ranges} from now on${before ? `, where trials so far had ${before}` : ""}`;
}

/** What a study is after: "minimizes val_error, latency and maximizes recall". @param {any} study */
export function goalText(study) {
  const all = study.objectives ?? [{ metric: study.metric, direction: study.direction }];
  const named = (/** @type {string} */ direction) => all.filter((/** @type {any} */ one) => one.direction === direction).map((/** @type {any} */ one) => nameText(one.metric, 40)).join(", ");
  return ["minimize", "maximize"].filter(named).map((direction) => `${direction}s ${named(direction)}`).join(" and ");
}

/** A text as a button or a sentence begins. @param {string} text @param {number} most */
export function sentence(text, most = 120) {
  const line = oneLine(text, most);
  return line.charAt(0).toUpperCase() + line.slice(1);
}

/** @param {Move} move @param {{steps?: number|null}} at @param {string} trial */
function rollbackText(move, at, trial) {
  const { step, ...values } = move.args;
  const to = step ? `step ${number(step)}` : "its best checkpoint";
  const lost = step && at.steps ? `; ${number(at.steps - step)} steps are given up` : "";
  const what = argsText(values);
  return `takes ${trial} back to ${to}${what ? ` with ${what}` : ""}${lost}`;
}

/**
 * How far an order has come: each stage with its time and how long it took since it was asked.
 * @param {any} order
 */
export function stages(order) {
  const asked = order.asked_at ?? order.asked ?? order.requested;
  const seen = order.seen_at ?? order.seen;
  const obeyed = order.obeyed_at ?? order.obeyed;
  const status = order.status ?? (obeyed ? "done" : seen ? "seen" : "requested");
  /** @type {{name: string, at: number|null, delay: number|null, done: boolean}[]} */
  const list = [{ name: "sent", at: asked, delay: null, done: true }];
  if (status === "refused" && String(order.result ?? "").startsWith("taken back")) {
    list.push({ name: "taken back", at: obeyed ?? null, delay: obeyed && asked ? obeyed - asked : null, done: true });
    return { list, status: "undone", pending: false };
  }
  const last = status === "refused" || status === "moot" ? status : "obeyed";
  const over = Boolean(obeyed) || status === "done" || status === "refused" || status === "moot";
  list.push({ name: "seen", at: seen ?? null, delay: seen && asked ? seen - asked : null, done: Boolean(seen) || over });
  list.push({ name: last, at: obeyed ?? null, delay: obeyed && asked ? obeyed - asked : null, done: over });
  return { list, status, pending: !over };
}

/** What a training's state is in a sentence. */
export const STATES = /** @type {Record<string, string>} */ ({
  queued: "waits for a worker",
  running: "a worker trains it",
  paused: "waits at a checkpoint until it is told to go on",
  finished: "was trained to its end",
  stopped: "was cut short",
  diverged: "its training blew up or never left chance level",
  failed: "its training broke, or it lost too many workers",
});
