import t from 'tap';

import { modelWords, requireRevision, shownModel } from '../../../src/cli/model-word.js';
import { UsageError } from '../../../src/config/flag-spec.js';

const one = (word: string) => modelWords([word], 'pull')[0];

t.test('a model may have a revision behind its first @', (t) => {
  const words: readonly [word: string, repo: string, revision: string | null][] = [
    ['gpt2', 'gpt2', null],
    ['Qwen/Qwen3-0.6B', 'Qwen/Qwen3-0.6B', null],
    ['Qwen/Qwen3-0.6B@main', 'Qwen/Qwen3-0.6B', 'main'],
    ['gpt2@refs/pr/1', 'gpt2', 'refs/pr/1'],
    ['a/b@v1.0-rc_2', 'a/b', 'v1.0-rc_2'],
    [`a/b@${'0a'.repeat(20)}`, 'a/b', '0a'.repeat(20)],
    ['_a/b_', '_a/b_', null],
    ['a/b:Q4_K_M', 'a/b:Q4_K_M', null],
    ['a/b/c-Q8_0.gguf@main', 'a/b/c-Q8_0.gguf', 'main'],
  ];
  for (const [word, repo, revision] of words) {
    t.same(one(word), { repo, revision }, word);
    t.equal(shownModel({ repo, revision }), word);
  }
  const all = modelWords(['a/b', 'c@d'], 'rm');
  t.same(all.map(shownModel), ['a/b', 'c@d'], 'in the order of the command line');
  t.end();
});

t.test('what is no model is refused by its whole word', (t) => {
  const wrong = ['', '@', '@main', ' a/b', 'a b', 'a/b c', 'a/', '/a', '/etc/passwd', './a', '~/a'];
  const paths = ['..', '../a', 'a/..', 'a/../b', 'a..b', 'a/b/c', 'a\\b', 'a/b\n', 'a\0b', 'C:a'];
  // Dashes and dots where folder names of the cache would not lead back to the name.
  const dashes = ['--', 'a--b', 'a--b/c', 'a/b--c', '-a/b', 'a/-b', 'a-/b', 'a/b-', '.a/b', 'a/b.'];
  const others = ['a/b.git', 'ä/b', 'a/b?x', 'a/b%2f', 'https://huggingface.co/a/b', 'a:b', 'a*'];
  for (const word of [...wrong, ...paths, ...dashes, ...others]) {
    const shown = JSON.stringify(word);
    const message = `${shown} is not a model of the hub: these are org/name or name.`;
    t.throws(() => modelWords([word], 'rm'), new UsageError(message), shown);
    t.throws(() => one(word), UsageError, shown);
  }
  t.throws(() => modelWords(['a/b', '../c'], 'rm'), UsageError, 'one among others');
  t.end();
});

t.test('what is no revision is refused by the revision', (t) => {
  const wrong = ['', '@', 'x@y', '-x', '--yes', '.', '..', '../x', 'a/../b', 'a..b', '/x', 'x y'];
  const aliases = ['main/', 'a//b', 'a/./b', './main', 'main\n', 'HEAD~1', 'a\\b', 'ä', 'a:b'];
  for (const revision of [...wrong, ...aliases, 'x'.repeat(300)]) {
    const shown = JSON.stringify(revision);
    const message = `${shown} is not a branch, tag or commit.`;
    t.throws(() => one(`a/b@${revision}`), new UsageError(message), shown);
    t.throws(() => requireRevision(revision), new UsageError(message), shown);
  }
  t.equal(requireRevision('refs/pr/1'), 'refs/pr/1');
  t.end();
});

t.test('names are as long as huggingface_hub takes them, and fit into a file name', (t) => {
  t.ok(one(`a/${'x'.repeat(96)}`));
  t.ok(one('x'.repeat(96)));
  t.throws(() => one(`a/${'x'.repeat(97)}`), UsageError);
  t.throws(() => one('x'.repeat(97)), UsageError);
  t.throws(() => one(`${'a'.repeat(250)}/x`), UsageError);
  t.end();
});

t.test('without a word the command says what it needs', (t) => {
  const message = 'radish rm needs the name of a model, such as Qwen/Qwen3-0.6B.';
  t.throws(() => modelWords([], 'rm'), new UsageError(message));
  t.end();
});
