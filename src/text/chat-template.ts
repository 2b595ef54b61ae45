import { RequestError } from '../core/errors.js';
import { contentFormatOf, type ContentFormat } from './content-format.js';
import type { Body } from './jinja/ast.js';
import { GLOBAL_NAMES } from './jinja/globals.js';
import type { RenderLimits } from './jinja/meter.js';
import { parseTemplate } from './jinja/parse.js';
import { renderTemplate } from './jinja/render.js';
import { isText, textOf, type Dict, type Value } from './jinja/values.js';

/** `bos_token`, `eos_token`, …: what templates put around messages; also lists of further tokens. */
export type SpecialTokens = ReadonlyMap<string, Value>;

export interface TemplateInput {
  /** Each as templates see it: `role`, `content` and whatever else the role has. */
  readonly messages: readonly Dict[];
  /** True = the prompt ends where the assistant's answer starts. */
  readonly addGenerationPrompt: boolean;
  /** Functions that the model may call, as the request describes them. */
  readonly tools?: readonly Dict[] | null;
  /** Further variables of the request (`chat_template_kwargs`). */
  readonly kwargs: Dict;
}

/** Variables that make the prompt what it is: no request may replace them (vLLM CVE-2025-62426). */
const RESERVED = new Set<string>([
  ...GLOBAL_NAMES,
  'true',
  'false',
  'none',
  'True',
  'False',
  'None',
  'messages',
  'conversation',
  'tools',
  'documents',
  'add_generation_prompt',
  'continue_final_message',
  'chat_template',
  'tokenize',
  'return_dict',
  'return_tensors',
  'padding',
  'truncation',
  'max_length',
  'tokenizer_kwargs',
  'return_assistant_tokens_mask',
]);
const NAME = /^[A-Za-z]\w{0,63}$/;
const MAX_KWARGS = 64;

/** A Jinja template of a checkpoint, rendered in a sandbox with bounds on steps, time and output. */
export class ChatTemplate {
  readonly contentFormat: ContentFormat;
  readonly source: string;
  readonly program: Body;
  readonly #specialTokens: SpecialTokens;
  readonly #limits: RenderLimits | undefined;

  /** @throws Error when the template does not parse */
  constructor(source: string, specialTokens: SpecialTokens, limits?: RenderLimits) {
    this.source = source;
    this.program = parseTemplate(source);
    this.#specialTokens = specialTokens;
    this.#limits = limits;
    this.contentFormat = contentFormatOf(source, this.program);
  }

  /** @throws RequestError with the template's own message, or why it was stopped */
  render({ messages, addGenerationPrompt, tools = null, kwargs }: TemplateInput): string {
    const variables = new Map<string, Value>([
      ...this.#specialTokens,
      ...this.#checkedKwargs(kwargs),
      ['messages', messages],
      ['tools', tools],
      ['documents', null],
      ['add_generation_prompt', addGenerationPrompt],
    ]);
    try {
      return renderTemplate(this.program, variables, { limits: this.#limits });
    } catch (error) {
      throw new RequestError('INVALID_REQUEST', reasonOf(error));
    }
  }

  #checkedKwargs(kwargs: Dict): [string, Value][] {
    if (kwargs.size > MAX_KWARGS) {
      fail(`chat_template_kwargs may have at most ${MAX_KWARGS} entries.`);
    }
    return [...kwargs.entries()].map(([key, value]) => {
      const name = isText(key) ? textOf(key) : '';
      if (!NAME.test(name) || RESERVED.has(name) || this.#specialTokens.has(name)) {
        fail(`chat_template_kwargs may not set '${name.slice(0, 100)}'.`);
      }
      return [name, value];
    });
  }
}

/** A RangeError is the engine's own limit: stack depth or string length. */
function reasonOf(error: unknown): string {
  if (error instanceof RangeError)
    return 'The chat template nests too deep or makes too much text.';
  return error instanceof Error ? error.message : String(error);
}

function fail(message: string): never {
  throw new RequestError('INVALID_REQUEST', message);
}
