import t from 'tap';

import { attachmentOf, MAX_FILE_BYTES, withAttachments } from '../../../../src/page/chat/attach.js';

t.test('a text file goes into the message, in a fence that it cannot close', (t) => {
  const file = attachmentOf('a.md', Buffer.from('x\n```\ny\n'));
  t.equal(withAttachments('Look:', [file]), 'Look:\n\na.md:\n````\nx\n```\ny\n````');
  t.equal(withAttachments('', []), '');
  t.end();
});

t.test('what is no text, or too large, is refused by name', (t) => {
  t.throws(() => attachmentOf('a.png', Uint8Array.of(0x89, 0x50, 0xff)), { message: /^a.png/ });
  t.throws(() => attachmentOf('a.bin', Uint8Array.of(1, 0, 1)), {
    message: 'a.bin is no text file.',
  });
  t.throws(() => attachmentOf('big', new Uint8Array(MAX_FILE_BYTES + 1)), { message: /larger/ });
  t.end();
});
