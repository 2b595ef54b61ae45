import { RequestError } from '../core/errors.js';
import { contentFormatOf, type ContentFormat } from './content-format.js';
import {
  GLOBAL_NAMES,
  parseTemplate,
  renderTemplate,
  type JinjaNode,
  type RenderLimits,
} from './jinja.js';

/** One message as templates see it: `role`, `content` and whatever else the role has. */
export type TemplateMessage = Readonly<Record<string, unknown>>;

/** `bos_token`, `eos_token`, …: the strings that templates put around messages. */
export type SpecialTokens = Readonly<Record<string, string>>;

export interface TemplateInput {
  readonly messages: readonly TemplateMessage[];
  /** True = the prompt ends where the assistant's answer starts. */
  readonly addGenerationPrompt: boolean;
  /** Further variables of the request (`chat_template_kwargs`). */
  readonly kwargs: Readonly<Record<string, unknown>>;
}

/** Variables that make the prompt what it is: no request may replace them (vLLM CVE-2025-62426). */
const RESERVED = new Set<string>([
  ...GLOBAL_NAMES,
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
  readonly #program: JinjaNode;
  readonly #specialTokens: SpecialTokens;
  readonly #limits: RenderLimits | undefined;

  /** @throws Error when the template does not parse */
  constructor(source: string, specialTokens: SpecialTokens, limits?: RenderLimits) {
    this.#program = parseTemplate(source);
    this.#specialTokens = specialTokens;
    this.#limits = limits;
    this.contentFormat = contentFormatOf(this.#program);
  }

  /** @throws RequestError with the template's own message, or why it was stopped */
  render({ messages, addGenerationPrompt, kwargs }: TemplateInput): string {
    this.#checkKwargs(kwargs);
    const variables = {
      ...this.#specialTokens,
      ...kwargs,
      messages,
      tools: null,
      documents: null,
      add_generation_prompt: addGenerationPrompt,
    };
    try {
      return renderTemplate(this.#program, variables, this.#limits);
    } catch (error) {
      throw new RequestError('INVALID_REQUEST', reasonOf(error));
    }
  }

  #checkKwargs(kwargs: Readonly<Record<string, unknown>>): void {
    const names = Object.keys(kwargs);
    if (names.length > MAX_KWARGS) {
      fail(`chat_template_kwargs may have at most ${MAX_KWARGS} entries.`);
    }
    const refused = names.find(
      (name) => !NAME.test(name) || RESERVED.has(name) || Object.hasOwn(this.#specialTokens, name),
    );
    if (refused !== undefined) {
      fail(`chat_template_kwargs may not set '${refused.slice(0, 100)}'.`);
    }
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
