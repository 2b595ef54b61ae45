import type { CacheState } from '../../api/ws/watch/types.js';
import { Fact } from '../shared/fact.js';
import { ago, counted, whole } from '../shared/format.js';
import { topName } from './icicle-view.js';
import type { Slab } from './icicle.js';

interface SlabDetailsProps {
  readonly slab: Slab | null;
  readonly cache: CacheState;
  readonly now: number;
}

/** All that is known of one node. */
export function SlabDetails({ slab, cache, now }: SlabDetailsProps) {
  if (slab === null)
    return <p class="hint">Point at a node. A click zooms in, Escape zooms out.</p>;
  const { node, hidden, device } = slab;
  if (node === null) {
    return (
      <p>
        {counted(hidden?.nodes ?? 0, 'node')} with {counted(hidden?.tokens ?? 0, 'token')}, each too
        small to be seen here. Zoom in on the node above.
      </p>
    );
  }
  const uses = (cache.trees[device]?.clock ?? node.used) - node.used;
  return (
    <>
      {node.parent === undefined ? (
        <p class="slab-name">{topName(node.namespace, device)}</p>
      ) : (
        node.text !== undefined && <pre class="slab-prompt">{node.text}</pre>
      )}
      <dl class="facts">
        <Fact name="Its own" value={counted(node.tokens, 'token')} />
        <Fact name="With all below" value={counted(node.width, 'token')} />
        <Fact name="Begins at" value={`token ${whole(node.depth)}`} />
        <Fact name="Hits" value={whole(node.hits ?? 0)} />
        <Fact
          name="Last used"
          value={
            node.used_at === undefined
              ? `${counted(uses, 'use')} of the tree ago`
              : ago(now - node.used_at)
          }
        />
        <Fact name="Held by" value={counted(node.locks ?? 0, 'request')} />
        <Fact name="Made by" value={node.decoded === true ? 'decoding' : 'prefill'} />
      </dl>
    </>
  );
}
