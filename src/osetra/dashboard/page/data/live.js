// Documents from the server, and its events: one stream per browser, none while the page is hidden.

/** @typedef {import("./source.js").Source} Source */
/** @typedef {import("./source.js").Handlers} Handlers */

const KINDS = /** @type {const} */ (["facts", "points", "cockpit", "gone", "back", "reset"]);
const FIRST_WAIT = 500;
const LONGEST_WAIT = 10_000;
/** How long it takes at most to get the stream when nobody has it, in milliseconds. */
const TURN = 400;

/** A refusal by the server, with its sentence. */
export class Refusal extends Error {
  /** @param {string} message @param {number} status */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** @param {string} root where the server's paths begin @returns {Source} */
export function liveSource(root) {
  /** @param {string} path @param {RequestInit} [options] */
  const ask = async (path, options) => {
    let response;
    try {
      response = await fetch(root + path.replace(/^\//, ""), { credentials: "same-origin", cache: "no-store", ...options });
    } catch {
      throw new Refusal("the server does not answer", 0);
    }
    const text = await response.text();
    const document = parsed(text);
    if (!response.ok) throw new Refusal(document?.error ?? `the server answered ${response.status}`, response.status);
    if (document === undefined) throw new Refusal("the server's answer is no document", response.status);
    return document;
  };
  return {
    mode: "live",
    start: "",
    get: (path) => ask(path),
    post: (path, body) => ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
    listen: (path, after, handlers) => shared(root, path, after, handlers),
  };
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Hear the events of a path while the page is visible. The pages of one browser share a stream: whoever holds the lock
 * reads it and passes it on, since a browser opens no more than six to one host.
 * @param {string} root @param {string} path @param {() => string} after @param {Handlers} handlers
 */
function shared(root, path, after, handlers) {
  const channel = "BroadcastChannel" in window ? new BroadcastChannel(`osetra ${path}`) : null;
  /** @type {(() => void)|null} */
  let release = null;
  /** @type {AbortController|null} */
  let waiting = null;

  const hear = (/** @type {string} */ kind, /** @type {any} */ data, /** @type {string} */ id) => handlers.event(kind, data, id);
  const tell = (/** @type {string} */ state) => handlers.connection(state);
  if (channel) {
    channel.onmessage = ({ data }) => (data.state ? tell(data.state) : hear(data.kind, data.data, data.id));
  }
  const begin = () => {
    const stop = stream(root + path.replace(/^\//, ""), after, {
      event: (kind, data, id) => {
        hear(kind, data, id);
        channel?.postMessage({ kind, data, id });
      },
      connection: (state) => {
        tell(state);
        channel?.postMessage({ state });
      },
    });
    return stop;
  };
  const start = () => {
    if (release || waiting) return;
    if (!navigator.locks || !channel) {
      release = begin();
      return;
    }
    waiting = new AbortController();
    const mine = waiting;
    navigator.locks
      .request(`osetra ${path}`, { signal: mine.signal }, () => new Promise((/** @type {(value: void) => void} */ done) => {
        const stop = begin();
        release = () => {
          stop();
          done();
        };
      }))
      .catch(() => {});
  };
  const stop = () => {
    waiting?.abort();
    release?.();
    waiting = release = null;
  };
  const look = () => {
    if (document.hidden) return stop();
    start();
    // Whoever holds the stream goes on where it left; the others may have missed something.
    return setTimeout(() => (release ? handlers.resumed() : handlers.missed()), TURN);
  };
  document.addEventListener("visibilitychange", look);
  if (!document.hidden) start();
  return () => {
    document.removeEventListener("visibilitychange", look);
    stop();
    channel?.close();
  };
}

/**
 * Read one stream, and begin anew where it breaks: at once, then ever more slowly.
 * @param {string} url @param {() => string} after
 * @param {{event: Handlers["event"], connection: Handlers["connection"]}} handlers
 */
function stream(url, after, handlers) {
  /** @type {EventSource|null} */
  let source = null;
  let timer = 0;
  let wait = FIRST_WAIT;
  let last = "";
  const open = () => {
    const cursor = last || after();
    source = new EventSource(`${url}${cursor ? `?after=${encodeURIComponent(cursor)}` : ""}`);
    source.onopen = () => {
      wait = FIRST_WAIT;
      handlers.connection("open");
    };
    source.onerror = again;
    for (const kind of KINDS) source.addEventListener(kind, (event) => receive(kind, /** @type {MessageEvent} */ (event)));
  };
  const receive = (/** @type {string} */ kind, /** @type {MessageEvent} */ event) => {
    last = event.lastEventId || last;
    const data = parsed(event.data);
    if (data !== undefined) handlers.event(kind, data, last);
  };
  const again = () => {
    source?.close();
    handlers.connection("lost");
    clearTimeout(timer);
    // A share of the wait is left to chance, so that a hundred pages do not come back at one moment.
    timer = setTimeout(open, wait * (0.7 + 0.6 * Math.random()));
    wait = Math.min(LONGEST_WAIT, wait * 1.8);
  };
  open();
  return () => {
    clearTimeout(timer);
    source?.close();
  };
}
