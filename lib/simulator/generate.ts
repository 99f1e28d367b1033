import type { CheckedInstance, Generate } from './fleet.ts';
import { createRandom, hexId, pick } from './random.ts';

/** Instances that differ by a choice from each list; the same seed text gives the same ones. */
export function generate(many: Generate, seed: string): CheckedInstance[] {
  const { count, name = 'cache', engineVersions = ['5.0', '6.0'], cacheModes = ['ha'] } = many;
  const { capacities = [1, 4, 8], tags = {}, latestShare = 0 } = many;
  const random = createRandom(Number.parseInt(hexId(seed).slice(0, 8), 16));
  const digits = String(count).length;
  return Array.from({ length: count }, (_, index) => {
    const minor = random() < latestShare ? 'latest' : 'old';
    return {
      name: `${name}-${String(index + 1).padStart(digits, '0')}`,
      engineVersion: pick(random, engineVersions),
      cacheMode: pick(random, cacheModes),
      capacity: pick(random, capacities),
      tags: Object.fromEntries(Object.entries(tags).map(([key, values]) => [key, pick(random, values)])),
      engineMinor: minor,
      proxyMinor: minor,
    };
  });
}
