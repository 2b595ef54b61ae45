import t from 'tap';

import {
  MAX_FILE_BYTES,
  readAttachment,
  withAttachments,
} from '../../../../src/page/chat/attach.js';

function file(name: string, ...bytes: number[]): File {
  return new File([Uint8Array.from(bytes)], name);
}

t.test('a text file goes into the message, in a fence that it cannot close', async (t) => {
  const read = await readAttachment(new File(['x\n```\ny\n'], 'a.md'));
  t.equal(withAttachments('Look:', [read]), 'Look:\n\na.md:\n````\nx\n```\ny\n````');
  t.equal(withAttachments('', []), '');
});

t.test('UTF-16 is known by its mark, and no mark is part of a text', async (t) => {
  for (const bytes of [
    [0xff, 0xfe, 0xe9, 0, 0x21, 0],
    [0xfe, 0xff, 0, 0xe9, 0, 0x21],
    [0xef, 0xbb, 0xbf, 0xc3, 0xa9, 0x21],
  ]) {
    t.equal((await readAttachment(file('a.txt', ...bytes))).text, 'é!');
  }
});

t.test('what is no text, empty, too large or a folder is refused by name', async (t) => {
  await t.rejects(readAttachment(file('a.png', 0x89, 0x50, 0xff)), {
    message: 'a.png is no text file.',
  });
  await t.rejects(readAttachment(file('a.bin', 1, 0, 1)), { message: 'a.bin is no text file.' });
  await t.rejects(readAttachment(file('a.txt', 0x20, 0x0a)), { message: 'a.txt is empty.' });
  const unread = (name: string, size: number) => ({
    name,
    size,
    arrayBuffer: () => Promise.reject(new Error('NotFoundError')),
  });
  await t.rejects(readAttachment(unread('big', MAX_FILE_BYTES + 1)), {
    message: 'big is larger than 512 KiB.',
  });
  await t.rejects(readAttachment(unread('src', 4096)), { message: /^src cannot be read/ });
});
