import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';

import { folderFormat } from '../../../../src/model/source/folder.js';

t.test('a config.json may have the words of Python for what is no number of JSON', async (t) => {
  const folder = t.testdir();
  const config = '{"limit": [0.0, Infinity, -Infinity, NaN], "name": "an \\"Infinity\\" NaN"}';
  await writeFile(join(folder, 'config.json'), config);
  const name = 'an "Infinity" NaN';
  t.same(await folderFormat.open(folder).config(), { limit: [0, Infinity, -Infinity, null], name });
  await writeFile(join(folder, 'config.json'), '{"limit": Infinite}');
  await t.rejects(folderFormat.open(folder).config(), {
    message: /config\.json is not valid JSON\.$/,
  });
});
