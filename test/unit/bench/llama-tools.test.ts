import t from 'tap';

import { parseQuality } from '../../bench/quality/page/llama-tools.js';

/** The end of what llama-perplexity prints. */
const OUTPUT = `
   6      24.4843 ±    1.6652       0.00245 ±    0.00213       0.00324 ±    0.00007     1.089 ±  0.035 %    96.013 ±  0.500 %

====== Perplexity statistics ======
Mean PPL(Q)                   :  24.484341 ±   1.665190
Mean PPL(base)                :  24.424477 ±   1.665102
Cor(ln(PPL(Q)), ln(PPL(base))):  99.95%
Mean ln(PPL(Q)/PPL(base))     :   0.002448 ±   0.002127

====== KL divergence statistics ======
Mean    KLD:   0.003239 ±   0.000069
Maximum KLD:   0.042685
Median  KLD:   0.002702

====== Token probability statistics ======
Mean    Δp: -0.012 ± 0.028 %
RMS Δp    :  1.089 ± 0.035 %
Same top p: 96.013 ± 0.500 %
`;

t.test('the means of all windows are read', (t) => {
  t.strictSame(parseQuality(OUTPUT), {
    kl: 0.003239,
    klError: 0.000069,
    sameTop1: 0.96013,
    perplexity: 24.484341,
    referencePerplexity: 24.424477,
  });
  t.end();
});

t.test('an output that ends early is an error that says what lacks', (t) => {
  t.throws(() => parseQuality(OUTPUT.slice(0, OUTPUT.indexOf('======'))), /says nothing of/);
  t.end();
});
