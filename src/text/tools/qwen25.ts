import type { ToolFormat } from './format.js';
import { readTagged } from './tagged.js';

/** Qwen 2.5 and 3: `<tool_call>\n{"name": "f", "arguments": {…}}\n</tool_call>`, once per call. */
export const qwen25: ToolFormat = {
  read: (reading) => readTagged(reading, { open: '<tool_call>', close: '</tool_call>' }),
  frame: (name) => ({
    begin: `<tool_call>\n{"name":${JSON.stringify(name)}, "arguments":`,
    end: '}\n</tool_call>',
    trigger: '<tool_call>',
  }),
};
