// Filter expressions of the trials table: `lr<1e-3 and state=finished`, with the place of every mistake.

/** @typedef {{kind: string, text: string, value: any, at: number}} Token */
/** @typedef {(get: (name: string) => any) => boolean} Test */
/** @typedef {{ok: true, test: Test, names: string[]} | {ok: false, message: string, at: number, length: number}} Parsed */

const OPERATORS = ["<=", ">=", "!=", "==", "=", "<", ">", "~"];
const WORDS = new Set(["and", "or", "not", "in"]);

/** What is wrong with an expression, and where. */
class Mistake extends Error {
  /** @param {string} message @param {number} at @param {number} length */
  constructor(message, at, length) {
    super(message);
    this.at = at;
    this.length = Math.max(1, length);
  }
}

/**
 * Return a test of an expression, or what is wrong with it and where.
 * @param {string} text
 * @param {string[]} names what may be compared
 * @returns {Parsed}
 */
export function parseFilter(text, names) {
  try {
    const tokens = tokenize(text);
    if (tokens.length === 1) return { ok: true, test: () => true, names: [] };
    const parser = new Parser(tokens, names);
    const test = parser.either();
    parser.end();
    return { ok: true, test, names: [...parser.used] };
  } catch (error) {
    if (!(error instanceof Mistake)) throw error;
    return { ok: false, message: error.message, at: error.at, length: error.length };
  }
}

/** @param {string} text @returns {Token[]} */
export function tokenize(text) {
  /** @type {Token[]} */
  const tokens = [];
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at);
    const space = /^\s+/.exec(rest);
    if (space) {
      at += space[0].length;
      continue;
    }
    const token = tokenAt(rest, at);
    tokens.push(token);
    at += token.text.length;
  }
  tokens.push({ kind: "end", text: "", value: null, at: text.length });
  return tokens;
}

/** @param {string} rest @param {number} at @returns {Token} */
function tokenAt(rest, at) {
  const operator = OPERATORS.find((one) => rest.startsWith(one));
  if (operator) return { kind: "operator", text: operator, value: operator === "==" ? "=" : operator, at };
  if ("(),".includes(rest[0])) return { kind: rest[0], text: rest[0], value: rest[0], at };
  if (rest[0] === '"' || rest[0] === "'") {
    const end = rest.indexOf(rest[0], 1);
    if (end < 0) throw new Mistake(`the quote ${rest[0]} is never closed`, at, rest.length);
    return { kind: "text", text: rest.slice(0, end + 1), value: rest.slice(1, end), at };
  }
  const number = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?(?![\p{L}\p{N}_.])/u.exec(rest);
  if (number) return { kind: "number", text: number[0], value: Number(number[0]), at };
  const word = /^[\p{L}\p{N}_][\p{L}\p{N}_.:/\-@]*/u.exec(rest);
  if (word) {
    const low = word[0].toLowerCase();
    const kind = WORDS.has(low) ? low : "word";
    return { kind, text: word[0], value: word[0], at };
  }
  throw new Mistake(`“${rest[0]}” means nothing here`, at, 1);
}

/** Recursive descent: either := both (or both)*; both := one (and one)*; one := not one | (either) | comparison. */
class Parser {
  /** @param {Token[]} tokens @param {string[]} names */
  constructor(tokens, names) {
    this.tokens = tokens;
    this.names = new Map(names.map((name) => [name.toLowerCase(), name]));
    this.at = 0;
    /** @type {Set<string>} */
    this.used = new Set();
  }

  get now() {
    return this.tokens[this.at];
  }

  /** @param {string} kind */
  take(kind) {
    if (this.now.kind !== kind) return null;
    this.at += 1;
    return this.tokens[this.at - 1];
  }

  /** @returns {Test} */
  either() {
    const parts = [this.both()];
    while (this.take("or")) parts.push(this.both());
    return parts.length === 1 ? parts[0] : (get) => parts.some((part) => part(get));
  }

  /** @returns {Test} */
  both() {
    const parts = [this.one()];
    while (this.take("and")) parts.push(this.one());
    return parts.length === 1 ? parts[0] : (get) => parts.every((part) => part(get));
  }

  /** @returns {Test} */
  one() {
    if (this.take("not")) {
      const part = this.one();
      return (get) => !part(get);
    }
    const open = this.take("(");
    if (open) {
      const part = this.either();
      if (!this.take(")")) throw new Mistake("this bracket is never closed", open.at, 1);
      return part;
    }
    return this.comparison();
  }

