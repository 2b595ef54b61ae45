import { pathToFileURL } from 'node:url';
import t from 'tap';

import { readPageFiles } from '../../../src/boot/page-files.js';

/** What a browser loads before it shows anything, compressed. */
const MOST_BYTES = 200 * 1024;

t.test('files are read with their compressed forms', (t) => {
  const folder = t.testdir({
    'index.html': 'a',
    'index.html.br': 'b',
    'x.js': 'c',
    'x.js.gz': 'd',
  });
  const files = readPageFiles(pathToFileURL(`${folder}/`)) ?? [];
  const text = (bytes: Uint8Array | null): string | null =>
    bytes === null ? null : Buffer.from(bytes).toString();
  t.same(
    files.map(({ name, plain, br, gzip }) => [name, text(plain), text(br), text(gzip)]),
    [
      ['index.html', 'a', 'b', null],
      ['x.js', 'c', null, 'd'],
    ],
  );
  t.end();
});

t.test('without a document there is no page', (t) => {
  t.equal(readPageFiles(pathToFileURL(`${t.testdir({ 'x.js': '' })}/`)), null);
  t.equal(readPageFiles(pathToFileURL('/nowhere/at/all/')), null);
  t.end();
});

const built = readPageFiles();
const skip = built === null ? 'npm run build:page was not run' : false;

t.test('the page is small, and needs nothing from elsewhere', { skip }, (t) => {
  const bytesOf = (form: 'br' | 'gzip'): number =>
    (built ?? []).reduce((sum, file) => sum + (file[form]?.length ?? file.plain.length), 0);
  t.ok(bytesOf('gzip') < MOST_BYTES, `${bytesOf('gzip')} bytes by gzip`);
  t.ok(bytesOf('br') < bytesOf('gzip'), `${bytesOf('br')} bytes by Brotli`);
  const document = built?.find(({ name }) => name === 'index.html');
  const html = Buffer.from(document?.plain ?? []).toString();
  t.notMatch(html, /<script>|<style|\son\w+=|style="|(src|href)="(https?:)?\/\//);
  for (const [, name] of html.matchAll(/"page\/([^"]+)"/g)) {
    t.ok(
      built?.some((file) => file.name === name),
      `${name ?? ''} is there`,
    );
  }
  t.end();
});
