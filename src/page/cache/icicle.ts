import type { CacheNode, CacheState, HiddenNodes, TreeView } from '../../api/ws/watch/types.js';

/** A rectangle of the icicle. */
export interface Slab {
  /** Unlike any other's, of the same node always the same. */
  readonly key: string;
  readonly device: string;
  /** Null: several nodes that are too small to be seen, summed up. */
  readonly id: number | null;
  readonly node: CacheNode | null;
  readonly hidden: HiddenNodes | null;
  /** Of the whole width, in [0, 1]. */
  readonly x: number;
  readonly width: number;
  /** Row, 0 at the top. */
  readonly level: number;
  /** Key of the slab above; null = it stands at the top. */
  readonly parent: string | null;
}

/** Narrower than this part of the whole a slab could not be pointed at. */
const NARROWEST = 1 / 1400;

/** All slabs of what is shown, row by row from the left: first the tops of all devices beside each other. */
export function layIcicle({ trees, focus }: Pick<CacheState, 'trees' | 'focus'>): readonly Slab[] {
  const views = Object.entries(trees).map(([device, view]) => new TreeLayout(device, view));
  const focused = focus === undefined ? undefined : views.find((one) => one.has(focus));
  if (focus !== undefined && focused !== undefined) return sorted(focused.below(focus));
  const total = views.reduce((sum, { width }) => sum + width, 0);
  let x = 0;
  const slabs = views.flatMap((view) => {
    const width = total === 0 ? 0 : view.width / total;
    const own = view.all({ x, width });
    x += width;
    return own;
  });
  return sorted(slabs);
}

interface Span {
  readonly x: number;
  readonly width: number;
}

class TreeLayout {
  readonly #device: string;
  readonly #view: TreeView;
  readonly #children = new Map<number | null, number[]>();

  constructor(device: string, view: TreeView) {
    this.#device = device;
    this.#view = view;
    for (const name of Object.keys(view.shown)) {
      const id = Number(name);
      const parent = view.shown[name]?.parent ?? null;
      const siblings = this.#children.get(parent);
      if (siblings === undefined) this.#children.set(parent, [id]);
      else siblings.push(id);
    }
  }

  has(id: number): boolean {
    return this.#view.shown[id] !== undefined;
  }

  /** In tokens. */
  get width(): number {
    const tops = this.#childrenOf(null).reduce((sum, id) => sum + this.#widthOf(id), 0);
    return tops + (this.#view.hidden?.tokens ?? 0);
  }

  all(span: Span): readonly Slab[] {
    return this.#row(null, span, {
      level: 0,
      parent: null,
      hidden: this.#view.hidden,
      tokens: this.width,
    });
  }

  /** The node over the whole width, on the path that leads to it. */
  below(id: number): readonly Slab[] {
    const path: number[] = [];
    for (let at: number | undefined = id; at !== undefined; at = this.#view.shown[at]?.parent) {
      path.unshift(at);
    }
    const whole = { x: 0, width: 1 };
    const parentOf = (level: number): string | null => {
      const above = path[level - 1];
      return above === undefined ? null : this.#keyOf(above);
    };
    const above = path
      .slice(0, -1)
      .map((one, level) => this.#slab(one, whole, level, parentOf(level)));
    return [...above, ...this.#subtree(id, whole, path.length - 1, parentOf(path.length - 1))];
  }

  #subtree(id: number, span: Span, level: number, parent: string | null): readonly Slab[] {
    const slab = this.#slab(id, span, level, parent);
    const hidden = this.#view.shown[id]?.hidden;
    const tokens = this.#widthOf(id);
    return [slab, ...this.#row(id, span, { level: level + 1, parent: slab.key, hidden, tokens })];
  }

  /** The children of a node side by side, the widest first, and what is hidden behind them. */
  #row(id: number | null, span: Span, row: Row): readonly Slab[] {
    if (row.tokens === 0) return [];
    const scale = span.width / row.tokens;
    let { x } = span;
    const slabs: Slab[] = [];
    for (const child of this.#childrenOf(id)) {
      const width = this.#widthOf(child) * scale;
      if (width >= NARROWEST) {
        slabs.push(...this.#subtree(child, { x, width }, row.level, row.parent));
      }
      x += width;
    }
    const hiddenWidth = (row.hidden?.tokens ?? 0) * scale;
    if (row.hidden !== undefined && hiddenWidth >= NARROWEST) {
      slabs.push({
        key: `${row.parent ?? this.#device}/hidden`,
        device: this.#device,
        id: null,
        node: null,
        hidden: row.hidden,
        x,
        width: hiddenWidth,
        level: row.level,
        parent: row.parent,
      });
    }
    return slabs;
  }

  #slab(id: number, { x, width }: Span, level: number, parent: string | null): Slab {
    const node = this.#view.shown[id] ?? null;
    const device = this.#device;
    return { key: this.#keyOf(id), device, id, node, hidden: null, x, width, level, parent };
  }

  #childrenOf(id: number | null): readonly number[] {
    const children = this.#children.get(id) ?? [];
    return [...children].sort((a, b) => this.#widthOf(b) - this.#widthOf(a) || a - b);
  }

  /** A top without tokens is still as wide as one, to be seen. */
  #widthOf(id: number): number {
    return Math.max(1, this.#view.shown[id]?.width ?? 0);
  }

  #keyOf(id: number): string {
    return `${this.#device}#${id}`;
  }
}

interface Row {
  readonly level: number;
  readonly parent: string | null;
  readonly hidden: HiddenNodes | undefined;
  readonly tokens: number;
}

function sorted(slabs: readonly Slab[]): readonly Slab[] {
  return [...slabs].sort((a, b) => a.level - b.level || a.x - b.x);
}

/** Where the arrow keys lead from a slab: down to its widest child, up to its parent, sideways in its row. */
export function neighbourOf(slabs: readonly Slab[], key: string, arrow: string): Slab | null {
  const at = slabs.find((one) => one.key === key);
  if (at === undefined) return slabs[0] ?? null;
  const row = slabs.filter(({ level }) => level === at.level);
  const place = row.indexOf(at);
  switch (arrow) {
    case 'ArrowDown':
      return slabs.find(({ parent }) => parent === at.key) ?? null;
    case 'ArrowUp':
      return slabs.find((one) => one.key === at.parent) ?? null;
    case 'ArrowLeft':
      return row[place - 1] ?? null;
    case 'ArrowRight':
      return row[place + 1] ?? null;
    default:
      return null;
  }
}