  /** @returns {Test} */
  comparison() {
    const first = this.operand("a name such as lr is needed here");
    if (this.now.kind === "in" || (this.now.kind === "not" && this.tokens[this.at + 1].kind === "in")) {
      return this.membership(first);
    }
    if (this.now.kind !== "operator") {
      const shown = first.text || "this";
      throw new Mistake(`${shown} has to be compared: ${shown} < 1, ${shown} = 1 …`, first.at, first.text.length);
    }
    /** @type {Test[]} */
    const parts = [];
    let left = first;
    while (this.now.kind === "operator") {
      const operator = /** @type {Token} */ (this.take("operator"));
      const right = this.operand(`a value is needed after ${operator.text}`);
      parts.push(this.compared(left, operator, right));
      left = right;
    }
    return parts.length === 1 ? parts[0] : (get) => parts.every((part) => part(get));
  }

  /** @param {Token} first @returns {Test} */
  membership(first) {
    const negated = Boolean(this.take("not"));
    this.take("in");
    const name = this.name(first);
    const open = this.take("(");
    if (!open) throw new Mistake("a list is needed after in: in (a, b)", this.now.at, this.now.text.length);
    /** @type {any[]} */
    const values = [];
    do values.push(this.operand("a value is needed here").value);
    while (this.take(","));
    if (!this.take(")")) throw new Mistake("this list is never closed", open.at, 1);
    return (get) => values.some((value) => equals(get(name), value)) !== negated;
  }

  /** @param {string} message @returns {Token} */
  operand(message) {
    const token = this.take("word") ?? this.take("number") ?? this.take("text");
    if (!token) throw new Mistake(message, this.now.at, this.now.text.length);
    return token;
  }

  /** @param {Token} token @returns {string} */
  name(token) {
    const known = token.kind === "number" ? undefined : this.names.get(String(token.value).toLowerCase());
    if (known === undefined) {
      const close = nearest(String(token.value), [...this.names.values()]);
      const hint = close ? `; did you mean ${close}?` : "";
      throw new Mistake(`there is no ${token.text} here${hint}`, token.at, token.text.length);
    }
    this.used.add(known);
    return known;
  }

  /** @param {Token} left @param {Token} operator @param {Token} right @returns {Test} */
  compared(left, operator, right) {
    const leftNamed = left.kind !== "number" && this.names.has(String(left.value).toLowerCase());
    if (!leftNamed && (right.kind !== "word" || left.kind === "word")) this.name(left);
    const [token, other, sign] = leftNamed ? [left, right, operator.value] : [right, left, turned(operator.value)];
    const name = this.name(token);
    const value = other.value;
    const otherName = other.kind === "word" ? this.names.get(String(value).toLowerCase()) : undefined;
    if (otherName !== undefined && otherName !== name) {
      this.used.add(otherName);
      return (get) => holds(get(name), sign, get(otherName));
    }
    return (get) => holds(get(name), sign, value);
  }

  end() {
    if (this.now.kind === "end") return;
    const hint = this.now.kind === ")" ? "this bracket was never opened" : `and or or is needed before ${this.now.text}`;
    throw new Mistake(hint, this.now.at, this.now.text.length);
  }
}

/** @param {string} operator */
function turned(operator) {
  return { "<": ">", ">": "<", "<=": ">=", ">=": "<=" }[operator] ?? operator;
}

/** @param {any} mine @param {any} value */
function equals(mine, value) {
  if (mine == null) return value === "null" || value === "none";
  if (typeof mine === "number") return mine === Number(value);
  return String(mine).toLowerCase() === String(value).toLowerCase();
}

/** @param {any} mine @param {string} operator @param {any} value */
function holds(mine, operator, value) {
  if (operator === "=") return equals(mine, value);
  if (operator === "!=") return !equals(mine, value);
  if (mine == null || value == null) return false;
  if (operator === "~") return String(mine).toLowerCase().includes(String(value).toLowerCase());
  const [a, b] = [Number(mine), Number(value)];
  if (Number.isNaN(a) || Number.isNaN(b)) return false;
  if (operator === "<") return a < b;
  if (operator === ">") return a > b;
  return operator === "<=" ? a <= b : a >= b;
}

/**
 * Return the name closest to a word that was perhaps mistyped, or "".
 * @param {string} word @param {string[]} names
 */
export function nearest(word, names) {
  let best = "";
  let least = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const name of names) {
    const far = distance(word.toLowerCase(), name.toLowerCase());
    if (far < least) [best, least] = [name, far];
  }
  return best;
}

/** Edit distance, with exchanged neighbours as one edit. @param {string} a @param {string} b */
function distance(a, b) {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i += 1) {
    rows[i] = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      rows[i][j] = Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1);
      }
    }
  }
  return rows[a.length][b.length];
}
