import t from 'tap';

import { MessageAssembler } from '../../../../src/cli/chat/message-assembler.js';

function assemble(...lines: readonly string[]): readonly unknown[] {
  const assembler = new MessageAssembler();
  const all = lines.map((line) => assembler.push(line));
  t.ok(assembler.isEmpty || all.at(-1)?.kind === 'more');
  return all.filter(({ kind }) => kind !== 'more');
}

const message = (text: string) => ({ kind: 'message', text });
const command = (text: string) => ({ kind: 'command', text });

t.test('a line is a message, or a command', (t) => {
  t.strictSame(assemble('Hi', '/help', ' /no', ''), [
    message('Hi'),
    command('/help'),
    message(' /no'),
    message(''),
  ]);
  t.end();
});

t.test('several lines', (t) => {
  t.strictSame(assemble('one\\', 'two\\', 'three', 'four'), [
    message('one\ntwo\nthree'),
    message('four'),
  ]);
  t.strictSame(assemble('"""', 'one', '  two\\', '', '"""'), [message('one\n  two\\\n')]);
  t.strictSame(assemble('"""one', 'two"""'), [message('one\ntwo')]);
  t.strictSame(assemble('"""all in one"""'), [message('all in one')]);
  t.strictSame(assemble('"""/etc/passwd"""'), [message('/etc/passwd')]);
  t.strictSame(assemble('/system """Be', 'brief."""'), [command('/system Be\nbrief.')]);
  t.strictSame(assemble('a """ b'), [message('a """ b')]);
  t.end();
});

t.test('what was begun can be forgotten', (t) => {
  const assembler = new MessageAssembler();
  assembler.push('"""');
  assembler.push('one');
  t.notOk(assembler.isEmpty);
  t.equal(assembler.reset(), '\none');
  t.strictSame(assembler.push('two'), message('two'));
  t.end();
});
