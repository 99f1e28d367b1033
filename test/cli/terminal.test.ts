import { describe, expect, it } from '@jest/globals';
import { clockTextFor } from '../../lib/cli/night.ts';
import { bar, cut, duration, oneLine, table } from '../../lib/cli/terminal.ts';

describe('what is written to a terminal', () => {
  it('a table has columns as wide as their longest cell, in cells of the screen', () => {
    expect(table(['A', 'B'], [['缓存', 'x'], ['cache-1', 'y']])).toBe('A        B\n缓存     x\ncache-1  y'); // biome-ignore format: a table
  });

  it.each([
    ['a name with an escape sequence', '\u001b[2Jcache', 'cache'],
    ['a name with a line break', 'a\r\nb', 'a  b'],
    ['a name that turns the direction of writing', 'a\u202eb', 'a b'],
  ])('%s cannot move the cursor', (_, name, shown) => {
    expect(oneLine(name)).toBe(shown);
    expect(table(['N'], [[name]])).toBe(`N\n${shown}`);
  });

  it('a line is cut where the screen ends', () => {
    expect([cut('12345', 5), cut('123456', 5)]).toEqual(['12345', '1234…']);
  });

  it.each([[-1, '░░░░   0 %'], [0, '░░░░   0 %'], [0.5, '██░░  50 %'], [0.999, '████  99 %'], [1, '████ 100 %'], [2, '████ 100 %']])('a bar of %d', (share, shown) => {
    expect(bar(share, 4)).toBe(shown);
  }); // biome-ignore format: a table

  it.each([[0, '0 s'], [59_000, '59 s'], [90_000, '2 min'], [3_600_000, '1 h 0 min'], [4_800_000, '1 h 20 min']])('%d ms are %s', (ms, shown) => {
    expect(duration(ms)).toBe(shown);
  }); // biome-ignore format: a table

  it.each([
    ['Asia/Shanghai', '2026-11-24T01:05:30+08:00'],
    ['America/St_Johns', '2026-11-23T13:35:30-03:30'],
    ['UTC', '2026-11-23T17:05:30+00:00'],
  ])('the wall of %s shows %s', (zone, shown) => {
    expect(clockTextFor(zone)(Date.parse('2026-11-23T17:05:30Z'))).toBe(shown);
  });
});
