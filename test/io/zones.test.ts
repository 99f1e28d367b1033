import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { VERSION } from '../../lib/io/version.ts';
import { readZoneTable, useZones } from '../../lib/io/zones.ts';

const TABLE = { version: '2026c', from: 0, until: 1, courses: [[[0, 0]]], zones: { UTC: 0 } };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zones-'));
  await writeFile(join(folder, 'zones.json'), JSON.stringify(TABLE));
});
afterEach(() => rm(folder, { recursive: true }));

describe('the table of zones beside the bundle', () => {
  it.each<[string, string, string, object | null]>([
    ['made from the data that this runtime has', 'zones.json', '2026c', TABLE],
    ['F118 made from older or newer data', 'zones.json', '2026d', null],
    ['not there', 'none.json', '2026c', null],
  ])('%s', (_, file, version, expected) => {
    expect(readZoneTable(join(folder, file), version)).toEqual(expected);
  });

  it('is not there beside the sources', () => {
    expect(readZoneTable()).toBeNull();
  });

  it('that cannot be read is told of', () => {
    expect(() => readZoneTable(folder, '2026c')).toThrow('EISDIR');
  });
});

describe('the start', () => {
  it('F118 writes down which time zone data decides when windows open', () => {
    const logged: unknown[] = [];
    useZones((...line) => logged.push(line), { node: '24.21.0', tz: '2025b' });
    const data = { version: VERSION, node: '24.21.0', timeZoneData: '2025b', tabled: false };
    expect(logged).toEqual([['info', 'started', data]]);
  });

  it('F116 without time zone data is none', () => {
    expect(() => useZones(() => undefined, { node: '24.21.0' })).toThrow('no time zone data');
  });
});
