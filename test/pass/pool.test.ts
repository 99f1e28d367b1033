import { describe, expect, it } from '@jest/globals';
import { pool } from '../../lib/pass/pool.ts';

const soon = () => new Promise((resolve) => setImmediate(resolve));

describe('the pool', () => {
  it('keeps the order of the items, whoever is done first', async () => {
    const work = async (turns: number) => {
      for (let turn = 0; turn < turns; turn++) await soon();
      return turns;
    };
    expect(await pool([5, 1, 3, 0], 4, work)).toEqual([5, 1, 3, 0]);
  });

  it('never has more under way than its size', async () => {
    let [underWay, most] = [0, 0];
    await pool(Array.from({ length: 20 }), 3, async () => {
      underWay += 1;
      most = Math.max(most, underWay);
      await soon();
      underWay -= 1;
    });
    expect(most).toBe(3);
  });

  it('begins nothing once there is no time left, and awaits what was begun', async () => {
    const end = new AbortController();
    const done: number[] = [];
    const results = await pool([1, 2, 3, 4], 1, async (item) => {
      await soon();
      done.push(item);
      if (item === 2) end.abort();
      return item;
    }, end.signal); // biome-ignore format: one call
    expect([results, done]).toEqual([[1, 2], [1, 2]]); // biome-ignore format: a pair
  });

  it('throws the first error after all that was begun has ended', async () => {
    const ended: number[] = [];
    const work = async (item: number) => {
      if (item === 1) throw new Error('first');
      await soon();
      ended.push(item);
    };
    await expect(pool([1, 2, 3, 4], 2, work)).rejects.toThrow('first');
    expect(ended).toEqual([2]);
  });
});
