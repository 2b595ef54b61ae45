import type { AdapterEnv } from './adapter-env.js';
import type { Candidate, WhyNot } from './candidate.js';
import { nvidiaHindrance } from './gpu-cards.js';
import type { HostAdapters } from './host-adapters.js';
import { ranksOver, type RankArgs } from './ranks.js';

/** CUDA's cards for the ranks. */
export function cudaCandidate(host: HostAdapters, args: RankArgs): Candidate | WhyNot {
  const hindrance = cardsHindrance(host) ?? providerHindrance(host);
  if (hindrance !== null) return hindrance;
  const { cudaCards: cards } = host;
  const ranks = ranksOver(cards.length, args);
  if (typeof ranks === 'string') return ranks;
  const env = cudaEnv(host);
  const gpus = ranks.flatMap((index) => {
    const card = cards[index];
    if (card === undefined) return [];
    const { name, pciSlot, memoryBytes } = card;
    return [{ index, name, pciSlot, memoryBytes, isSoftware: false, env }];
  });
  return { kind: 'cuda', gpus, warnings: [] };
}

function cardsHindrance({ nvidia, nvidiaAccess, cudaCards }: HostAdapters): WhyNot | null {
  if (nvidia.cards.length === 0) return 'no NVIDIA card';
  const hindrance = nvidiaHindrance(nvidiaAccess);
  if (hindrance !== null) return hindrance;
  return cudaCards.length === 0 ? 'CUDA_VISIBLE_DEVICES hides every NVIDIA card' : null;
}

/** What ONNX Runtime lacks for CUDA, whatever the cards. */
export function providerHindrance({
  cudaProvider,
}: Pick<HostAdapters, 'cudaProvider'>): WhyNot | null {
  const { missing, unmet, install } = cudaProvider;
  if (missing.length > 0) {
    return install === null
      ? 'onnxruntime-node has no CUDA libraries for this system'
      : `ONNX Runtime's CUDA libraries are not installed, which this does: ${install}`;
  }
  if (unmet.length === 0) return null;
  return (
    `ONNX Runtime's CUDA libraries miss ${unmet.join(', ')}: ` +
    'install the CUDA and cuDNN that they are of, or name their folder in LD_LIBRARY_PATH'
  );
}

/** CUDA counts the fastest first, the driver's tools by bus: where nobody has numbered the cards, by bus. */
function cudaEnv({ nvidia, cudaCards, cudaOrder }: HostAdapters): AdapterEnv {
  const isNumbered = cudaOrder !== null || cudaCards !== nvidia.cards;
  return isNumbered ? {} : { CUDA_DEVICE_ORDER: 'PCI_BUS_ID' };
}
