#!/usr/bin/env node
// Removes the binaries of other systems from the packages that bring those of all: `npm run prune`, or
// `node node_modules/radish-server/bin/prune.js`. What this Node loads stays, and so does whatever it does not know.
import { existsSync, lstatSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const USAGE = `Usage: node bin/prune.js [--dry-run]

Removes what other systems would load from onnxruntime-node, uWebSockets.js and tokenizers, and says what that frees.
Run it again after each install, and install again after a change to another release of Node.
`;

const { platform, arch, versions } = process;
const isMusl =
  platform === 'linux' && process.report.getReport().header.glibcVersionRuntime === undefined;
const LIBC = { linux: isMusl ? '-musl' : '-gnu', win32: '-msvc' };

/**
 * `binary` knows a binary by its path in the package; `own` knows one that this Node loads. Without `works` a package
 * that has nothing for this system is left as it is: it would be hard to say why it does not load.
 */
const PACKAGES = [
  {
    name: 'onnxruntime-node',
    binary:
      /^bin\/napi-v\d+\/(darwin|linux|win32)\/(arm64|x64)\/[\w.-]+\.(node|dll|dylib|so(\.\d+)*)$/,
    own: (path) => path.includes(`/${platform}/${arch}/`),
  },
  {
    name: 'uWebSockets.js',
    binary: /^uws_(darwin|linux|win32)_(arm|arm64|x64)_\d+\.node$/,
    own: (path) => path === `uws_${platform}_${arch}_${versions.modules}.node`,
    works: 'node:http serves',
  },
  {
    name: 'tokenizers',
    binary:
      /^tokenizers\.(android|darwin|linux|win32)-\w+(-(eabi|gnu|gnueabihf|msvc|musl))?\.node$/,
    own: (path) =>
      path === `tokenizers.${platform}-${arch}${LIBC[platform] ?? ''}.node` ||
      (platform === 'darwin' && path === 'tokenizers.darwin-universal.node'),
  },
];

const [flag, ...others] = process.argv.slice(2);
if (others.length > 0 || ![undefined, '--dry-run'].includes(flag)) {
  process.stderr.write(USAGE);
  process.exitCode = ['-h', '--help'].includes(flag) ? 0 : 2;
} else {
  try {
    main(flag === '--dry-run');
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

function main(isDryRun) {
  let freed = 0;
  for (const known of PACKAGES) {
    const folder = folderOf(known.name);
    if (folder === null) {
      say(known.name, 'not installed');
      continue;
    }
    const binaries = filesIn(folder).filter((path) => known.binary.test(path));
    if (!binaries.some(known.own) && known.works === undefined) {
      say(known.name, `nothing for ${platform}-${arch}: left as it is`);
      continue;
    }
    const foreign = binaries.filter((path) => !known.own(path));
    const bytes = foreign.reduce((sum, path) => sum + lstatSync(join(folder, path)).size, 0);
    if (!isDryRun) foreign.forEach((path) => remove(folder, path));
    freed += bytes;
    const kept = binaries.filter(known.own).join(', ') || `nothing for this Node: ${known.works}`;
    say(known.name, `${megabytes(bytes)} in ${foreign.length} files; keeps ${kept}`);
  }
  process.stdout.write(`${isDryRun ? 'Would free' : 'Freed'} ${megabytes(freed)}.\n`);
}

/** Where Node would find the package from here, or null. */
function folderOf(name) {
  const roots = createRequire(import.meta.url).resolve.paths(name) ?? [];
  return (
    roots
      .map((root) => join(root, name))
      .find((folder) => existsSync(join(folder, 'package.json'))) ?? null
  );
}

/** Relative paths of all plain files, with slashes; links are not followed. */
function filesIn(folder, below = '') {
  return readdirSync(join(folder, below), { withFileTypes: true }).flatMap((entry) => {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) return filesIn(folder, path);
    return entry.isFile() ? [path] : [];
  });
}

/** And the folders that are empty then. */
function remove(folder, path) {
  unlinkSync(join(folder, path));
  const parts = path.split('/');
  while (parts.pop() !== undefined && parts.length > 0) {
    const parent = join(folder, ...parts);
    if (readdirSync(parent).length > 0) return;
    rmdirSync(parent);
  }
}

function say(name, text) {
  process.stdout.write(`${name.padEnd(18)} ${text}\n`);
}

function megabytes(bytes) {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}
