// One study as the page holds it: documents by name, kept up to date by events, told to whoever draws them.
import { mergePoints, mergeTrials, movesRanks, rankTrials } from "../logic/deltas.js";

/** @typedef {{value: any, error: any, loading: boolean, stamp: number}} Entry */
/** @typedef {import("./source.js").Source} Source */

/** How long a document that events do not carry may be old while it is looked at, in milliseconds. */
const FRESH = 4000;
/** The same for what somebody has just acted on, or what facts have just changed. */
const SOON = 500;
/** Documents that change with the trials. */
const DERIVED = /^(timeline|front|importance|slices|boxes|fidelity|history|parallel|contour|curves|trials\/)/;

export class StudyData {
  /** @param {Source} source @param {string} id */
  constructor(source, id) {
    this.source = source;
    this.id = id;
    this.root = `/api/studies/${encodeURIComponent(id)}`;
    /** @type {Map<string, Entry>} */
    this.entries = new Map();
    /** @type {Map<string, Set<() => void>>} */
    this.watchers = new Map();
    /** @type {Set<string>} */
    this.dirty = new Set();
    /** When which documents are fetched anew. @type {Map<string, {timer: number, at: number}>} */
    this.timers = new Map();
    this.frame = 0;
    this.cursor = "";
    this.connection = source.mode === "embedded" ? "file" : "opening";
    this.gone = "";
    this.lostAt = 0;
    this.stop = source.listen(`${this.root}/events`, () => this.cursor || this.version(), {
      event: (kind, data, id) => this.receive(kind, data, id),
      connection: (state) => this.connect(state),
      resumed: () => this.resume(),
      missed: () => this.refreshAll(),
    });
  }

  close() {
    this.stop();
    cancelAnimationFrame(this.frame);
    for (const { timer } of this.timers.values()) clearTimeout(timer);
    this.watchers.clear();
  }

  /** @returns {string} */
  version() {
    const versions = ["trials", "cockpit"].map((name) => this.entries.get(name)?.value?.version).filter((v) => v != null);
    return versions.length ? String(versions[0]) : "";
  }

  /** @param {string} name @returns {Entry} */
  entry(name) {
    return this.entries.get(name) ?? { value: null, error: null, loading: true, stamp: 0 };
  }

  /** Call `tell` whenever a document is new; fetches it where nobody has. @param {string} name @param {() => void} tell */
  watch(name, tell) {
    const set = this.watchers.get(name) ?? new Set();
    set.add(tell);
    this.watchers.set(name, set);
    const known = this.entries.get(name);
    if (!name.startsWith("@") && (!known || (known.error && !known.loading))) this.load(name);
    return () => {
      set.delete(tell);
    };
  }

  /** @param {string} name */
  async load(name) {
    const before = this.entries.get(name);
    this.entries.set(name, { value: before?.value ?? null, error: null, loading: true, stamp: before?.stamp ?? 0 });
    try {
      const value = await this.source.get(name === "study" ? this.root : `${this.root}/${name}`);
      this.put(name, value);
    } catch (error) {
      if (!this.entries.get(name)?.loading) return; // an event brought it meanwhile, and what is there stays
      this.entries.set(name, { value: before?.value ?? null, error, loading: false, stamp: Date.now() });
      this.touch(name);
    }
  }

  /** @param {string} name @param {any} value */
  put(name, value) {
    this.entries.set(name, { value, error: null, loading: false, stamp: Date.now() });
    this.touch(name);
  }

  /** Tell those who draw a document, all at once before the next frame. @param {string} name */
  touch(name) {
    this.dirty.add(name);
    if (!this.frame) this.frame = requestAnimationFrame(() => this.flush());
  }

  flush() {
    this.frame = 0;
    const told = new Set([...this.dirty].flatMap((name) => [...(this.watchers.get(name) ?? [])]));
    this.dirty.clear();
    for (const tell of told) tell();
  }

