/** Languages whose blocks are run, and the program that runs them. */
export const LANGUAGES = ['sh', 'python', 'js'] as const;
export type Language = (typeof LANGUAGES)[number];

/** Spellings that would let a block escape: they must be written as above. */
const OTHER_SPELLINGS = new Map<string, Language>([
  ['bash', 'sh'],
  ['shell', 'sh'],
  ['console', 'sh'],
  ['zsh', 'sh'],
  ['py', 'python'],
  ['python3', 'python'],
  ['javascript', 'js'],
  ['mjs', 'js'],
  ['node', 'js'],
]);

export interface Answer {
  readonly form: 'json' | 'text';
  readonly text: string;
  /** Where it stands: `docs/guide/chat.md:12`. */
  readonly where: string;
}

export interface Example {
  readonly language: Language;
  readonly code: string;
  readonly answer: Answer;
  readonly where: string;
}

/** What is asked of one server: the command that starts it, null for the built-in model, and then the examples. */
export interface Section {
  readonly command: string | null;
  readonly where: string;
  readonly examples: readonly Example[];
}

interface Block {
  readonly language: string;
  /** What follows the language on the fence's line. */
  readonly info: string;
  readonly text: string;
  readonly where: string;
}

const FENCE = /^( *)(`{3,})\s*([^\s`]*)\s*([^`]*)$/;
const NO_RUN = /^no-run:\s*\S/;

/**
 * The examples of a page of Markdown, in order. Every block of a language above is an example, but for
 * `sh serve`, which starts the server of the examples below it, and `no-run: REASON`. The next block with
 * `answer` is what all examples since the last one print.
 *
 * @param page its path, for the messages
 * @throws Error that names page and line: a block that is neither, an example without an answer
 */
export function readPage(page: string, markdown: string): Section[] {
  const reader = new PageReader(page);
  for (const block of blocksOf(page, markdown)) reader.take(block);
  return reader.end();
}

class PageReader {
  readonly #sections: { command: string | null; where: string; examples: Example[] }[];
  /** Examples whose answer is still to come. */
  #open: Omit<Example, 'answer'>[] = [];

  constructor(page: string) {
    this.#sections = [{ command: null, where: `${page}:1`, examples: [] }];
  }

  take(block: Block): void {
    const { language, info, where, text } = block;
    const spelling = OTHER_SPELLINGS.get(language);
    if (spelling !== undefined) throw new Error(`${where}: write ${spelling}, not ${language}.`);
    if (info === 'answer') this.#answer(block);
    else if (!isLanguage(language) || NO_RUN.test(info)) return;
    else if (info === 'serve' && language === 'sh') this.#serve(text.trim(), where);
    else if (info === '') this.#open.push({ language, code: text, where });
    else {
      throw new Error(
        `${where}: "${info}" is not known: write nothing, "serve" or "no-run: REASON".`,
      );
    }
  }

  end(): Section[] {
    this.#mustBeAnswered();
    return this.#sections.filter(({ command, examples }) => command !== null || examples.length);
  }

  #serve(command: string, where: string): void {
    this.#mustBeAnswered();
    this.#sections.push({ command, where, examples: [] });
  }

  #answer({ language, text, where }: Block): void {
    if (language !== 'json' && language !== 'text') {
      throw new Error(`${where}: an answer is json or text, not ${language}.`);
    }
    if (this.#open.length === 0) throw new Error(`${where}: no example stands before this answer.`);
    const answer: Answer = { form: language, text, where };
    for (const example of this.#open) this.#sections.at(-1)?.examples.push({ ...example, answer });
    this.#open = [];
  }

  #mustBeAnswered(): void {
    const [first] = this.#open;
    if (first !== undefined) throw new Error(`${first.where}: no answer follows this example.`);
  }
}

function isLanguage(language: string): language is Language {
  return (LANGUAGES as readonly string[]).includes(language);
}

function* blocksOf(page: string, markdown: string): Generator<Block> {
  let open: { fence: string; indent: number; block: Block; lines: string[] } | null = null;
  for (const [index, line] of markdown.split('\n').entries()) {
    if (open === null) {
      const [, indent = '', fence, language = '', info = ''] = FENCE.exec(line) ?? [];
      if (fence === undefined) continue;
      const where = `${page}:${index + 1}`;
      const block = { language, info: info.trim(), where, text: '' };
      open = { fence, indent: indent.length, block, lines: [] };
    } else if (line.trim() === open.fence) {
      yield { ...open.block, text: open.lines.join('\n') };
      open = null;
    } else {
      open.lines.push(line.slice(Math.min(open.indent, line.search(/\S|$/))));
    }
  }
  if (open !== null) throw new Error(`${open.block.where}: this block has no end.`);
}
