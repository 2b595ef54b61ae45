import t from 'tap';
import { DECODE_STRIDE, RESULT_STALLED } from '../../../../src/core/batch.js';
import type { Grammar } from '../../../../src/core/grammar.js';
import { decodeOf, Harness, openOf, prefillOf, promptOf, tinyModel } from '../runner-harness.js';

const LENGTH = 21;
const GRAMMAR: Grammar = { spec: { kind: 'regex', pattern: '.*' }, after: null };
const ANSWER = [5, 17, 40];

for (const fixture of ['lfm2', 'qwen3-next']) {
  t.test(
    `${fixture}: a row that is computed again for a late mask changes the state once`,
    async (t) => {
      const model = await tinyModel(fixture);
      const harness = await Harness.create(model);
      t.teardown(() => harness.release());
      const prompt = promptOf(LENGTH, model.spec.vocabSize, 1);
      const others = promptOf(9, model.spec.vocabSize, 2);

      /** Final hidden states of the rows of an answer. */
      const rowsOf = async (stalls: boolean) => {
        // No thread makes masks here: a sampled row stalls, one that is only fed does not.
        const grammar = stalls ? GRAMMAR : null;
        const opens = [openOf(0, LENGTH, { hiddenFrom: 0, grammar }), openOf(2, others.length)];
        const prefill = [
          { ...prefillOf(0, prompt, 0, LENGTH), sample: stalls },
          prefillOf(2, others, 0, others.length),
        ];
        const first = await harness.run({ opens, prefill });
        if (stalls) {
          t.equal(first.tokens[2], RESULT_STALLED);
          for (let i = 0; i < 2; i++) {
            const last = { ...prefillOf(0, prompt, LENGTH - 1, LENGTH), sample: true };
            const again = await harness.run({ prefill: [last], decode: decodeOf(2) });
            t.equal(again.tokens[2], RESULT_STALLED);
          }
          await harness.run({
            prefill: [{ ...prefillOf(0, prompt, LENGTH - 1, LENGTH), sample: false }],
          });
        }
        const rows: Float32Array[] = [];
        for (const token of ANSWER) {
          if (stalls) {
            const asked = Int32Array.of(0, token, 1, ...decodeOf(2));
            t.equal((await harness.run({ decode: asked })).tokens[2], RESULT_STALLED);
          }
          const decode = Int32Array.of(0, token, 0);
          t.equal(decode.length, DECODE_STRIDE);
          const { hiddenRows } = await harness.run({ decode });
          rows.push(...hiddenRows.map(({ values }) => values.slice()));
        }
        await harness.run({ frees: [0, 2] });
        return rows;
      };
      const expected = await rowsOf(false);
      t.equal(expected.length, ANSWER.length);
      t.same(await rowsOf(true), expected);
    },
  );
}
