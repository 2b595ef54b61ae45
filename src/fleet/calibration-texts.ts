/**
 * Read by a model once, to see how large its keys and values become: prose, a conversation, programs, tables and several
 * languages. Another text gives other scales: raise `CALIBRATION_VERSION` (model/quantize/kept-kv-scales.ts) with it.
 */
export const CALIBRATION_TEXTS: readonly string[] = [
  `The harbour had been busy since before sunrise. Two trawlers lay against the stone quay, their nets heaped on deck like
grey hair, while gulls argued over whatever had fallen between the planks. Marta counted the crates as they came ashore:
forty of herring, eleven of mackerel, and one box of small crabs that nobody had ordered. She wrote the numbers into the
ledger with a pencil, because ink ran when the spray reached it, and she signed every page twice. Her father had taught
her to do so thirty years ago, after a winter in which three boats were lost and nobody could say how much they had
carried. "A number that is written once is a rumour," he used to say. By noon the fog had lifted. The ferry to the islands
left with nineteen passengers, a piano, and a goat that belonged to the schoolteacher. In the afternoon a letter arrived
from the ministry, which announced, in four paragraphs of careful language, that the old lighthouse would be replaced by an
automatic one in the spring. Marta read it aloud in the tavern. Nobody spoke for a while; then the carpenter laughed and
asked whether the automatic one would also make coffee during storms.`,
  `User: Hi! I have a sourdough starter that smells like nail polish remover. Did I kill it?
Assistant: Probably not. A sharp smell of acetone usually means that the starter is hungry: the yeast has used up its sugar.
Here is what I would do:
1. Throw away all but a spoonful (about 20 g).
2. Feed it with 50 g of flour and 50 g of water at 26 °C.
3. Repeat every 12 hours for two or three days.
If it doubles within six hours after a feeding, it is fine. If you see pink or orange streaks, or fuzzy mould, throw it away.
User: Thanks. Can I bake with the part I throw away?
Assistant: Yes, in anything that does not need to rise much: pancakes, crackers, waffles. For example, mix 200 g of discard,
1 egg, a pinch of salt and 1/2 teaspoon of baking soda. Would you like a full recipe?
User: No, but explain in one sentence why the soda helps.
Assistant: The acid in the discard reacts with the soda (sodium bicarbonate) and releases carbon dioxide, so the batter rises
without waiting for the yeast.`,
  `import heapq
from dataclasses import dataclass, field

@dataclass(order=True)
class Edge:
    cost: float
    target: str = field(compare=False)

def shortest_path(graph: dict[str, list[Edge]], start: str, goal: str) -> tuple[float, list[str]]:
    """Dijkstra. Returns (inf, []) when the goal cannot be reached."""
    queue = [(0.0, start, [start])]
    seen: set[str] = set()
    while queue:
        cost, node, path = heapq.heappop(queue)
        if node == goal:
            return cost, path
        if node in seen:
            continue
        seen.add(node)
        for edge in graph.get(node, []):
            if edge.target not in seen:
                heapq.heappush(queue, (cost + edge.cost, edge.target, path + [edge.target]))
    return float("inf"), []

// The same idea in TypeScript, without types for the heap.
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
SELECT c.name, COUNT(*) AS orders, ROUND(SUM(o.total), 2) FROM customers c JOIN orders o ON o.customer_id = c.id
WHERE o.created_at >= '2024-01-01' GROUP BY c.name HAVING COUNT(*) > 3 ORDER BY 3 DESC LIMIT 10;`,
  `{"id": 48213, "kind": "invoice", "items": [{"sku": "A-113", "qty": 4, "price": 19.90}, {"sku": "Z-7", "qty": 1,
"price": 1249.00}], "paid": false, "due": "2025-03-31T23:59:59Z", "notes": null, "tags": ["urgent", "export", "b2b"]}
| Planet | Radius (km) | Day (h) | Moons |
|--------|-------------|---------|-------|
| Mars   | 3389.5      | 24.6    | 2     |
| Saturn | 58232       | 10.7    | 146   |
Let f(x) = 3x^2 - 12x + 7. Then f'(x) = 6x - 12, which is zero at x = 2, and f(2) = 12 - 24 + 7 = -5. Since f''(x) = 6 > 0,
the point (2, -5) is a minimum. The roots are x = (12 ± sqrt(144 - 84)) / 6 = 2 ± sqrt(60)/6, that is 3.29 and 0.71.
Step 1: 17 * 24 = 17 * 20 + 17 * 4 = 340 + 68 = 408. Step 2: 408 / 8 = 51. Answer: 51.
https://example.org/a/b?c=1&d=%20e#top  user@example.org  +44 20 7946 0958  C:\\\\temp\\\\file.txt  ~/notes.md  v2.10.3-rc1`,
  `Die Bahn war pünktlich, und trotzdem kam niemand rechtzeitig an: Der Bahnhof war ein anderer geworden. Am Ausgang stand ein
Mann mit einem Schild, auf dem kein Name stand.
Le marché ouvrait à six heures ; les premiers clients venaient surtout pour le pain, le fromage de chèvre et les nouvelles.
La lluvia empezó despacio, como si pidiera permiso. ¿Quién iba a negárselo después de siete meses de sequía?
Поезд опоздал на два часа, но никто не удивился: зима началась раньше, чем обещали.
今天早上我去市场买了三斤苹果和一些面包，然后坐公共汽车回家。
駅前の喫茶店で、彼女はいつも同じ席に座って手紙を書いていた。
In 1687 Isaac Newton published the Principia, which set out the laws of motion and of universal gravitation. It was written in
Latin, printed in fewer than four hundred copies, and paid for by Edmond Halley, because the Royal Society had spent its
money on a History of Fishes that hardly anybody bought.`,
  `Chapter 3. Photosynthesis. Plants, algae and cyanobacteria turn light into chemical energy. The overall reaction can be
written as 6 CO2 + 6 H2O -> C6H12O6 + 6 O2. It has two stages. In the light-dependent reactions, which take place in the
thylakoid membranes, chlorophyll absorbs photons, water is split, and oxygen is released; the energy is stored in ATP and
NADPH. In the Calvin cycle, which takes place in the stroma, the enzyme RuBisCO fixes carbon dioxide, and ATP and NADPH are
used to build sugars. Questions: (a) Why do leaves look green? (b) Name two factors that limit the rate of photosynthesis.
(c) What would happen to the concentration of oxygen in a closed jar with a plant during the night? Summary: light is
needed for the first stage, not directly for the second; temperature and the amount of carbon dioxide limit the second.
Dear Ms. Okafor, thank you for your application for the position of laboratory assistant. We were impressed by your work on
soil samples and would like to invite you to an interview on Tuesday, 14 May, at 10:30 a.m. Please bring a copy of your
certificates. Kind regards, Dr. H. Lindqvist. P.S. The entrance is on the north side of the building, behind the bicycles!`,
];
