import { createContext, runInContext } from 'node:vm';

import { excerpt, ModelConfigError } from '../../../families/config-fields.js';

/** A pattern of a hostile file may take forever. */
const TIMEOUT_MS = 1000;
const PATTERN = 're:';

/** For all names and patterns at once: most of what it costs is to begin. */
const MATCH = 'patterns.map((source) => names.map(RegExp.prototype.test, new RegExp(source)))';

/** Which of `modules` each target means. */
export type Matches = (target: string, module: string) => boolean;

/**
 * Targets are a module's name, `re:` and a pattern that its name begins with, or the class of module that it is:
 * PyTorch's `Linear` or `Embedding`. @throws ModelConfigError on a pattern that is none
 */
export function matchTargets(targets: readonly string[], modules: readonly string[]): Matches {
  const patterns = [...new Set(targets.filter((target) => target.startsWith(PATTERN)))];
  const hits = matchPatterns(patterns, modules);
  return (target, module) =>
    target.startsWith(PATTERN)
      ? (hits.get(target)?.has(module) ?? false)
      : target === module || target === classOf(module);
}

/**
 * Those of `targets` that mean a module, the one that decides first: names before patterns before classes, each in the
 * order of the alphabet, as the package has it.
 */
export function decidingTarget(
  targets: readonly string[],
  module: string,
  matches: Matches,
): string | null {
  const found = targets.filter((target) => matches(target, module)).sort(byCodeUnits);
  const isClass = (target: string): boolean => target === classOf(module) && target !== module;
  const named = found.filter((target) => !isClass(target));
  return named.find((target) => !target.startsWith(PATTERN)) ?? named[0] ?? found[0] ?? null;
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** What stores weights is one of the two. */
function classOf(module: string): string {
  return /embed|wte$|wpe$/.test(module.slice(module.lastIndexOf('.') + 1)) ? 'Embedding' : 'Linear';
}

function matchPatterns(
  patterns: readonly string[],
  names: readonly string[],
): Map<string, ReadonlySet<string>> {
  if (patterns.length === 0) return new Map();
  const sources = patterns.map((pattern) => jsPattern(pattern.slice(PATTERN.length)));
  for (const [i, source] of sources.entries()) requirePattern(source, patterns[i] ?? '');
  const context = createContext({ patterns: sources, names: [...names] });
  try {
    const hits = runInContext(MATCH, context, { timeout: TIMEOUT_MS }) as boolean[][];
    return new Map(
      patterns.map((pattern, i) => [pattern, new Set(names.filter((_, at) => hits[i]?.[at]))]),
    );
  } catch (cause) {
    throw new ModelConfigError(
      `config.json: the patterns of "quantization_config" take too long: ${excerpt(patterns.join(', '))}`,
      { cause },
    );
  }
}

/** Python's `re.match` begins at the beginning, and has another form of named groups. */
function jsPattern(source: string): string {
  return `^(?:${source.replaceAll('(?P<', '(?<')})`;
}

function requirePattern(source: string, pattern: string): void {
  try {
    new RegExp(source);
  } catch (cause) {
    throw new ModelConfigError(
      `config.json: "quantization_config" has the pattern '${excerpt(pattern)}', which cannot be read`,
      { cause },
    );
  }
}
