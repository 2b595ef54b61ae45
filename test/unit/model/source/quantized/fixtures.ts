import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';

import { readTensors, safetensorsFile, type FileTensor } from '../../safetensors-file.js';

export type Tensors = Readonly<Record<string, FileTensor>>;

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

/** A test may have several. */
async function newFolder(t: Test): Promise<string> {
  await mkdir(t.testdirName, { recursive: true });
  const folder = await mkdtemp(join(t.testdirName, 'model-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** An ordinary folder with the unpacked weights. */
export async function referenceFolder(t: Test, set: string, name: string): Promise<string> {
  const folder = await newFolder(t);
  const from = fixtureFolder(set, name);
  const config = JSON.parse(await readFile(join(from, 'config.json'), 'utf8')) as object;
  const plain = { ...config, quantization_config: null };
  await writeFile(join(folder, 'config.json'), JSON.stringify(plain));
  await cp(`${from}.safetensors`, join(folder, 'model.safetensors'));
  return folder;
}

/** A copy that a test may change. */
export async function copyFixture(t: Test, set: string, name: string): Promise<string> {
  const folder = await newFolder(t);
  await cp(fixtureFolder(set, name), folder, { recursive: true });
  return folder;
}

export async function changeConfig(folder: string, quantization_config: unknown): Promise<void> {
  const path = join(folder, 'config.json');
  const config = JSON.parse(await readFile(path, 'utf8')) as object;
  await writeFile(path, JSON.stringify({ ...config, quantization_config }));
}

/** Writes the folder's file anew with what `change` makes of its tensors. */
export async function changeTensors(
  folder: string,
  change: (tensors: Tensors) => Tensors,
): Promise<void> {
  const path = join(folder, 'model.safetensors');
  await writeFile(path, safetensorsFile(change(await readTensors(folder))));
}

export function without(tensors: Tensors, gone: string): Tensors {
  return Object.fromEntries(Object.entries(tensors).filter(([name]) => name !== gone));
}
