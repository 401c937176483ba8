// Orders on their way: asked with what is at stake, sent once, and told how far they have come.
import { editStake, sentence, stake, VERBS } from "../logic/wording.js";

/** @typedef {import("../data/hooks.js").App} App */

/** What is known of a trial for a confirmation. @param {App} app @param {number} trial */
export function atStake(app, trial) {
  const table = app.data?.entry("trials").value;
  const row = table?.numbers.indexOf(trial) ?? -1;
  const running = app.data?.entry("cockpit").value?.running?.find((/** @type {any} */ one) => one.trial === trial);
  const study = app.data?.entry("study").value;
  return {
    trial,
    state: table?.state[row] ?? "running",
    steps: running?.step ?? table?.steps?.[row] ?? null,
    of: running?.of ?? study?.steps ?? null,
    seconds: table?.seconds?.[row] ?? null,
  };
}

/**
 * Ask before an order is given; the key makes it one order however often it is sent.
 * @param {App} app @param {number} trial @param {string} verb @param {Record<string, any>} args @param {string} why
 */
export function askOrder(app, trial, verb, args = {}, why = "") {
  const key = newKey();
  app.ask({
    title: `${VERBS[verb]?.label ?? verb} — trial ${trial}`,
    text: stake({ verb, args }, atStake(app, trial)),
    yes: `${VERBS[verb]?.button ?? verb} ${trial}`,
    heavy: VERBS[verb]?.heavy,
    act: (/** @type {string} */ typed) => sendOrder(app, trial, verb, args, typed || why, key),
  });
}

/** @param {App} app @param {number} trial @param {string} verb @param {Record<string, any>} args @param {string} why @param {string} key */
export async function sendOrder(app, trial, verb, args, why = "", key = newKey()) {
  const answer = await app.data?.send("orders", { trial, verb, args, why, key });
  // Where one training fills the screen, its orders stand below the curve.
  if (app.route.view !== "panda") app.say(`Sent. It ${stake({ verb, args }, atStake(app, trial))}.`);
  return answer;
}

/** @param {App} app @param {Record<string, any>} config @param {string} text */
export function askQueue(app, config, text) {
  const key = newKey();
  app.ask({
    title: "Queue a trial",
    text,
    yes: "Queue it",
    why: false,
    act: async () => {
      const answer = await app.data?.send("queue", { config, key });
      app.say(`queued as trial ${answer?.trial}; the next free worker takes it`);
      app.go({ study: app.route.study, view: answer?.trial ? "trial" : "trials", arg: answer?.trial ? String(answer.trial) : "" });
    },
  });
}

/** @param {App} app @param {number} trials @param {string} text */
function askTarget(app, trials, text) {
  app.ask({
    title: "Change the total",
    text,
    yes: `Make it ${trials} trials`,
    why: false,
    act: async () => {
      await app.data?.send("target", { trials });
      await app.data?.load("study");
      app.say(`the study now ends after ${trials} trials`);
    },
  });
}

/** @param {App} app @param {any} move @param {string} why */
function askEdit(app, move, why) {
  const key = newKey();
  const { params, was = {} } = move.args;
  app.ask({
    title: "Change what is searched",
    text: `${editStake(params, was)}; trials so far stay, and those whose values lie outside teach the search no more`,
    yes: sentence(move.text),
    act: async (/** @type {string} */ typed) => {
      const answer = await app.data?.send("space", { params, was, why: typed || why, key });
      await app.data?.load("study");
      app.say(`the space is changed: ${answer?.changes?.join("; ") ?? ""}`);
    },
  });
}

/** @param {App} app @param {any} move @param {string} why */
export function askMove(app, move, why) {
  if (move.verb === "target") return askTarget(app, Number(move.args.trials), why);
  if (move.verb === "edit") return askEdit(app, move, why);
  if (move.verb === "enqueue") return askQueue(app, move.args?.config ?? move.args, `queues a trial: ${move.text}`);
  return askOrder(app, move.trial, move.verb, move.args ?? {}, why);
}

/** @param {App} app @param {number} trial @param {number} number */
export async function undoOrder(app, trial, number) {
  try {
    await app.data?.send("orders/undo", { trial, number });
    app.say("taken back: nobody had seen it");
  } catch (error) {
    app.say(/** @type {Error} */ (error).message, "error");
    app.data?.refresh(`trials/${trial}`, 0);
  }
}

/** A key that no other order has, for browsers on plain HTTP too. */
export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
