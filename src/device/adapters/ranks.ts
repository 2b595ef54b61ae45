/** How `--dp-size` devices are laid over a host's cards. */
export interface RankArgs {
  readonly dpSize: number;
  readonly baseGpuId: number;
  readonly gpuIdStep: number;
}

/** The card of each rank, in `[0, numCards)`; a clause where there is none for one of them. */
export function ranksOver(numCards: number, args: RankArgs): readonly number[] | string {
  const { dpSize, baseGpuId, gpuIdStep } = args;
  const cards = Array.from({ length: dpSize }, (_, rank) => baseGpuId + rank * gpuIdStep);
  const rank = cards.findIndex((card) => card >= numCards);
  if (rank < 0) return cards;
  const there = numCards === 1 ? '1 GPU, number 0' : `${numCards} GPUs, 0 to ${numCards - 1}`;
  const how = dpSize === 1 ? '' : ` for device ${rank}`;
  return `GPU ${cards[rank] ?? NaN}${how} is none of ${there}: lower ${flagToLower(numCards, args)}`;
}

function flagToLower(numCards: number, { dpSize, baseGpuId }: RankArgs): string {
  if (dpSize > numCards) return '--dp-size';
  return baseGpuId + dpSize > numCards ? '--base-gpu-id' : '--gpu-id-step';
}
