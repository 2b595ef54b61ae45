import type { DriverEnv } from '../../config/driver-env.js';
import type { Host } from './host.js';
import { pciSlotOf } from './pci.js';

export interface NvidiaCard {
  /** `NVIDIA H200` */
  readonly name: string;
  readonly uuid: string | null;
  /** `0000:3b:00.0`; null where the driver does not say. */
  readonly pciSlot: string | null;
  /** Null without `nvidia-smi`, and for chips that share the machine's memory. */
  readonly memoryBytes: number | null;
  readonly freeBytes: number | null;
}

export interface NvidiaHost {
  /** `570.86.15`; null = no driver is loaded, or it does not say. */
  readonly driverVersion: string | null;
  /** By bus, as `nvidia-smi` counts them. */
  readonly cards: readonly NvidiaCard[];
}

const PROC = '/proc/driver/nvidia';
/** WSL has it where no PATH leads. */
const PROGRAMS = ['nvidia-smi', '/usr/lib/wsl/lib/nvidia-smi'];
const FIELDS = 'index,name,memory.total,memory.free,pci.bus_id,uuid,driver_version';
const QUERY = [`--query-gpu=${FIELDS}`, '--format=csv,noheader,nounits'];

/** NVIDIA's cards by its kernel driver, with what `nvidia-smi` adds where it is. */
export async function findNvidia(host: Host): Promise<NvidiaHost> {
  const measured = await measuredCards(host);
  const version = /Module\b.*?\s(\d+(?:\.\d+)+)\s/.exec(host.read(`${PROC}/version`) ?? '')?.[1];
  return {
    driverVersion: version ?? measured?.driverVersion ?? null,
    cards: measured?.cards ?? procCards(host),
  };
}

/** Null where nothing answers. */
async function measuredCards(host: Host): Promise<NvidiaHost | null> {
  for (const program of PROGRAMS) {
    const text = await host.run(program, QUERY);
    if (text === null) continue;
    const rows = text.split('\n').map((line) => line.split(',').map((cell) => cell.trim()));
    const known = rows.filter(({ length }) => length === FIELDS.split(',').length);
    return { driverVersion: known[0]?.at(-1) ?? null, cards: known.map(cardOf) };
  }
  return null;
}

function cardOf(cells: readonly string[]): NvidiaCard {
  const [, name = '', total = '', free = '', slot = '', uuid = ''] = cells;
  return {
    name: named(name),
    uuid,
    pciSlot: pciSlotOf(slot),
    memoryBytes: mebibytes(total),
    freeBytes: mebibytes(free),
  };
}

/** `[N/A]` and `[Not Supported]` are null. */
function mebibytes(text: string): number | null {
  return /^\d+$/.test(text) ? Number(text) * 2 ** 20 : null;
}

function procCards(host: Host): readonly NvidiaCard[] {
  // The reader sorts decimal numbers, and these are not.
  return [...host.list(`${PROC}/gpus`)].sort().map((slot) => {
    const text = host.read(`${PROC}/gpus/${slot}/information`) ?? '';
    const field = (name: string): string | null =>
      new RegExp(`^${name}:\\s*(.+?)\\s*$`, 'm').exec(text)?.[1] ?? null;
    return {
      name: named(field('Model') ?? 'card'),
      uuid: field('GPU UUID'),
      pciSlot: pciSlotOf(field('Bus Location') ?? slot),
      memoryBytes: null,
      freeBytes: null,
    };
  });
}

function named(model: string): string {
  return model.startsWith('NVIDIA') ? model : `NVIDIA ${model}`;
}

/** A slice that CUDA takes for a card, and that no list of cards has. */
function partOfCard(uuid: string): NvidiaCard {
  return { name: 'NVIDIA MIG device', uuid, pciSlot: null, memoryBytes: null, freeBytes: null };
}

/** The cards that CUDA may see, in its numbering: as `CUDA_VISIBLE_DEVICES` lists them, up to the first that is none. */
export function cudaCards(
  { cards }: NvidiaHost,
  { visibleCudaCards }: DriverEnv,
): readonly NvidiaCard[] {
  if (visibleCudaCards === null) return cards;
  const visible = visibleCudaCards.map((word) => {
    if (/^\d+$/.test(word)) return cards[Number(word)];
    if (word.startsWith('MIG-')) return partOfCard(word);
    return cards.find(({ uuid }) => uuid?.startsWith(word));
  });
  const end = visible.indexOf(undefined);
  return (end < 0 ? visible : visible.slice(0, end)).filter((card) => card !== undefined);
}
