import t from 'tap';
import { requireSameTokens } from '../../../src/fleet/load-draft.js';

function tokensOf(...tokens: readonly (string | null)[]) {
  return { vocabSize: tokens.length, tokenOf: (id: number) => tokens[id] ?? null };
}

t.test('a draft model has the same tokens, as far as both have any', (t) => {
  const served = tokensOf('a', 'b', null, 'd');
  requireSameTokens(served, served);
  requireSameTokens(served, tokensOf('a', 'b'));
  requireSameTokens(tokensOf('a', 'b'), served);
  requireSameTokens(served, tokensOf('a', 'b', 'c', 'd', 'e'));
  t.throws(
    () => {
      requireSameTokens(served, tokensOf('a', 'c', null, 'd'));
    },
    {
      name: 'StartupError',
      message: /^The draft model has other tokens .*: 1 is "c" there and "b" here\. /,
    },
  );
  t.end();
});
