import { PassThrough } from 'node:stream';
import t from 'tap';

import { LogOutput, onLost } from '../../../src/observability/log-output.js';

/** A descriptor with room for so many bytes, or one that fails. */
class Descriptor {
  room = Infinity;
  failure: string | null = null;
  written = '';

  readonly write = (bytes: Uint8Array): number => {
    if (this.failure !== null) throw Object.assign(new Error('no'), { code: this.failure });
    if (this.room === 0) throw Object.assign(new Error('full'), { code: 'EAGAIN' });
    const taken = Math.min(this.room, bytes.length);
    this.written += Buffer.from(bytes.subarray(0, taken)).toString();
    this.room -= taken;
    return taken;
  };
}

t.test('a reader that left ends nothing', (t) => {
  const fd = new Descriptor();
  const output = new LogOutput(fd.write);
  fd.failure = 'EPIPE';
  output.write('a\n');
  fd.failure = null;
  output.write('b\n');
  t.equal(fd.written, '', 'and nobody is written to any more');
  t.end();
});

t.test('a full disk loses nothing that fits the bound', (t) => {
  const fd = new Descriptor();
  const output = new LogOutput(fd.write);
  fd.failure = 'ENOSPC';
  output.write('a\n');
  fd.failure = null;
  output.write('b\n');
  t.equal(fd.written, 'a\nb\n');
  t.end();
});

t.test('a reader that is behind gets whole lines later, and the count of what was lost', (t) => {
  const fd = new Descriptor();
  const output = new LogOutput(fd.write);
  fd.room = 3;
  const line = `${'x'.repeat(1023)}\n`;
  for (let i = 0; i < 300; i++) output.write(line);
  t.equal(fd.written, 'xxx');
  fd.room = Infinity;
  output.flush();
  const lines = fd.written.split('\n');
  t.equal(lines[0], line.trimEnd());
  t.equal(lines.at(-2), '(44 log lines could not be written.)');
  t.equal(lines.length, 256 + 2);
  t.end();
});

t.test('what is lost is told once; a reader that left loses nothing', (t) => {
  const stream = new PassThrough({ autoDestroy: false });
  const told: string[] = [];
  onLost(stream, (code) => told.push(code));
  for (const code of ['EPIPE', 'ENOSPC', 'EIO']) {
    stream.emit('error', Object.assign(new Error(code), { code }));
  }
  t.same(told, ['ENOSPC']);
  t.end();
});

t.test('what waits is written without another line', async (t) => {
  const fd = new Descriptor();
  const output = new LogOutput(fd.write);
  fd.room = 0;
  output.write('a\n');
  fd.room = Infinity;
  await new Promise((resolve) => setTimeout(resolve, 200));
  t.equal(fd.written, 'a\n');
});
