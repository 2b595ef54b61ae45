import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What came of one checkpoint. */
export interface Compared {
  /** In its config.json. */
  readonly architecture: string;
  readonly verdict: 'ok' | 'OFF' | 'REFUSED';
  /** How far off it is at most; null = it was refused. */
  readonly error: number | null;
  /** Why it was refused; null = it was not. */
  readonly sentence: string | null;
}

/** `architectures[0]` of a folder's config.json, or of its text's. */
export async function architectureOf(folder: string): Promise<string> {
  const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as Named;
  const [name = '?'] = [
    ...(config.architectures ?? []),
    ...(config.text_config?.architectures ?? []),
  ];
  return name;
}

interface Named {
  readonly architectures?: readonly string[] | null;
  readonly text_config?: { readonly architectures?: readonly string[] | null };
}

/** The architectures that `file` names, a list of `{architecture}`: the words before the first blank. */
export async function namesIn(file: string): Promise<readonly string[]> {
  const rows = JSON.parse(await readFile(file, 'utf8')) as readonly { architecture: string }[];
  const names = rows.map(({ architecture }) => architecture.split(' ')[0] ?? '');
  return [...new Set(names)].sort();
}

/** A line for each name: how many checkpoints agreed, the largest error of these, and what was off or refused. */
export function tableOf(names: readonly string[], all: readonly Compared[]): readonly string[] {
  return names.map((name) => {
    const own = all.filter(({ architecture }) => architecture === name);
    if (own.length === 0) return `${name}: no checkpoint`;
    const agreed = own.filter(({ verdict }) => verdict === 'ok');
    const worst = Math.max(0, ...agreed.map(({ error }) => error ?? 0));
    const others = own.filter(({ verdict }) => verdict !== 'ok');
    const told = others.map(({ error, sentence }) => sentence ?? `off by ${error}`);
    const count = `${agreed.length} of ${own.length} agree, within ${worst.toExponential(1)}`;
    return [`${name}: ${count}`, ...new Set(told)].join('; ');
  });
}
