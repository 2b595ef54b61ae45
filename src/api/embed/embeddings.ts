import { RequestError } from '../../core/errors.js';
import type { FieldReader } from '../../http/field-reader.js';
import type { EmbedAsk } from '../../engine/ask.js';
import { checkDimensions, shorten } from './dimensions.js';
import { parseLoraPaths } from '../native/lora-fields.js';
import { askVectors, embeddingOf, type EmbedDeps, type Embedding } from './embed.js';
import { parseInput } from './openai-input.js';
import { ridsOf } from './openai-route.js';

/** POST `/v1/embeddings`. */
export function askEmbeddings(read: FieldReader, deps: EmbedDeps): EmbedAsk {
  const sources = parseInput(read.raw('input'));
  const isBase64 = formatOf(read) === 'base64';
  const dimensions = read.integer('dimensions');
  embeddingOf(deps.model);
  parseLoraPaths(read, sources.length, false);
  checkDimensions(dimensions, deps.model);
  return askVectors({ sources, rids: ridsOf(read, sources.length) }, deps, (answers) => ({
    object: 'list',
    data: answers.map(({ values }, index) => {
      const vector = shorten(values, dimensions, deps.model);
      const embedding = isBase64 ? base64Of(vector) : Array.from(vector);
      return { object: 'embedding', embedding, index };
    }),
    model: deps.model.weights.pathOf(answers[0]?.weightsEpoch ?? null),
    usage: { ...promptUsage(answers), reasoning_tokens: 0 },
  }));
}

/** Token counts of requests that make no tokens. */
export function promptUsage(answers: readonly Embedding[]) {
  const promptTokens = answers.reduce((sum, { tokens }) => sum + tokens.length, 0);
  return {
    prompt_tokens: promptTokens,
    total_tokens: promptTokens,
    completion_tokens: 0,
    prompt_tokens_details: null,
  };
}

function formatOf(read: FieldReader): 'float' | 'base64' {
  const format = read.string('encoding_format') ?? 'float';
  if (format === 'float' || format === 'base64') return format;
  const message = `encoding_format must be "float" or "base64", got ${JSON.stringify(format)}.`;
  throw new RequestError('INVALID_REQUEST', message);
}

/** OpenAI's form: little-endian f32, which is how this machine holds them. */
function base64Of(vector: Float32Array): string {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64');
}
