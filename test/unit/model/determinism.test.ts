import t from 'tap';

import { checkDecodeBits, checkPrefillBits } from './bit-checks.js';
import { goldenNames, prepareGolden, readGolden } from './golden.js';

for (const name of await goldenNames()) {
  t.test(`${name}: bits of a row depend on nothing but its own tokens`, async (t) => {
    const { inputIds } = await readGolden(name);
    const model = await prepareGolden(name);
    await checkPrefillBits(t, model, inputIds);
    await checkDecodeBits(t, model, inputIds);
  });
}
