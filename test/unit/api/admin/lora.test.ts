import t from 'tap';

import { startApp } from '../test-app.js';

t.test('adapters are refused as by an SGLang without LoRA', async (t) => {
  const app = await startApp();
  t.teardown(() => {
    app.app.close();
  });
  for (const path of ['/load_lora_adapter', '/unload_lora_adapter']) {
    t.match(await app.post(path, { lora_name: 'a', lora_path: 'b' }), {
      status: 400,
      json: {
        success: false,
        error_message: 'LoRA is not enabled. Please set `--enable-lora` to enable LoRA.',
        loaded_adapters: null,
      },
    });
  }
});
