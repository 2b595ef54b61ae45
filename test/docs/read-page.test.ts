import t from 'tap';

import { readPage } from './read-page.js';
import { readServeCommand } from './serve-command.js';

const fence = '```';
const block = (info: string, text = 'text') => `${fence}${info}\n${text}\n${fence}`;
const page = (...blocks: string[]) => readPage('page.md', `Title\n\n${blocks.join('\n\n')}\n`);

t.test('examples belong to the server above them, and to the answer below', (t) => {
  const sections = page(
    block('sh', 'curl 1'),
    block('text answer', 'one'),
    block('sh serve', 'radish serve --dp-size 2'),
    block('python', 'print(2)'),
    block('js', 'console.log(2)'),
    block('json answer', '2'),
    block('yaml', 'left: alone'),
  );
  t.match(sections, [
    { command: null, examples: [{ code: 'curl 1', where: 'page.md:3', answer: { text: 'one' } }] },
    {
      command: 'radish serve --dp-size 2',
      examples: [
        { language: 'python', answer: { form: 'json', text: '2' } },
        { language: 'js', answer: { text: '2' }, where: 'page.md:19' },
      ],
    },
  ]);
  t.end();
});

t.test('an indented block in a list is a block', (t) => {
  const markdown = `- so:\n\n  ${fence}sh\n  if true; then\n    echo 1\n  fi\n  ${fence}\n\n${block('text answer')}`;
  t.match(readPage('p.md', markdown), [
    { examples: [{ code: 'if true; then\n  echo 1\nfi', where: 'p.md:3' }] },
  ]);
  t.end();
});

t.test('no block escapes without a reason', (t) => {
  t.same(page(block('sh no-run: it formats a disk')), []);
  for (const [blocks, message] of [
    [[block('sh')], 'page.md:3: no answer follows this example.'],
    [[block('sh'), block('sh serve')], 'page.md:3: no answer follows this example.'],
    [[block('js no-run')], /^page\.md:3: "no-run" is not known/],
    [[block('js no-run: ')], /^page\.md:3: "no-run:" is not known/],
    [[block('python norun: x')], /^page\.md:3: "norun: x" is not known/],
    [[block('bash')], 'page.md:3: write sh, not bash.'],
    [[block('javascript')], 'page.md:3: write js, not javascript.'],
    [[block('json answer')], 'page.md:3: no example stands before this answer.'],
    [[block('sh'), block('yaml answer')], 'page.md:7: an answer is json or text, not yaml.'],
    [[`${fence}text\nopen`], 'page.md:3: this block has no end.'],
  ] as [string[], string | RegExp][]) {
    t.throws(() => page(...blocks), { message }, String(message));
  }
  t.end();
});

t.test('a server is started by one plain command', (t) => {
  const read = (command: string) => readServeCommand(command, 'page.md:3');
  t.same(read('A=1 B=x \\\n  radish serve --a b \\\n  --c'), {
    flags: ['--a', 'b', '--c'],
    env: { A: '1', B: 'x' },
  });
  t.same(read('npm start -- --port 1'), { flags: ['--port', '1'], env: {} });
  t.same(read('npm start'), { flags: [], env: {} });
  for (const command of ['radish chat', 'radish serve; ls', 'radish serve "a b"', 'ls']) {
    t.throws(() => read(command), { message: /^page\.md:3: write "radish serve FLAGS" alone/ });
  }
  t.end();
});
