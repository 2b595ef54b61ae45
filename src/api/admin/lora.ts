import { jsonResponse } from '../../http/http.js';
import type { Handler, Route } from '../../http/router.js';

const LORA_IS_OFF = {
  success: false,
  error_message: 'LoRA is not enabled. Please set `--enable-lora` to enable LoRA.',
  loaded_adapters: null,
};

const answer: Handler = (_, reply) => {
  reply.send(jsonResponse(400, LORA_IS_OFF));
};

/** What SGLang answers where LoRA is off, as it always is here. */
export const loraRoutes: readonly Route[] = ['/load_lora_adapter', '/unload_lora_adapter'].map(
  (path) => ({ methods: ['POST'], path, access: 'admin', handler: answer }),
);
