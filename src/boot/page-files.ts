import { existsSync, readdirSync, readFileSync } from 'node:fs';

import type { PageFile } from '../api/page/site.js';

/** Where `npm run build` puts the page; a package brings it. */
const FOLDER = new URL('../../page/', import.meta.url);

/** All of the page, in memory. Null where it was not built. */
export function readPageFiles(folder: URL = FOLDER): readonly PageFile[] | null {
  if (!existsSync(new URL('index.html', folder))) return null;
  const names = readdirSync(folder);
  const read = (name: string): Uint8Array => readFileSync(new URL(name, folder));
  const readIfThere = (name: string): Uint8Array | null =>
    names.includes(name) ? read(name) : null;
  return names
    .filter((name) => !/\.(br|gz)$/.test(name))
    .map((name) => ({
      name,
      plain: read(name),
      br: readIfThere(`${name}.br`),
      gzip: readIfThere(`${name}.gz`),
    }));
}
