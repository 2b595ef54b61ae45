import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A kind of work, as prompts for a model that was trained on ChatML. */
export interface Work {
  readonly name: string;
  readonly prompts: readonly string[];
}

/** Code to edit: small files of this repository, with what is asked for. */
const EDITS = [
  ['src/scheduler/timeouts.ts', 'Rename `expired` to `findExpired`.'],
  ['src/device/generate/stage-clock.ts', 'Add a method `reset` that sets the time to now.'],
  ['src/scheduler/seat/page-runs.ts', 'Rename `PageRuns` to `RunList`.'],
  ['src/scheduler/devices/new-token-ratio.ts', 'Rename `value` to `ratio`.'],
  ['src/device/embed/embed-packing.ts', 'Add a line of comment above each function.'],
  ['src/scheduler/waiting/ticket.ts', 'Rename `Ticket` to `Entry`.'],
  ['src/scheduler/abort.ts', 'Rename `matching` to `selected`.'],
  ['src/scheduler/pause.ts', 'Add the word "async" before the function.'],
] as const;

/** A text, and a question that it answers. */
const QUESTIONS = [
  [
    'docs/decisions/0001-even-prefill-runs.md',
    'Why does a prefill run have an even number of rows?',
  ],
  ['docs/decisions/0001-even-prefill-runs.md', 'What was measured on the AVX-512 VNNI machine?'],
  ['docs/guide/determinism.md', 'Which flag makes answers independent of the cache?'],
  ['docs/guide/determinism.md', 'Quote the sentences about seeds.'],
  ['docs/guide/chat.md', 'How is a chat request made? Quote the example.'],
  ['docs/guide/chat.md', 'Summarize the text in three sentences.'],
  ['test/README.md', 'Which layers of tests are there? List them.'],
  ['test/README.md', 'What is each layer of tests for?'],
] as const;

const CHATS = [
  'Explain how rain forms, in a few paragraphs.',
  'Give me a recipe for pancakes.',
  'Write a short story about a lighthouse keeper who finds a letter.',
  'What are the differences between cats and dogs as pets?',
  'Write a polite email that asks for a day off.',
  'How does a bicycle stay upright?',
  'List ten ideas for a birthday party and say why each is good.',
  'What should I see in Rome in two days?',
];

/** Characters of a text that go into a prompt. */
const TEXT_MAX = 2400;

export function works(): readonly Work[] {
  const edits = EDITS.map(
    ([path, change]) =>
      `Here is a file:\n\n\`\`\`ts\n${fileText(path)}\`\`\`\n\n${change} Answer with the whole file.`,
  );
  const questions = QUESTIONS.map(([path, question]) => `${fileText(path)}\n\n${question}`);
  return [
    { name: 'editing code', prompts: edits.map(asChat) },
    { name: 'answering from a text', prompts: questions.map(asChat) },
    { name: 'chat', prompts: CHATS.map(asChat) },
  ];
}

function asChat(text: string): string {
  return (
    '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face' +
    `<|im_end|>\n<|im_start|>user\n${text}<|im_end|>\n<|im_start|>assistant\n`
  );
}

function fileText(path: string): string {
  const file = new URL(`../../../../${path}`, import.meta.url);
  return readFileSync(fileURLToPath(file), 'utf8').slice(0, TEXT_MAX);
}
