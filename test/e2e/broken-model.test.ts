import { execFileSync } from 'node:child_process';
import {
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readFile,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { generate } from './client.js';
import { freePort, runRadish, startRadish } from './radish-process.js';

const STACK = /^\s+at .+:\d+:\d+/m;
/** Two layers, without a tokenizer. */
const CHECKPOINT = join('test', 'fixtures', 'families', 'llama-blocks');
const BUILT_IN = join('config', 'tiny');
const DOWN = 'model.layers.1.mlp.down_proj.weight';
const NORM = 'model.layers.1.input_layernorm.weight';

interface Entry {
  shape: number[];
}

async function copyOf(test: Test, folder: string): Promise<string> {
  const base = await mkdtemp(join(tmpdir(), 'radish-broken-'));
  test.teardown(() => rm(base, { recursive: true }));
  const copy = join(base, 'model');
  await cp(folder, copy, { recursive: true });
  for (const name of ['config.json', 'model.safetensors']) await chmod(join(copy, name), 0o644);
  return copy;
}

async function setLayers(folder: string, count: number): Promise<void> {
  const path = join(folder, 'config.json');
  const config = JSON.parse(await readFile(path, 'utf8')) as object;
  await writeFile(path, JSON.stringify({ ...config, num_hidden_layers: count }));
}

/** Changes the header of the weights; the data stays. */
async function rewriteHeader(
  folder: string,
  change: (header: Record<string, Entry>) => void,
): Promise<void> {
  const path = join(folder, 'model.safetensors');
  const file = await readFile(path);
  const end = 8 + Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString('utf8', 8, end)) as Record<string, Entry>;
  change(header);
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  await writeFile(path, Buffer.concat([length, json, file.subarray(end)]));
}

/** One sentence, a non-zero exit, no stack, and no wait. */
async function refuses(
  test: Test,
  name: string,
  flags: string[],
  why: RegExp,
  env: NodeJS.ProcessEnv = {},
): Promise<void> {
  const run = runRadish(['serve', '--port', String(await freePort()), ...flags], env);
  const late = setTimeout(() => run.child.kill('SIGKILL'), 60_000);
  test.equal(await run.exit, 1, name);
  clearTimeout(late);
  test.match(run.log(), why, name);
  test.equal(run.log().match(/ERROR: /g)?.length, 1, `${name}: one sentence`);
  test.notMatch(run.log(), STACK, `${name}: no stack trace`);
}

t.test('weights that are not what config.json says are refused by tensor and file', async (t) => {
  const cases: [name: string, breaks: (folder: string) => Promise<void>, why: RegExp][] = [
    [
      'more layers than there are',
      (folder) => setLayers(folder, 5),
      /Tensor 'model\.layers\.2\.\S+' is missing from \S+model\.safetensors\./,
    ],
    [
      'a wrong shape',
      (folder) =>
        rewriteHeader(folder, (header) => {
          if (header[DOWN]) header[DOWN].shape = [32, 128];
        }),
      /Tensor '\S+down_proj\.weight' in \S+model\.safetensors has shape \[32, 128\], .*\[64, 64\]/,
    ],
    [
      'a norm that is not there',
      (folder) =>
        rewriteHeader(folder, (header) => {
          const norm = header[NORM];
          Reflect.deleteProperty(header, NORM);
          if (norm) header['something.else'] = norm;
        }),
      /Tensor 'model\.layers\.1\.input_layernorm\.weight' is missing from \S+model\.safetensors\./,
    ],
    [
      'a file that was cut',
      (folder) => truncate(join(folder, 'model.safetensors'), 117_000),
      /Tensor '\S+' in \S+model\.safetensors claims bytes .*the file is truncated/,
    ],
  ];
  for (const [name, breaks, why] of cases) {
    const folder = await copyOf(t, CHECKPOINT);
    await breaks(folder);
    await refuses(t, name, ['--model-path', folder, '--skip-tokenizer-init'], why);
  }
});

t.test('layers behind the last of config.json are left out, with one line', async (t) => {
  const folder = await copyOf(t, CHECKPOINT);
  await setLayers(folder, 1);
  const radish = await startRadish(['--model-path', folder, '--skip-tokenizer-init']);
  t.equal(radish.log().match(/"num_hidden_layers" 1, and the weights/g)?.length, 1);
  const answer = await generate(radish.url, {
    input_ids: [5, 6, 7],
    sampling_params: { max_new_tokens: 4, ignore_eos: true },
  });
  t.equal(answer.meta_info.completion_tokens, 4);
  t.equal(await radish.stop(), 0);
});

t.test('a pipe, a folder or a circle of links for a model’s file is a sentence', async (t) => {
  const cases: [file: string, as: 'pipe' | 'folder' | 'circle', why: RegExp][] = [
    ['config.json', 'pipe', /config\.json is not a regular file/],
    ['config.json', 'folder', /config\.json is not a regular file/],
    ['config.json', 'circle', /Cannot read \S+config\.json \(ELOOP\)/],
    ['tokenizer.json', 'pipe', /tokenizer\.json is not a regular file/],
    ['tokenizer.json', 'folder', /tokenizer\.json is missing/],
    ['model.safetensors', 'pipe', /model\.safetensors is not a regular file/],
    ['model.safetensors', 'folder', /model\.safetensors is not a regular file/],
    ['model.safetensors', 'circle', /model\.safetensors: its symbolic links form a circle/],
  ];
  for (const [file, as, why] of cases) {
    const folder = await copyOf(t, BUILT_IN);
    const path = join(folder, file);
    await rm(path);
    if (as === 'pipe') execFileSync('mkfifo', [path]);
    else if (as === 'folder') await mkdir(path);
    else await symlink(file, path);
    await refuses(t, `${file} is a ${as}`, ['--model-path', folder], why);
  }
});

t.test(
  'a cache that takes nothing is a warning; with no temporary folder either, a sentence',
  async (t) => {
    const quantized = [
      '--model-path',
      CHECKPOINT,
      '--skip-tokenizer-init',
      '--quantization',
      'int8',
    ];
    const flags = [...quantized, '--quantization-cache-dir', '/proc/self/below'];
    await refuses(t, 'nor a temporary folder', flags, /temporary folder \/proc .* \(ENOENT\)/, {
      TMPDIR: '/proc',
    });
    const radish = await startRadish(flags);
    t.match(radish.log(), /quantization cache \/proc\/self\/below cannot be written \(ENOENT\)/);
    t.equal(await radish.stop(), 0);
  },
);
