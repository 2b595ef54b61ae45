import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

import { StartupError } from '../../../src/core/errors.js';
import { Dict } from '../../../src/text/jinja/values.js';
import { folderFiles } from '../../../src/core/named-files.js';
import { loadChatTemplate } from '../../../src/text/load-chat-template.js';

const NAMED = [
  { name: 'default', template: 'default' },
  { name: 'tool_use', template: 'tools' },
];

/** A folder with these files; objects become JSON. */
function folder(t: { testdir(): string }, files: Readonly<Record<string, unknown>>): string {
  const dir = t.testdir();
  mkdirSync(dir, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(dir, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return dir;
}

async function rendered(
  dir: string,
  { file = null, name = null }: { file?: string | null; name?: string | null } = {},
): Promise<string | null> {
  const template = await loadChatTemplate({ files: folderFiles(dir), file, name });
  return template?.render({ messages: [], addGenerationPrompt: true, kwargs: new Dict() }) ?? null;
}

t.test('a folder says in several places what its template is', async (t) => {
  const config = { chat_template: 'config', bos_token: '<s>', eos_token: { content: '</s>' } };
  const legacy = { 'chat_template.json': { chat_template: 'legacy' } };
  t.equal(await rendered(folder(t, {})), null);
  t.equal(await rendered(folder(t, legacy)), 'legacy');
  t.equal(await rendered(folder(t, { ...legacy, 'tokenizer_config.json': config })), 'config');
  const all = { 'tokenizer_config.json': config, 'chat_template.jinja': '{{ bos_token }}file' };
  t.equal(await rendered(folder(t, all)), '<s>file');
});

t.test('special tokens are those of the tokenizer, in both spellings', async (t) => {
  const chat_template = '{{ bos_token }}{{ eos_token }}{{ pad_token is defined }}';
  const config = {
    chat_template,
    bos_token: '<s>',
    eos_token: { content: '</s>' },
    pad_token: null,
  };
  t.equal(await rendered(folder(t, { 'tokenizer_config.json': config })), '<s></s>False');
});

t.test('special tokens of the other files, and lists of them', async (t) => {
  const chat_template =
    '{{ bos_token }}{{ pad_token }}{{ image_token }}{{ additional_special_tokens }}';
  const config = {
    chat_template,
    bos_token: '<s>',
    additional_special_tokens: ['<a>'],
    extra_special_tokens: { image_token: { content: '<img>' } },
  };
  const map = {
    bos_token: '<b>',
    pad_token: { content: '<p>' },
    additional_special_tokens: ['<c>'],
  };
  const files = { 'tokenizer_config.json': config, 'special_tokens_map.json': map };
  t.equal(await rendered(folder(t, files)), "<b><p><img>['<a>', '<c>']");
  const listed = { ...files, 'tokenizer_config.json': { ...config, added_tokens_decoder: {} } };
  t.equal(await rendered(folder(t, listed)), "<s><img>['<a>']");
});

t.test('templates in files of their own go before those of the configuration', async (t) => {
  const dir = folder(t, {
    'tokenizer_config.json': { chat_template: NAMED },
    'chat_template.jinja': 'file',
  });
  t.equal(await rendered(dir), 'file');
  await t.rejects(rendered(dir, { name: 'tool_use' }), /chat templates default: choose one/);
  mkdirSync(join(dir, 'additional_chat_templates'));
  writeFileSync(join(dir, 'additional_chat_templates', 'rag.jinja'), 'rag');
  t.equal(await rendered(dir), 'file');
  t.equal(await rendered(dir, { name: 'rag' }), 'rag');
  await t.rejects(rendered(dir, { name: 'tool_use' }), /chat templates default, rag: choose one/);
});

t.test('one of several named templates', async (t) => {
  const dir = folder(t, { 'tokenizer_config.json': { chat_template: NAMED } });
  t.equal(await rendered(dir), 'default');
  t.equal(await rendered(dir, { name: 'tool_use' }), 'tools');
  const unknown = rendered(dir, { name: 'rag' });
  await t.rejects(unknown, {
    message: /default, tool_use: choose one with --hf-chat-template-name/,
  });
});

t.test('--chat-template goes before the folder', async (t) => {
  const dir = folder(t, {
    'tokenizer_config.json': { chat_template: 'config', bos_token: '<s>' },
    'own.jinja': 'own{{ bos_token }}',
    'own.json': { chat_template: NAMED },
    'bad.jinja': '{% if %}',
    'none.json': {},
  });
  t.equal(await rendered(dir, { file: join(dir, 'own.jinja') }), 'own<s>');
  t.equal(await rendered(dir, { file: join(dir, 'own.json'), name: 'tool_use' }), 'tools');
  for (const [file, message] of [
    ['bad.jinja', /cannot be used/],
    ['none.json', /has no "chat_template"/],
    ['chatml', /is no file that can be read/],
  ] as const) {
    const error = await rendered(dir, { file: join(dir, file) }).catch((caught: unknown) => caught);
    t.ok(error instanceof StartupError, file);
    t.match(error, { message });
  }
});
