/** Calls as JSON: `{"name": "f", "arguments": {…}}`, alone or in a list. */
import type { Input, Reading } from '../scan/input.js';
import { JsonValue } from '../scan/json-value.js';
import type { CallReading } from './format.js';

const NAME = 'name';
const ARGUMENTS = ['arguments', 'parameters'];
const MAX_NAME_CHARS = 256;

/** Reads one JSON value, written as `json.dumps` does. False = it is none; the text up to there is taken. */
export function* readJson(input: Input, write: (text: string) => void): Reading<boolean> {
  const value = new JsonValue(write);
  while (value.isOpen()) {
    input.skip(value.push(input.rest));
    if (value.isOpen() && !(yield* input.more())) value.end();
  }
  return value.isDone();
}

/** The same as it is written. */
export function* readVerbatim(input: Input, write: (text: string) => void): Reading<boolean> {
  const value = new JsonValue(() => undefined);
  while (value.isOpen()) {
    const { rest } = input;
    const taken = value.push(rest);
    input.skip(taken);
    if (taken > 0) write(rest.slice(0, taken));
    if (value.isOpen() && !(yield* input.more())) value.end();
  }
  return value.isDone();
}

/** How the reading of a call went; `raw`: the arguments broke off, what comes belongs to them as it is. */
export type CallEnd = 'none' | 'whole' | 'raw';

/** A call, or a list of them. On `none` nothing is taken and nothing was handed on. */
export function* readCalls(reading: CallReading): Reading<CallEnd> {
  const { input } = reading;
  if ((yield* input.peek()) !== '[') return yield* readCall(reading);
  input.hold();
  input.skip(1);
  let end: CallEnd = 'none';
  for (;;) {
    yield* input.space();
    const next: CallEnd = yield* readCall(reading, end === 'none');
    if (next !== 'whole') return next === 'none' ? noMore(input, end) : next;
    end = next;
    yield* input.space();
    if (yield* input.take(']')) return end;
    if (!(yield* input.take(','))) return end;
  }
}

/** A list that is empty or ends in something else: its calls count, where it has any. */
function noMore(input: Input, end: CallEnd): CallEnd {
  if (end === 'none') input.back();
  return end;
}

/** One object. `isHeld`: the caller holds the text already, and takes it back on `none`. */
function* readCall(reading: CallReading, isHeld = false): Reading<CallEnd> {
  const { input } = reading;
  if (!isHeld) input.hold();
  const end = yield* new CallObject(reading).read();
  if (end !== 'none') input.release();
  else if (!isHeld) input.back();
  return end;
}

class CallObject {
  readonly #reading: CallReading;
  #name: string | null = null;
  /** Arguments that came before the name. */
  #early: string | null = null;
  #hasBegun = false;

  constructor(reading: CallReading) {
    this.#reading = reading;
  }

  *read(): Reading<CallEnd> {
    const { input } = this.#reading;
    if (!(yield* input.take('{'))) return 'none';
    do {
      yield* input.space();
      const key = yield* this.#string();
      if (key === null) return this.#broken();
      yield* input.space();
      if (!(yield* input.take(':'))) return this.#broken();
      yield* input.space();
      const isRead = yield* this.#value(key);
      if (!isRead) return this.#hasBegun ? 'raw' : 'none';
      yield* input.space();
    } while (yield* input.take(','));
    const isClosed = yield* input.take('}');
    if (!this.#hasBegun && (!isClosed || !this.#begin())) return 'none';
    return 'whole';
  }

  /** What comes after whole arguments changes no call. */
  #broken(): CallEnd {
    return this.#hasBegun ? 'whole' : 'none';
  }

  *#value(key: string): Reading<boolean> {
    const { input, out } = this.#reading;
    if (key === NAME && this.#name === null) {
      this.#name = yield* this.#string();
      return this.#name !== null && this.#reading.tools.has(this.#name);
    }
    if (!ARGUMENTS.includes(key) || this.#hasBegun || this.#early !== null) {
      return yield* readJson(input, () => undefined);
    }
    if (this.#name === null) {
      let early = '';
      const isWhole = yield* readJson(input, (text) => {
        early += text;
      });
      this.#early = early;
      return isWhole;
    }
    if ((yield* input.peek()) === 'n') return yield* readJson(input, () => undefined);
    // Nothing of the call is handed on before its arguments are sure to begin.
    if (!/["'[{\dtfTFN-]/.test(yield* input.peek())) return false;
    this.#hasBegun = true;
    out.call(this.#name);
    input.release();
    return yield* readJson(input, out.arguments);
  }

  /** Hands on a call whose arguments came first, or that has none. */
  #begin(): boolean {
    if (this.#name === null) return false;
    const { out } = this.#reading;
    const early = this.#early;
    this.#hasBegun = true;
    out.call(this.#name);
    out.arguments(early === null || early === 'null' ? '{}' : early);
    return true;
  }

  *#string(): Reading<string | null> {
    const { input } = this.#reading;
    if (!/["']/.test(yield* input.peek())) return null;
    let text = '';
    const isRead = yield* readJson(input, (part) => {
      text += part;
    });
    return isRead && text.length <= MAX_NAME_CHARS ? (JSON.parse(text) as string) : null;
  }
}
