import t from 'tap';

import { detectFim, FIM_FORMATS, fimPrompt } from '../../../src/text/fim.js';

/** A tokenizer with these added tokens. */
const having = (...tokens: string[]) => ({ hasAdded: (token: string) => tokens.includes(token) });

t.test('SGLang’s three formats, as its own code writes them', (t) => {
  const { qwen_coder: qwen, star_coder: star, deepseek_coder: deepseek } = FIM_FORMATS;
  t.equal(fimPrompt(qwen, 'a', 'b'), '<|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>');
  t.equal(fimPrompt(star, 'a', 'b'), '<fim_prefix>a<fim_suffix>b<fim_middle>');
  t.equal(fimPrompt(deepseek, 'a', 'b'), '<｜fim▁begin｜>a<｜fim▁hole｜>b<｜fim▁end｜>');
  t.end();
});

t.test('the format is that whose tokens the tokenizer has, all of them', (t) => {
  for (const format of Object.values(FIM_FORMATS)) {
    const { begin, middle, end } = format;
    t.equal(detectFim(having(begin, middle, end)), format);
    t.equal(detectFim(having(begin, middle)), null);
    t.equal(detectFim(having(begin, end)), null);
    t.equal(detectFim(having(middle, end)), null);
  }
  t.equal(detectFim(having()), null);
  t.end();
});
