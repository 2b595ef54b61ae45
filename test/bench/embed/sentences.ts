import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { RandomIds } from '../lib/random-ids.js';

/** Characters of a sentence that says something, and is no list. */
const [SHORTEST, LONGEST] = [40, 300];
const SEED = 1;

/** So many sentences of the Markdown files of a folder and those in it, the same ones each time. */
export async function sentencesOf(folder: string, count: number): Promise<readonly string[]> {
  const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.md'));
  const texts = await Promise.all(files.sort().map((name) => readFile(join(folder, name), 'utf8')));
  const all = new Set(texts.flatMap(sentencesIn));
  return new RandomIds(SEED).shuffled([...all]).slice(0, count);
}

function sentencesIn(markdown: string): string[] {
  const prose = markdown.replace(/```.*?```/gs, '').split(/\n\s*\n/);
  const paragraphs = prose.filter((text) => !/^\s*[|#<]/.test(text));
  return paragraphs
    .flatMap((text) =>
      text
        .split(/\s+/)
        .join(' ')
        .trim()
        .split(/(?<=[.!?]) (?=[A-Z`*])/),
    )
    .filter(({ length }) => length >= SHORTEST && length <= LONGEST);
}
