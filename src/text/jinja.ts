import * as library from '@huggingface/jinja';

/** The library's typings do not resolve under Node's ESM rules; these are the parts that are used. */
export interface JinjaNode {
  readonly type: string;
  readonly [key: string]: unknown;
}

interface JinjaValue {
  readonly type: string;
  readonly value: unknown;
}

interface JinjaScope {
  set(name: string, value: unknown): void;
}

interface JinjaInterpreter {
  run(program: JinjaNode): JinjaValue;
  evaluate(node: JinjaNode | undefined, scope: JinjaScope): JinjaValue;
}

const jinja = library as unknown as {
  readonly Environment: new () => JinjaScope;
  readonly Interpreter: new (scope: JinjaScope) => JinjaInterpreter;
  tokenize(
    source: string,
    options: { lstrip_blocks: boolean; trim_blocks: boolean },
  ): readonly unknown[];
  parse(tokens: readonly unknown[]): JinjaNode;
};

export interface RenderLimits {
  /** Nodes evaluated. */
  readonly maxSteps: number;
  /** Characters of any one value, the output among them. */
  readonly maxChars: number;
  readonly maxItems: number;
  readonly maxMs: number;
}

/** A conversation of a thousand messages takes some 50,000 steps. */
const DEFAULT_LIMITS: RenderLimits = {
  maxSteps: 1_000_000,
  maxChars: 16 * 1024 * 1024,
  maxItems: 100_000,
  maxMs: 2000,
};

/** The clock is read once per this many steps. */
const STEPS_PER_CLOCK = 1024;

/** With the whitespace rules that Hugging Face sets. @throws Error with the position */
export function parseTemplate(source: string): JinjaNode {
  return jinja.parse(jinja.tokenize(source, { lstrip_blocks: true, trim_blocks: true }));
}

/** Renders with the names of {@link globals} and `variables`. @throws Error, also beyond the limits */
export function renderTemplate(
  program: JinjaNode,
  variables: Readonly<Record<string, unknown>>,
  limits: RenderLimits = DEFAULT_LIMITS,
): string {
  const scope = new jinja.Environment();
  const all = { ...variables, ...globals(limits) };
  for (const [name, value] of Object.entries(all)) scope.set(name, value);
  return String(new BoundedInterpreter(scope, limits).run(program).value);
}

/** Names that a template has from Hugging Face's renderer; `variables` cannot replace them. */
export const GLOBAL_NAMES = [
  'true',
  'false',
  'none',
  'True',
  'False',
  'None',
  'range',
  'raise_exception',
  'strftime_now',
  'namespace',
] as const;

function globals({ maxItems }: RenderLimits): Readonly<Record<string, unknown>> {
  return {
    true: true,
    false: false,
    none: null,
    True: true,
    False: false,
    None: null,
    raise_exception: (message: unknown) => {
      throw new Error(String(message));
    },
    range: (start: number, stop?: number, step?: number) =>
      boundedRange({ start, stop: stop ?? null, step: step ?? 1 }, maxItems),
    strftime_now: (format: string) => strftime(format, new Date()),
  };
}

/** Every node passes through `evaluate`: here each one is counted and what it gave is measured. */
class BoundedInterpreter extends jinja.Interpreter {
  readonly #limits: RenderLimits;
  readonly #deadline: number;
  #steps = 0;

  constructor(scope: JinjaScope, limits: RenderLimits) {
    super(scope);
    this.#limits = limits;
    this.#deadline = performance.now() + limits.maxMs;
  }

  override evaluate(node: JinjaNode | undefined, scope: JinjaScope): JinjaValue {
    if (++this.#steps > this.#limits.maxSteps || this.#isLate()) {
      throw new Error('The chat template takes too long.');
    }
    const result = super.evaluate(node, scope);
    if (sizeOf(result.value) > this.#limits.maxChars) {
      throw new Error('The chat template makes too much text.');
    }
    return result;
  }

  #isLate(): boolean {
    return this.#steps % STEPS_PER_CLOCK === 0 && performance.now() > this.#deadline;
  }
}

function sizeOf(value: unknown): number {
  return typeof value === 'string' || Array.isArray(value) ? value.length : 0;
}

/** Python's `range`; `stop` null = `range(start)`. */
function boundedRange(
  { start, stop, step }: { start: number; stop: number | null; step: number },
  maxItems: number,
): number[] {
  const [first, end] = stop === null ? [0, start] : [start, stop];
  if (step === 0) throw new Error('range() step must not be zero');
  const length = Math.max(0, Math.ceil((end - first) / step));
  if (!(length <= maxItems)) throw new Error('The chat template takes too long.');
  return Array.from({ length }, (_, i) => first + i * step);
}

/** The parts of C's strftime that dates in prompts use, in English. */
function strftime(format: string, now: Date): string {
  const name = (options: Intl.DateTimeFormatOptions): string =>
    new Intl.DateTimeFormat('en-US', options).format(now);
  const two = (value: number): string => String(value).padStart(2, '0');
  const parts: Readonly<Record<string, () => string>> = {
    Y: () => String(now.getFullYear()),
    y: () => two(now.getFullYear() % 100),
    m: () => two(now.getMonth() + 1),
    d: () => two(now.getDate()),
    H: () => two(now.getHours()),
    I: () => two(now.getHours() % 12 || 12),
    M: () => two(now.getMinutes()),
    S: () => two(now.getSeconds()),
    p: () => (now.getHours() < 12 ? 'AM' : 'PM'),
    B: () => name({ month: 'long' }),
    b: () => name({ month: 'short' }),
    A: () => name({ weekday: 'long' }),
    a: () => name({ weekday: 'short' }),
    '%': () => '%',
  };
  return format.replaceAll(/%(-?)(.)/g, (all, dash: string, letter: string) => {
    const text = parts[letter]?.() ?? all;
    return dash === '' ? text : text.replace(/^0(?=.)/, '');
  });
}
