/** A point and what is written beside it; pixels, y down. */
export interface Labelled {
  readonly x: number;
  readonly y: number;
  readonly text: string;
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface Surroundings {
  /** Labels stay inside. */
  readonly bounds: Box;
  /** Thin boxes, better not written over. */
  readonly lines: readonly Box[];
}

/** Where a text goes: its box, and whether it is so far from its point that a line should lead there. */
export interface Placed extends Box {
  readonly isFar: boolean;
}

export const LABEL_PX = 11;
/** Of a text's size: how wide the fonts' characters are, the wide ones. */
const CHARACTER = 0.6;
const HEIGHT = LABEL_PX + 1;
/** Half the size of a marker, with the air around it. */
const MARKER = 6;
/** How far a label may be from its point. */
const RINGS = [9, 16, 25, 37, 51, 67];
/** To the right first: that is where people look. */
const DIRECTIONS = [0, 180, 270, 90, 315, 45, 225, 135, 338, 22, 202, 158].map(
  (degrees) => (degrees * Math.PI) / 180,
);
const PASSES = 8;
/** Prices of a square pixel that is over a label, a marker, a line, the edge; and of a ring. */
const [OVER_LABEL, OVER_MARKER, OVER_LINE, OUTSIDE, RING] = [10, 10, 0.1, 100, 3];
/**
 * A label that is as near to another point as to its own is read as that one's; price of a pixel nearer.
 * The same of a line from a point to its label that runs over another.
 */
const [NEAR, CONFUSING, CROSSING] = [11, 2, 15];

/**
 * One box for each point, inside `bounds`, over no marker and no other box wherever there is room. Each takes its
 * cheapest place beside the others, several times over.
 */
export function placeLabels(points: readonly Labelled[], around: Surroundings): readonly Placed[] {
  const choices = points.map((point) => candidates(point, points, around));
  const chosen: (Candidate | undefined)[] = points.map(() => undefined);
  for (let pass = 0; pass < PASSES; pass++) {
    for (const [i, own] of choices.entries()) {
      const others = chosen.filter((other, j) => other !== undefined && j !== i) as Candidate[];
      const price = (candidate: Candidate) =>
        others.reduce(
          (sum, other) => sum + OVER_LABEL * overlap(candidate, other),
          candidate.price,
        );
      chosen[i] = own.reduce((best, next) => (price(next) < price(best) ? next : best));
    }
  }
  return chosen as Candidate[];
}

/** Square pixels that two boxes share. */
export function overlap(a: Box, b: Box): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return width > 0 && height > 0 ? width * height : 0;
}

interface Candidate extends Placed {
  /** Of the place alone. */
  readonly price: number;
}

function candidates(
  { x, y, text }: Labelled,
  points: readonly Labelled[],
  { bounds, lines }: Surroundings,
): readonly Candidate[] {
  const width = text.length * LABEL_PX * CHARACTER;
  return RINGS.flatMap((radius, ring) =>
    DIRECTIONS.map((angle, turn): Candidate => {
      // The box touches the ring with the side that looks at the point.
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      const centre = x + radius * cos + (width / 2) * between(1.5 * cos, -1, 1);
      const middle = y + radius * sin + (HEIGHT / 2) * between(1.5 * sin, -1, 1);
      const box = {
        left: centre - width / 2,
        right: centre + width / 2,
        top: middle - HEIGHT / 2,
        bottom: middle + HEIGHT / 2,
      };
      const markers = points.reduce((sum, point) => sum + overlap(box, marker(point)), 0);
      const strangers = points.filter((point) => point.x !== x || point.y !== y);
      const confusing = strangers.reduce(
        (sum, point) => sum + Math.max(0, NEAR - distance(box, point)),
        0,
      );
      const [toX, toY] = [between(x, box.left, box.right), between(y, box.top, box.bottom)];
      const isOver = (point: Labelled) => leadsOver({ x, y }, { x: toX, y: toY }, point);
      const crossing = strangers.filter(isOver).length;
      const outside = width * HEIGHT - overlap(box, bounds);
      const crossed = lines.reduce((sum, line) => sum + overlap(box, line), 0);
      const place = RING * ring + turn / 10 + CONFUSING * confusing + CROSSING * crossing;
      const price = place + OVER_MARKER * markers + OVER_LINE * crossed + OUTSIDE * outside;
      return { ...box, isFar: ring > 1, price };
    }),
  );
}

type Spot = Pick<Labelled, 'x' | 'y'>;

/** Whether the line between two spots comes closer to a point than its marker is wide. */
function leadsOver(from: Spot, to: Spot, { x, y }: Labelled): boolean {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const along = ((x - from.x) * dx + (y - from.y) * dy) / (dx * dx + dy * dy || 1);
  const share = between(along, 0, 1);
  return Math.hypot(from.x + share * dx - x, from.y + share * dy - y) < MARKER;
}

/** Pixels from a point to a box; 0 inside. */
function distance({ left, top, right, bottom }: Box, { x, y }: Labelled): number {
  return Math.hypot(Math.max(left - x, 0, x - right), Math.max(top - y, 0, y - bottom));
}

function marker({ x, y }: Labelled): Box {
  return { left: x - MARKER, right: x + MARKER, top: y - MARKER, bottom: y + MARKER };
}

/** The nearest number of a range. */
export function between(value: number, from: number, to: number): number {
  return Math.max(from, Math.min(to, value));
}
