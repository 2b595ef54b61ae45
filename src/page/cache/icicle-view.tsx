import { useMemo, useRef } from 'preact/hooks';

import type { CacheState } from '../../api/ws/watch/types.js';
import { counted, whole } from '../shared/format.js';
import { layIcicle, neighbourOf, type Slab } from './icicle.js';
import { shadeOf, type Colouring } from './shade.js';

interface IcicleProps {
  readonly cache: CacheState;
  readonly colouring: Colouring;
  /** Key of the slab that is looked at; null = none. */
  readonly selected: string | null;
  /** Ids on the way of the prompt that was asked about. */
  readonly path: ReadonlySet<number>;
  readonly onSelect: (slab: Slab) => void;
  /** Null: everything. */
  readonly onZoom: (id: number | null) => void;
}

/** In pixels. */
const ROW = 30;

/** The trees as an icicle: each node as wide as the tokens that it and all below it hold. */
export function Icicle({ cache, colouring, selected, path, onSelect, onZoom }: IcicleProps) {
  const slabs = useMemo(() => layIcicle(cache), [cache]);
  const box = useRef<HTMLDivElement>(null);
  const levels = Math.max(1, ...slabs.map(({ level }) => level + 1));
  const current = slabs.some(({ key }) => key === selected) ? selected : (slabs[0]?.key ?? null);
  const press = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' || event.key === 'Backspace') {
      onZoom(null);
      return;
    }
    const next = current === null ? null : neighbourOf(slabs, current, event.key);
    if (next === null) return;
    event.preventDefault();
    onSelect(next);
    box.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(next.key)}"]`)?.focus();
  };
  return (
    <div
      ref={box}
      class="icicle"
      role="tree"
      aria-label="Prefix cache"
      style={{ height: `${levels * ROW}px` }}
      onKeyDown={press}
    >
      {slabs.map((slab) => (
        <SlabView
          key={slab.key}
          slab={slab}
          shade={slab.node === null ? null : shadeOf(slab.node, clockOf(cache, slab), colouring)}
          isCurrent={slab.key === current}
          isSelected={slab.key === selected}
          isOnPath={slab.id !== null && path.has(slab.id)}
          onSelect={onSelect}
          onZoom={onZoom}
        />
      ))}
    </div>
  );
}

function clockOf({ trees }: CacheState, { device }: Slab): number {
  return trees[device]?.clock ?? 0;
}

interface SlabViewProps {
  readonly slab: Slab;
  /** Null: a sum of others. */
  readonly shade: number | null;
  readonly isCurrent: boolean;
  readonly isSelected: boolean;
  readonly isOnPath: boolean;
  readonly onSelect: (slab: Slab) => void;
  readonly onZoom: (id: number | null) => void;
}

function SlabView({
  slab,
  shade,
  isCurrent,
  isSelected,
  isOnPath,
  onSelect,
  onZoom,
}: SlabViewProps) {
  const { node, id } = slab;
  const zoom = (): void => {
    onSelect(slab);
    if (id !== null) onZoom(id);
  };
  const classes = [
    'slab',
    shade === null ? 'sum' : `shade${shade}`,
    node?.parent === undefined && node !== null ? 'top' : '',
    (node?.locks ?? 0) > 0 ? 'locked' : '',
    node?.decoded === true ? 'decoded' : '',
    isSelected ? 'selected' : '',
    isOnPath ? 'on-path' : '',
  ];
  return (
    <div
      role="treeitem"
      data-key={slab.key}
      aria-level={slab.level + 1}
      aria-selected={isSelected}
      aria-label={labelOf(slab)}
      tabIndex={isCurrent ? 0 : -1}
      class={classes.filter((one) => one !== '').join(' ')}
      style={{
        left: `${100 * slab.x}%`,
        width: `${100 * slab.width}%`,
        top: `${slab.level * ROW}px`,
        height: `${ROW}px`,
      }}
      onPointerEnter={() => {
        onSelect(slab);
      }}
      onFocus={() => {
        onSelect(slab);
      }}
      onClick={zoom}
      onKeyDown={(event) => {
        if (event.key === 'Enter') zoom();
      }}
    >
      <span class="slab-text">{textOf(slab)}</span>
    </div>
  );
}

function textOf({ node, hidden, device }: Slab): string {
  if (node === null) return `+${whole(hidden?.nodes ?? 0)}`;
  if (node.parent === undefined) return topName(node.namespace, device);
  return node.text?.replaceAll('\n', '⏎') ?? whole(node.tokens);
}

function labelOf({ node, hidden, device }: Slab): string {
  if (node === null) {
    return `${counted(hidden?.nodes ?? 0, 'small node')}, ${counted(hidden?.tokens ?? 0, 'token')}`;
  }
  const marks = [
    (node.locks ?? 0) > 0 ? 'in use' : '',
    node.decoded === true ? 'made by decoding' : '',
  ].filter((mark) => mark !== '');
  const name = node.parent === undefined ? topName(node.namespace, device) : (node.text ?? 'Node');
  const size = `${counted(node.tokens, 'token')}, ${whole(node.width)} with all below`;
  return [name, size, ...marks].join(', ');
}

export function topName(namespace: number | undefined, device: string): string {
  const [rank] = device.split(':');
  const name = (namespace ?? 0) === 0 ? 'Shared' : `Namespace ${namespace ?? 0}`;
  return `${name}, device ${rank ?? device}`;
}