  /** @param {string} state */
  connect(state) {
    if (state === "lost" && this.connection !== "lost") this.lostAt = Date.now();
    const back = this.connection === "lost" && state === "open";
    this.connection = state;
    if (back) this.resume();
    this.touch("@connection");
  }

  /** @param {string} kind @param {any} data @param {string} id */
  receive(kind, data, id) {
    if (id) this.cursor = id;
    if (this.connection !== "open") this.connect("open");
    if (kind === "gone" || kind === "back") {
      this.gone = kind === "gone" ? data.text ?? "the store has disappeared" : "";
      this.touch("@connection");
      if (kind === "back") this.refreshAll();
    } else if (kind === "reset") this.refreshAll();
    else if (kind === "cockpit") {
      const known = this.entries.get("cockpit");
      if (!known) return; // whoever looks at it first fetches the whole
      const recent = data.recent ?? known.value?.recent;
      this.put("cockpit", { ...data, recent: recent ?? [] });
      if (!recent && !known.loading) this.refresh("cockpit");
    } else if (kind === "facts") this.facts(data);
    else if (kind === "points") this.points(data);
  }

  /** @param {any} data */
  facts(data) {
    const trials = this.entries.get("trials")?.value;
    const before = trials?.version;
    if (data.trials && trials) {
      const moved = movesRanks(trials, data.trials);
      const merged = mergeTrials(trials, data.trials);
      if (merged && moved) rankTrials(merged, this.entry("study").value?.direction === "maximize");
      this.put("trials", merged);
    }
    // Reports alone change nothing that is not told by events.
    if (data.version === before) return;
    const told = new Set((data.trials?.numbers ?? []).map((/** @type {number} */ trial) => `trials/${trial}`));
    for (const name of this.entries.keys()) if (DERIVED.test(name)) this.refresh(name, told.has(name) ? SOON : FRESH);
  }

  /** @param {any} event */
  points(event) {
    for (const [name, entry] of this.entries) {
      if (!name.startsWith("curves") || !entry.value) continue;
      const { changed, unknown } = mergePoints(entry.value, event);
      if (changed) this.touch(name);
      if (unknown.length && name.includes("trials=auto")) this.refresh(name);
    }
    for (const trial of Object.keys(event.curves ?? {})) if (this.entries.has(`trials/${trial}`)) this.refresh(`trials/${trial}`);
  }

  /** Fetch a document anew soon, if somebody looks at it, and not too often. @param {string} name @param {number} fresh how old it may be, in milliseconds */
  refresh(name, fresh = FRESH) {
    if (!this.watchers.get(name)?.size) {
      this.entries.delete(name);
      return;
    }
    const age = Date.now() - this.entry(name).stamp;
    const wait = Math.max(150, fresh - age) * (name.startsWith("curves") ? 0.5 : 1);
    const [known, at] = [this.timers.get(name), Date.now() + wait];
    if (known && known.at <= at) return;
    clearTimeout(known?.timer);
    const timer = setTimeout(() => {
      this.timers.delete(name);
      this.load(name);
    }, wait);
    this.timers.set(name, { timer, at });
  }

  /** Go on after a pause: the stream brings what is new of trials and curves; the cockpit comes when it changes. */
  resume() {
    if (!this.cursor) return this.refreshAll();
    for (const [name, entry] of this.entries) if (name === "cockpit" || entry.error) this.refresh(name);
    return undefined;
  }

  /** Fetch whatever is looked at: after a pause, events may have been missed. */
  refreshAll() {
    for (const name of this.entries.keys()) {
      if (this.watchers.get(name)?.size) this.load(name);
      else this.entries.delete(name);
    }
  }

  /** @param {string} path @param {any} body */
  async send(path, body) {
    const answer = await this.source.post(`${this.root}/${path}`, body);
    if (body.trial) this.refresh(`trials/${body.trial}`, 0);
    return answer;
  }
}
