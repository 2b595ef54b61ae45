import { fieldOf } from '../../http/json.js';
import { PyFloat, type Value } from '../../text/jinja/values.js';
import type { ChatContext } from '../openai/chat-ask.js';

/** How Ollama samples where nobody says how. */
const OLLAMA_DEFAULTS: Readonly<Record<string, Value>> = {
  temperature: new PyFloat(0.8),
  top_k: 40,
  top_p: new PyFloat(0.9),
};

/** Those of Ollama's defaults that neither `--preferred-sampling-params` nor the model's own files replace. */
export function samplingDefaults({
  defaults: { temperature, topK, topP },
  generate: { preferredSamplingParams },
}: Pick<ChatContext, 'defaults' | 'generate'>): Readonly<Record<string, Value>> {
  const own: Readonly<Record<string, number | null>> = { temperature, top_k: topK, top_p: topP };
  const preferred = preferredSamplingParams ?? {};
  const open = Object.entries(OLLAMA_DEFAULTS).filter(
    ([name]) => own[name] === null && fieldOf(preferred, name) === null,
  );
  return Object.fromEntries(open);
}
