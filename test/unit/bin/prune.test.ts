import { spawnSync } from 'node:child_process';
import { copyFile, lstat, mkdir, mkdtemp, readdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const PRUNE = fileURLToPath(new URL('../../../../bin/prune.js', import.meta.url));
const { platform, arch, versions } = process;
const LINUX = {
  skip: platform === 'linux' && arch === 'x64' ? false : 'its files are those of Linux x64',
};
/** Of 2 MiB each. */
const MEGABYTES = Buffer.alloc(2 * 2 ** 20);

const OWN = [
  'onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1',
  'onnxruntime-node/bin/napi-v6/linux/x64/onnxruntime_binding.node',
  `uWebSockets.js/uws_linux_x64_${versions.modules}.node`,
  'tokenizers/tokenizers.linux-x64-gnu.node',
];
const FOREIGN = [
  'onnxruntime-node/bin/napi-v6/darwin/arm64/libonnxruntime.1.30.0.dylib',
  'onnxruntime-node/bin/napi-v6/linux/arm64/libonnxruntime.so.1',
  'onnxruntime-node/bin/napi-v6/win32/x64/onnxruntime.dll',
  'uWebSockets.js/uws_linux_x64_83.node',
  'uWebSockets.js/uws_win32_x64_115.node',
  'tokenizers/tokenizers.linux-x64-musl.node',
  'tokenizers/tokenizers.android-arm-eabi.node',
  'tokenizers/tokenizers.darwin-universal.node',
];
/** Packages of other versions may have them, and others the same names. */
const UNKNOWN = [
  'onnxruntime-node/bin/napi-v6/win32/x64/notes.txt',
  'onnxruntime-node/bin/napi-v6/freebsd/x64/libonnxruntime.so.1',
  'onnxruntime-node/dist/linux/arm64/a.node',
  'uWebSockets.js/uws_linux_riscv64_83.node',
  'uWebSockets.js/docs/uws_linux_x64_83.node',
  'tokenizers/tokenizers.linux-riscv64-gnu-v2.node',
  'other/uws_win32_x64_115.node',
];
const PACKAGES = ['onnxruntime-node', 'uWebSockets.js', 'tokenizers', 'other'];

interface Installed {
  readonly modules: string;
  readonly prune: (...flags: string[]) => { readonly code: number | null; readonly text: string };
  readonly files: () => Promise<readonly string[]>;
}

/** A folder as npm would leave it, with the script where a tarball has it. */
async function install(files: readonly string[]): Promise<Installed> {
  const modules = join(await mkdtemp(join(tmpdir(), 'radish-prune-')), 'node_modules');
  const script = join(modules, 'radish-server/bin/prune.js');
  await mkdir(dirname(script), { recursive: true });
  await copyFile(PRUNE, script);
  await writeFile(join(modules, 'radish-server/package.json'), '{"type":"module"}');
  for (const file of [...files, ...PACKAGES.map((name) => `${name}/package.json`)]) {
    await mkdir(dirname(join(modules, file)), { recursive: true });
    await writeFile(join(modules, file), file.endsWith('.json') ? '{}' : MEGABYTES);
  }
  return {
    modules,
    prune: (...flags) => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...flags]);
      return { code: status, text: `${stdout.toString()}${stderr.toString()}` };
    },
    files: async () => {
      const entries = await readdir(modules, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => !entry.isDirectory() && !/package\.json|prune\.js/.test(entry.name))
        .map((entry) => join(entry.parentPath, entry.name).slice(modules.length + 1))
        .sort();
    },
  };
}

t.test('what this Node loads stays, other systems go, unknown files stay', LINUX, async (t) => {
  const { prune, files } = await install([...OWN, ...FOREIGN, ...UNKNOWN]);
  const rehearsal = prune('--dry-run');
  t.match(rehearsal.text, /Would free 16 MiB\./);
  t.strictSame(await files(), [...OWN, ...FOREIGN, ...UNKNOWN].sort(), 'a rehearsal removes none');
  const first = prune();
  t.equal(first.code, 0);
  t.match(first.text, /^onnxruntime-node +6 MiB in 3 files; keeps .*linux\/x64/m);
  t.match(first.text, /Freed 16 MiB\./);
  t.strictSame(await files(), [...OWN, ...UNKNOWN].sort());
  t.match(prune().text, /Freed 0 MiB\./, 'a second time there is nothing to do');
  t.strictSame(await files(), [...OWN, ...UNKNOWN].sort());
});

t.test('folders that are empty then go too, others stay', LINUX, async (t) => {
  const { modules, prune } = await install([...OWN, ...FOREIGN, ...UNKNOWN]);
  prune();
  t.strictSame(await readdir(join(modules, 'onnxruntime-node/bin/napi-v6')), [
    'freebsd',
    'linux',
    'win32',
  ]);
});

t.test('a package with nothing for this system is left as it is', async (t) => {
  const foreign = [
    'tokenizers/tokenizers.android-arm64.node',
    'uWebSockets.js/uws_darwin_x64_1.node',
  ];
  const { prune, files } = await install(foreign);
  const { text } = prune();
  t.match(text, /^tokenizers +nothing for .*: left as it is$/m);
  t.match(
    text,
    /^uWebSockets\.js +2 MiB in 1 files; keeps nothing for this Node: node:http serves$/m,
  );
  t.strictSame(await files(), ['tokenizers/tokenizers.android-arm64.node']);
});

t.test('links are not followed', LINUX, async (t) => {
  const { modules, prune } = await install(OWN);
  const target = join(modules, 'other/kept.node');
  await writeFile(target, MEGABYTES);
  const link = join(modules, 'tokenizers/tokenizers.win32-x64-msvc.node');
  await symlink(target, link);
  t.match(prune().text, /Freed 0 MiB\./);
  t.ok((await lstat(link)).isSymbolicLink());
  t.ok((await lstat(target)).isFile());
});

t.test('a flag that it does not know removes nothing', async (t) => {
  const { prune, files } = await install(FOREIGN);
  t.match(prune('--all'), { code: 2, text: /Usage/ });
  t.match(prune('--help'), { code: 0, text: /Usage/ });
  t.equal((await files()).length, FOREIGN.length);
});
