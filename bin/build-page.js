#!/usr/bin/env node
// Bundles src/page into dist/page: one document, one script and one style sheet, named by what is in them and
// compressed here, so that the server has only to send them. Run by `npm run build`, `npm start` and `npm run pack`.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const ROOT = new URL('..', import.meta.url);
const SOURCES = new URL('src/page/', ROOT);
const TARGET = new URL('dist/page/', ROOT);
/** Whose code is in the script; their licences ask to be told of. */
const BUNDLED = ['preact', 'marked', 'dompurify'];

/** Throws where a source has a fault. */
export async function buildPage() {
  const esbuild = await import('esbuild');
  const { outputFiles, warnings } = await esbuild.build({
    entryPoints: [fileURLToPath(new URL('main.tsx', SOURCES))],
    outdir: fileURLToPath(TARGET),
    tsconfig: fileURLToPath(new URL('tsconfig.json', SOURCES)),
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: ['chrome111', 'firefox114', 'safari16.4'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'warning',
  });
  if (warnings.length > 0) throw new Error('The page has a fault: see above.');
  const script = named(outputFiles, '.js');
  const style = named(outputFiles, '.css');
  const html = readFileSync(new URL('index.html', SOURCES), 'utf8')
    .replace('%STYLE%', style.name)
    .replace('%SCRIPT%', script.name);
  const files = [script, style, { name: 'index.html', bytes: Buffer.from(html) }];
  mkdirSync(TARGET, { recursive: true });
  const before = new Set(readdirSync(TARGET));
  for (const { name, bytes } of [...files, { name: 'licenses.txt', bytes: licenses() }]) {
    for (const [suffix, encoded] of encodings(bytes)) {
      writeFileSync(new URL(name + suffix, TARGET), encoded);
      before.delete(name + suffix);
    }
  }
  for (const name of before) rmSync(new URL(name, TARGET), { recursive: true });
}

function named(outputFiles, extension) {
  const file = outputFiles.find(({ path }) => path.endsWith(extension));
  const hash = createHash('sha256').update(file.contents).digest('hex').slice(0, 12);
  return { name: `radish-${hash}${extension}`, bytes: Buffer.from(file.contents) };
}

function encodings(bytes) {
  const brotli = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  return [
    ['', bytes],
    ['.br', brotliCompressSync(bytes, { params: brotli })],
    ['.gz', gzipSync(bytes, { level: 9 })],
  ];
}

function licenses() {
  const texts = BUNDLED.map((name) => {
    const folder = new URL(`node_modules/${name}/`, ROOT);
    const { version } = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8'));
    const text = readFileSync(new URL('LICENSE', folder), 'utf8').trim();
    return `${name} ${version}\n\n${text}\n`;
  });
  return Buffer.from(`What the page is made with, beside Radish itself.\n\n${texts.join('\n\n')}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildPage();
