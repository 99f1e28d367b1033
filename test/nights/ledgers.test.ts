import { beforeAll, describe, expect, it } from '@jest/globals';
import { drawPlan } from './draw.ts';
import { LEDGERS, type LedgerKind, openLedger } from './ledgers.ts';
import { type Counts, noCounts } from './night.ts';
import { play } from './play.ts';
import { Timeline } from './timeline.ts';

const SEEDS = Array.from({ length: 25 }, (_, index) => index + 1);

/** What these nights have to be made of, or that they are the same would prove little. */
const MADE_OF: (keyof Counts)[] = ['starts', 'crashes', 'works', 'duplicates', 'storeFailures', 'requests', 'calendarTroubles', 'failedUpgrades', 'alerts', 'backups']; // biome-ignore format: a list

async function told(kind: LedgerKind): Promise<{ stories: string[][]; total: Counts }> {
  const [stories, total]: [string[][], Counts] = [[], noCounts()];
  for (const seed of SEEDS) {
    const { lines, counts } = await play(drawPlan(seed), kind);
    stories.push(lines());
    for (const key of MADE_OF) total[key] += counts[key];
  }
  return { stories, total };
}

describe('over every ledger', () => {
  let inMemory: Awaited<ReturnType<typeof told>>;
  beforeAll(async () => {
    inMemory = await told('memory');
  });

  it('they are nights in which much happens', () => {
    expect(MADE_OF.filter((key) => inMemory.total[key] === 0)).toEqual([]);
  });

  it.each(LEDGERS.filter((kind) => kind !== 'memory'))(
    '%s: the same nights, to the last line',
    async (kind) => {
      const { stories } = await told(kind);
      for (const [index, story] of stories.entries())
        expect({ seed: SEEDS[index], story }).toEqual({ seed: SEEDS[index], story: inMemory.stories[index] });
    },
    120_000,
  );

  it.each(LEDGERS)('%s: a night sees nothing of the one before', async (kind) => {
    const open = () => openLedger(kind, new Timeline(0));
    const before = await open();
    await before.putNote('a', 'b');
    expect(await before.note('a')).toBe('b');
    await before.close();
    const after = await open();
    expect(await after.note('a')).toBeNull();
    await after.close();
  });
});
