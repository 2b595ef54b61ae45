import { askedBy } from '../../engine/asker.js';
import type { AnswerSink } from '../../engine/answer-sink.js';
import type { Fields } from '../../http/fields.js';
import { parseJsonObject, type JsonObject } from '../../http/json.js';
import type { Handler } from '../../http/router.js';
import type { Tokenizer } from '../../text/tokenizer.js';
import { answerGenerate } from '../answer-generate.js';
import { askerOf } from '../asker.js';
import { answerHttp } from '../http-answer.js';
import type { ModelAsk, OllamaAsk, OllamaDeps } from './ask.js';
import { OllamaRenderer, type RenderOptions } from './render.js';
import { OLLAMA } from './spelling.js';

type Parse = (body: JsonObject, deps: OllamaDeps) => Promise<OllamaAsk>;

/** `/api/chat` or `/api/generate`: from a body to its lines, or its one answer. */
export function createTextHandler(parse: Parse, fields: Fields, deps: OllamaDeps): Handler {
  return (request, reply) => {
    const arrivedMs = performance.now();
    return answerHttp(reply, OLLAMA, async (sink) => {
      const body = parseJsonObject(await request.readBody(), fields);
      const ask = await parse(body, deps);
      if (ask.kind === 'idle') {
        sink.answer(ask.answer);
        return;
      }
      const asker = askerOf(request, deps.args.dpSize);
      const asked = { ...ask, generate: askedBy(ask.generate, asker) };
      await answerText(asked, sink, { deps, arrivedMs });
    });
  };
}

async function answerText(
  { generate, ...ask }: ModelAsk,
  sink: AnswerSink,
  { deps, arrivedMs }: { readonly deps: OllamaDeps } & Pick<RenderOptions, 'arrivedMs'>,
): Promise<void> {
  const renderer = new OllamaRenderer({ ...ask, tokenizer: tokenizerOf(deps), arrivedMs });
  await answerGenerate(generate, renderer, sink, deps.generation);
}

/** Without one no request gets as far as its answer. */
function tokenizerOf({ model: { tokenizer } }: OllamaDeps): Tokenizer {
  if (tokenizer === null) throw new Error('This is a bug: a prompt was read without a tokenizer.');
  return tokenizer;
}
