import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import t from 'tap';

import { ConversationFile } from '../../../../src/cli/chat/conversation-file.js';
import { Conversation } from '../../../../src/cli/chat/conversation.js';
import { Settings } from '../../../../src/cli/chat/settings.js';
import { runSlashCommand, type ChatState } from '../../../../src/cli/chat/slash-commands.js';

function state(): ChatState {
  const conversation = new Conversation();
  conversation.ask('One?');
  conversation.answer('Yes.', true);
  return {
    conversation,
    settings: new Settings({}, { stats: true, reasoning: true }),
    file: new ConversationFile(),
    model: 'parrot',
  };
}

function said(line: string, at: ChatState): string {
  const outcome = runSlashCommand(line, at);
  return outcome.kind === 'said' ? outcome.lines.join('\n') : outcome.kind;
}

t.test('settings', (t) => {
  const at = state();
  said('/set temperature 0.7', at);
  said('/set stop ["a", "b"]', at);
  said('/set stats off', at);
  t.strictSame(at.settings.fields, { temperature: 0.7, stop: ['a', 'b'] });
  t.strictSame(at.settings.view, { stats: false, reasoning: true });
  t.match(said('/set', at), /temperature +0\.7 .*\n.*top_p +- /);
  said('/unset temperature', at);
  said('/unset stats', at);
  t.strictSame(at.settings.fields, { stop: ['a', 'b'] });
  t.equal(at.settings.view.stats, true);
  const wrong: [string, RegExp][] = [
    ['/set temperature', /^\/set temperature needs a value/],
    ['/set temperature warm', /^temperature must be a number/],
    ['/set warmth 1', /^There is no setting 'warmth'\. There are temperature, /],
    ['/set stats maybe', /^stats is on or off/],
    ['/unset warmth', /^There is no setting/],
  ];
  for (const [line, message] of wrong) t.throws(() => said(line, at), { message });
  t.end();
});

t.test('the conversation', (t) => {
  const at = state();
  t.equal(said('/system', at), 'There is no system message.');
  said('/system Be\nbrief.', at);
  t.equal(at.conversation.system, 'Be\nbrief.');
  t.match(
    said('/show', at),
    /Model: parrot\n[^]*system: Be\nbrief\.\nuser: One\?\nassistant: Yes\.$/,
  );
  t.strictSame(runSlashCommand('/retry', at), { kind: 'ask', question: 'One?' });
  t.match(said('/retry', at), /no message/);
  t.match(said('/undo', at), /nothing/);
  said('/unset system', at);
  t.equal(at.conversation.system, null);
  const other = state();
  t.match(said('/undo', other), /Taken back: One\?/);
  said('/clear', other);
  for (const line of ['/bye', '/exit', '/quit']) t.equal(said(line, other), 'leave');
  t.end();
});

t.test('files: nothing is written over that it does not know', (t) => {
  const dir = t.testdir({ 'package.json': '{"name":"x"}', 'bad.json': '{', 'one.json': '[]' });
  const at = state();
  const path = join(dir, 'a talk.json');
  t.equal(said(`/save ${path}`, at), `2 messages in ${path}.`);
  t.equal(statSync(path).mode & 0o777, 0o600);
  said('/clear', at);
  said(`/load ${path}`, at);
  t.equal(at.conversation.messages.length, 2);
  said(`/save ${path}`, at);
  t.throws(() => said(`/save ${path}`, state()), { message: /is there already/ });
  t.throws(() => said(`/load ${dir}/package.json`, at), { message: /no list of messages/ });
  t.throws(() => said(`/save ${dir}/package.json`, at), { message: /is there already/ });
  t.equal(readFileSync(`${dir}/package.json`, 'utf8'), '{"name":"x"}');
  t.throws(() => said(`/load ${dir}/bad.json`, at), { message: /it is no JSON/ });
  t.throws(() => said(`/load ${dir}/none.json`, at), { message: /is not there/ });
  t.throws(() => said(`/load ${dir}`, at), { message: /is no file/ });
  t.throws(() => said('/load', at), { message: /needs a file/ });
  t.throws(() => said(`/save ${dir}/no/such`, at), { message: /is not there/ });
  t.equal(at.conversation.messages.length, 2);
  said(`/load ${dir}/one.json`, at);
  t.equal(at.conversation.messages.length, 0);
  t.end();
});

t.test('what is no command is told so', (t) => {
  const at = state();
  t.throws(() => said('/hlep', at), { message: /^There is no command \/hlep\. \/help lists/ });
  t.throws(() => said('/retyr', at), { message: /Did you mean \/retry\?/ });
  t.throws(() => said('/', at), { message: /^There is no command \/\./ });
  t.throws(() => said('/constructor', at), { message: /^There is no command/ });
  const help = said('/help', at);
  for (const name of ['clear', 'system', 'set', 'show', 'retry', 'undo', 'save', 'load', 'bye']) {
    t.match(help, new RegExp(`^ {2}/${name}`, 'm'));
  }
  t.ok(help.split('\n').every((line) => line.length <= 110));
  t.end();
});
