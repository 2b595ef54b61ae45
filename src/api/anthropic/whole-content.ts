import { objectIn } from '../../http/json.js';
import type { BlockDelta, BlockEvent, ContentBlock } from './content-blocks.js';

type Writable = Record<string, unknown>;

const FIELD_OF_DELTA: Readonly<Record<BlockDelta['type'], string>> = {
  text_delta: 'text',
  thinking_delta: 'thinking',
  signature_delta: 'signature',
  input_json_delta: 'partial_json',
};

/** The `content` of a whole answer: what clients put together from the events of a stream. */
export function wholeContent(events: readonly BlockEvent[]): readonly ContentBlock[] {
  const blocks: Writable[] = [];
  for (const event of events) {
    if (event.type === 'content_block_start') blocks.push({ ...event.content_block });
    if (event.type === 'content_block_delta') append(blocks.at(-1) ?? {}, event.delta);
  }
  return blocks.map(finished) as unknown as ContentBlock[];
}

function append(block: Writable, delta: BlockDelta): void {
  const field = FIELD_OF_DELTA[delta.type];
  const text = (delta as unknown as Readonly<Record<string, string>>)[field] ?? '';
  block[field] = ((block[field] as string | undefined) ?? '') + text;
}

/** Arguments that were cut off are none, as in SGLang: `stop_reason` tells. */
function finished({ partial_json: json, ...block }: Writable): Writable {
  return typeof json === 'string' ? { ...block, input: objectIn(json) ?? {} } : block;
}
