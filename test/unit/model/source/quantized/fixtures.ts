import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';

/** Ids that go through the whole vocabulary of the fixtures. */
export const INPUT_IDS = Array.from({ length: 40 }, (_, i) => (i * 7 + 3) % 32);

/** The checkpoints of a folder of test/fixtures/, each beside the weights that its maker unpacks from it. */
export async function fixtureNames(set: string): Promise<readonly string[]> {
  const entries = await readdir(join('test', 'fixtures', set), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

export function fixtureFolder(set: string, name: string): string {
  return join(process.cwd(), 'test', 'fixtures', set, name);
}

/** An ordinary folder with the unpacked weights. */
export async function referenceFolder(t: Test, set: string, name: string): Promise<string> {
  const folder = t.testdir();
  const from = fixtureFolder(set, name);
  const config = JSON.parse(await readFile(join(from, 'config.json'), 'utf8')) as object;
  const plain = { ...config, quantization_config: null };
  await writeFile(join(folder, 'config.json'), JSON.stringify(plain));
  await cp(`${from}.safetensors`, join(folder, 'model.safetensors'));
  return folder;
}
