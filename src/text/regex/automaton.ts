/** Regular patterns by simulation of all their threads at once (Thompson 1968): linear in text and pattern. */
import type { Node, Place } from './ast.js';
import type { CharTest } from './char-test.js';
import { holds, type Around } from './places.js';

/** One instruction; `next` is the one behind it. */
type Instruction =
  | { readonly kind: 'char'; readonly test: CharTest }
  | { readonly kind: 'place'; readonly place: Place; readonly isAscii: boolean }
  | { readonly kind: 'fork'; readonly to: number[] }
  | { readonly kind: 'match' };

/** A compiled pattern. Its searches take turns with the notes: they never run at once. */
export interface Program {
  readonly code: readonly Instruction[];
  /** Per instruction, the last round that has seen it. */
  readonly seen: Float64Array;
  /** Rounds of all searches. */
  round: number;
}

/** Instructions of one pattern, repeats written out. */
const MAX_PROGRAM = 8192;
/** Parts of it that are looked at while repeats are written out; some become no instruction. */
const MAX_VISITS = 65_536;
/** What each character costs beside the instructions that it meets. */
const BASE_COST = 4;

/** @throws SyntaxError when it is too large */
export function compileRegex(node: Node): Program {
  const program: Instruction[] = [];
  let numVisits = 0;
  const push = (one: Instruction): number => {
    if (program.length >= MAX_PROGRAM) throw new SyntaxError('the pattern is too large');
    return program.push(one) - 1;
  };
  const fork = (): number[] => {
    const to: number[] = [];
    push({ kind: 'fork', to });
    return to;
  };
  emit(node);
  push({ kind: 'match' });
  return { code: program, seen: new Float64Array(program.length), round: 0 };

  function emit(one: Node): void {
    if (++numVisits > MAX_VISITS) throw new SyntaxError('the pattern is too large');
    switch (one.kind) {
      case 'char':
      case 'place':
        push(one);
        return;
      case 'cat':
        one.items.forEach(emit);
        return;
      case 'alt':
        emitEither(one.items);
        return;
      case 'repeat':
        emitRepeat(one);
        return;
      case 'group':
        emit(one.item);
        return;
      default:
        throw new Error(`This is a bug: no automaton runs ${one.kind}.`);
    }
  }

  function emitEither(items: readonly Node[]): void {
    const start = fork();
    const ends = items.map((item) => {
      start.push(program.length);
      emit(item);
      return fork();
    });
    for (const end of ends) end.push(program.length);
  }

  function emitRepeat({ item, min, max }: Extract<Node, { kind: 'repeat' }>): void {
    for (let i = 0; i < min; i++) {
      const before = program.length;
      emit(item);
      if (program.length === before) break;
    }
    if (max === Infinity) {
      const at = program.length;
      const loop = fork();
      loop.push(at + 1);
      emit(item);
      fork().push(at);
      loop.push(program.length);
      return;
    }
    const exits: number[][] = [];
    for (let i = min; i < max; i++) {
      const maybe = fork();
      maybe.push(program.length);
      exits.push(maybe);
      emit(item);
    }
    for (const exit of exits) exit.push(program.length);
  }
}

/** Threads in order of where they began: instruction and start, alternating. */
type Threads = readonly number[];

/** One text that is searched while it grows. */
export class AutomatonSearch {
  readonly #program: Program;
  readonly #charge: (cost: number) => void;
  #threads: Threads = [];
  #before = -1;
  /** UTF-16 units read. */
  #length = 0;

  constructor(program: Program, charge: (cost: number) => void) {
    this.#program = program;
    this.#charge = charge;
  }

  /** Reads whole characters. @returns where the leftmost match begins, in UTF-16 units; null = none */
  push(delta: string): number | null {
    let best = Infinity;
    const end = this.#length + delta.length;
    for (const char of delta) {
      const after = char.codePointAt(0) ?? 0;
      const saved = this.#threads;
      const around = { before: this.#before, after, isLast: false };
      best = Math.min(best, this.#advance(around, char.length));
      if (after === 10 && this.#length === end) {
        best = Math.min(best, this.#beforeLastNewline(saved, around));
      }
    }
    const around = { before: this.#before, after: -1, isLast: false };
    best = Math.min(best, this.#close(this.#threads, around, this.#length).matchStart);
    return best === Infinity ? null : best;
  }

  /** Where the oldest match began that later text could complete; the length where there is none. */
  get heldFrom(): number {
    return this.#threads[1] ?? this.#length;
  }

  /** One character further. @returns where a match that ended before it begins */
  #advance(around: Around, units: number): number {
    const { open, matchStart } = this.#close(this.#threads, around, this.#length);
    this.#threads = this.#step(open, around.after);
    this.#length += units;
    this.#before = around.after;
    return matchStart;
  }

  /** `$` holds before a newline that ends the text so far: tried apart, as more text may come. */
  #beforeLastNewline(threads: Threads, around: Around): number {
    const at = this.#length - 1;
    const first = this.#close(threads, { ...around, isLast: true }, at);
    const then = this.#step(first.open, around.after);
    const last = this.#close(then, { before: 10, after: -1, isLast: false }, this.#length);
    return Math.min(first.matchStart, last.matchStart);
  }

  /** Follows forks and places; a new thread begins here, behind the older ones. */
  #close(
    threads: Threads,
    around: Around,
    at: number,
  ): { readonly open: number[]; readonly matchStart: number } {
    const open: number[] = [];
    let matchStart = Infinity;
    let cost = BASE_COST;
    const { code, seen } = this.#program;
    const round = ++this.#program.round;
    const stack: number[] = [];
    const visit = (from: number, start: number): void => {
      stack.push(from);
      for (let pc = stack.pop(); pc !== undefined; pc = stack.pop()) {
        if (seen[pc] === round) continue;
        seen[pc] = round;
        cost++;
        const one = code[pc];
        if (one === undefined) continue;
        if (one.kind === 'char') open.push(pc, start);
        else if (one.kind === 'match') matchStart = Math.min(matchStart, start);
        else if (one.kind === 'fork') stack.push(...one.to);
        else if (holds(one.place, one.isAscii, around)) stack.push(pc + 1);
      }
    };
    for (let i = 0; i < threads.length; i += 2) visit(threads[i] ?? 0, threads[i + 1] ?? 0);
    visit(0, at);
    this.#charge(cost);
    return { open, matchStart };
  }

  #step(open: readonly number[], char: number): number[] {
    const next: number[] = [];
    for (let i = 0; i < open.length; i += 2) {
      const pc = open[i] ?? 0;
      const one = this.#program.code[pc];
      if (one?.kind === 'char' && one.test(char)) next.push(pc + 1, open[i + 1] ?? 0);
    }
    return next;
  }
}
