/** Decides once for as many instances as the argument says, and prints how long that took and what it used. */

import type { Attempt } from '../../lib/core/attempt.ts';
import { decide } from '../../lib/core/decide.ts';
import { MINUTE } from '../../lib/core/time.ts';
import {
  aFreeze,
  anAttempt,
  anInstance,
  aPart,
  aPolicy,
  aScene,
  aWave,
  NIGHT,
  NO_PART,
  upToDate,
} from '../../test/support/builders.ts';

const count = Number(process.argv[2]);
const instances = Array.from({ length: count }, (_, index) => {
  const tags = {
    env: ['dev', 'canary', 'prod'][index % 3]!,
    app: `app-${index % 997}`,
    tier: index % 5 ? 'silver' : 'gold',
  };
  const versions = index % 4 ? { engine: aPart(), proxy: NO_PART, readAt: NIGHT } : upToDate();
  return anInstance(`cache-${index}`, {
    tags,
    versions,
    scope: `cn-north-4/p${index % 20}`,
    capacityGb: 2 ** (index % 7),
  });
});
const attempts: Attempt[] = instances
  .filter((_, index) => index % 4 === 0)
  .map(({ name }) =>
    anAttempt(name, {
      state: 'succeeded',
      lookUntil: null,
      finishedAt: NIGHT - 30 * MINUTE,
      opening: { id: 'o', opens: NIGHT - 3_000_000, closes: NIGHT - 1_000_000 },
    }),
  );
const policy = aPolicy({
  freezes: [aFreeze({ match: { tags: { tier: ['gold'] } }, block: ['engine'] })],
  rollout: [aWave('dev'), aWave('canary', { after: 'dev' }), aWave('prod', { after: 'canary' })],
});
const scene = aScene(instances, { policy, attempts });
const began = performance.now();
const { decisions } = decide(scene);
const seconds = (performance.now() - began) / 1000;
if (decisions.length !== count) throw new Error('a decision is missing');
console.log(JSON.stringify({ seconds, megabytes: process.resourceUsage().maxRSS / 1024 }));
