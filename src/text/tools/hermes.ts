import type { ToolFormat } from './format.js';
import { readTagged } from './tagged.js';

/** Hermes: `<tool_call>{"name": "f", "arguments": {…}}</tool_call>`, with or without line breaks. */
export const hermes: ToolFormat = {
  read: (reading) => readTagged(reading, { open: '<tool_call>', close: '</tool_call>' }),
  frame: (name) => ({
    begin: `<tool_call>{"name":${JSON.stringify(name)}, "arguments":`,
    end: '}</tool_call>',
    trigger: '<tool_call>',
  }),
};
