import { RequestError } from '../../core/errors.js';
import type { ServedModel } from '../../engine/served-model.js';
import { jsonResponse } from '../../http/http.js';
import type { Route } from '../../http/router.js';

/** GET `/tokenizer_info`, as vLLM has it: tokenizer_config.json as it was read, with the template in use. */
export function tokenizerInfoRoute({ tokenizer, chatTemplate }: ServedModel): Route {
  return {
    methods: ['GET'],
    path: '/tokenizer_info',
    access: 'key',
    handler: (_, reply) => {
      if (tokenizer === null) throw new RequestError('INVALID_REQUEST', NO_TOKENIZER);
      const { config, vocabSize, eosTokenId } = tokenizer;
      const known = { ...config, vocab_size: vocabSize, eos_token_id: eosTokenId };
      const source = chatTemplate?.source;
      reply.send(
        jsonResponse(200, source === undefined ? known : { ...known, chat_template: source }),
      );
    },
  };
}

const NO_TOKENIZER = 'A server started with --skip-tokenizer-init has no tokenizer.';
