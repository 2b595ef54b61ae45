import { flagEntries } from './server-args.js';
import { KNOWN_UNSUPPORTED } from './unsupported-flags.js';
import { UsageError } from './flag-spec.js';

/** Every spelling → the flag that the command line is declared with. */
const CANONICAL: ReadonlyMap<string, string> = new Map([
  ...[...KNOWN_UNSUPPORTED, 'config', 'help', 'version'].map(itself),
  ...flagEntries().flatMap(([name, { aliases }]) => [
    itself(name),
    ...aliases.map((alias) => [alias, `--${name}`] as const),
  ]),
]);

const WITHOUT_EFFECT: ReadonlySet<string> = new Set(KNOWN_UNSUPPORTED.map((name) => `--${name}`));

function itself(name: string): readonly [string, string] {
  return [`--${name}`, `--${name}`];
}

/**
 * `--model=x` → `--model-path=x`, `--mem-frac` → `--mem-fraction-static`: aliases, and the beginnings of
 * names that argparse lets SGLang's users write. A word that begins no name stays as it is.
 *
 * @throws UsageError when it begins several names of which one has an effect
 */
export function canonicalFlag(word: string): string {
  const [flag = '', ...value] = word.split('=');
  if (!/^--./.test(flag)) return word;
  return [CANONICAL.get(flag) ?? completed(flag), ...value].join('=');
}

function completed(flag: string): string {
  const spellings = [...CANONICAL].filter(([spelling]) => spelling.startsWith(flag));
  const meant = [...new Set(spellings.map(([, canonical]) => canonical))];
  const [first = flag] = meant;
  if (meant.length <= 1 || meant.every((one) => WITHOUT_EFFECT.has(one))) return first;
  throw new UsageError(`${flag} could be ${meant.sort().join(', ')}.`);
}
