import { describe, expect, it } from '@jest/globals';
import type { Backup } from '../../lib/core/backup.ts';
import { gatesNo, gaugesOf, loadGates, type Readings, together } from '../../lib/core/load.ts';
import type { Gates } from '../../lib/core/policy.ts';
import { DAY, HOUR, MINUTE } from '../../lib/core/time.ts';
import { anInstance, NIGHT } from '../support/builders.ts';

const at = NIGHT - 2 * MINUTE;
const cpu = (highest: number, when = at): Readings => ({ loads: { cpu: { highest, at: when } } });

const good = (at: number): Backup[] => [
  { id: 'a', at, state: 'good', errorCode: null },
  { id: 'b', at: at + HOUR, state: 'bad', errorCode: 'dcs.08.0008' },
];
const running: Backup = { id: 'c', at: NIGHT, state: 'running', errorCode: null };

describe('a backup that could be made first', () => {
  const FIRST: Gates = { cpu: 70, backup: DAY, backupFirst: true };
  const old = { ...cpu(10), backups: good(NIGHT - 2 * DAY) };
  it.each<[string, Gates, Readings, string | undefined]>([
    ['it is too old', FIRST, old, 'lacking'],
    ['there is none', FIRST, { ...cpu(10), backups: [] }, 'lacking'],
    ['one is on its way', FIRST, { ...cpu(10), backups: [...good(NIGHT - 2 * DAY), running] }, 'running'],
    ['something else fails as well', FIRST, { ...cpu(80), backups: [] }, undefined],
    ['something else is not known', FIRST, { loads: { cpu: null }, backups: [] }, undefined],
    ['the backups are not known', FIRST, cpu(10), undefined],
    ['the policy wants none to be made', { cpu: 70, backup: DAY }, old, undefined],
  ])('%s: %#', (_, gates, readings, expected) => {
    const no = gatesNo(gates, readings, NIGHT);
    expect(no).not.toBeNull();
    expect(no!.backup).toBe(expected);
  });

  it('a good one that is young enough passes, also while another is on its way', () => {
    expect(gatesNo(FIRST, { ...cpu(10), backups: [running, ...good(NIGHT - HOUR)] }, NIGHT)).toBeNull();
  });

  it('is not asked for after the upgrade', () => {
    expect(loadGates({ backup: DAY, backupFirst: true })).toBeNull();
  });
});

describe('what the gates say', () => {
  it.each<[string, Gates, Readings, string | null]>([
    ['below the limit', { cpu: 70 }, cpu(69.9), null],
    ['at the limit', { cpu: 70 }, cpu(70), 'gate_failed: CPU was at 70 % (newest datapoint 2 min old), it must be below 70 %'],
    ['above it', { cpu: 70 }, cpu(93.46), 'gate_failed: CPU was at 93.5 % (newest datapoint 2 min old), it must be below 70 %'],
    ['nothing at all', { cpu: 0.1 }, cpu(0), null],
    ['no data', { cpu: 70 }, { loads: { cpu: null } }, 'gate_unknown: CPU is not known (no data in Cloud Eye), it must be below 70 %'],
    ['not asked for', { cpu: 70 }, { loads: {} }, 'gate_unknown: CPU is not known (no data in Cloud Eye), it must be below 70 %'],
    ['five minutes old', { cpu: 70 }, cpu(10, NIGHT - 5 * MINUTE), null],
    ['older', { cpu: 70 }, cpu(10, NIGHT - 5 * MINUTE - 1), 'gate_unknown: CPU is not known (newest datapoint 5 min old, then 10 %), it must be below 70 %'],
    ['of a clock that is ahead of ours', { cpu: 70 }, cpu(80, NIGHT + MINUTE), 'gate_failed: CPU was at 80 % (newest datapoint 0 min old), it must be below 70 %'],
    ['one without a gate', { memory: 80 }, { loads: { cpu: { highest: 99, at }, memory: { highest: 10, at } } }, null],
    ['all are looked at, what fails is named first', { cpu: 70, memory: 80, bandwidth: 50 }, { loads: { cpu: null, memory: { highest: 81, at }, bandwidth: { highest: 1, at } } }, 'gate_failed: memory was at 81 % (newest datapoint 2 min old), it must be below 80 %; CPU is not known (no data in Cloud Eye), it must be below 70 %'],
    ['a backup that is young enough', { backup: DAY }, { loads: {}, backups: good(NIGHT - DAY + 1) }, null],
    ['a backup of just that age', { backup: DAY }, { loads: {}, backups: good(NIGHT - DAY) }, 'gate_failed: the last good backup is 24 h old, it must be younger than 24 h'],
    ['an old backup', { backup: 2 * HOUR }, { loads: {}, backups: good(NIGHT - 4 * DAY) }, 'gate_failed: the last good backup is 4 days old, it must be younger than 2 h'],
    ['no backup', { backup: DAY }, { loads: {}, backups: [] }, 'gate_failed: there is no good backup of the last 31 days, it must be younger than 24 h'],
    ['backups that were not read', { backup: DAY }, { loads: {} }, 'gate_unknown: the last backup is not known, it must be younger than 24 h'],
  ])('%s', (_, gates, readings, expected) => {
    const no = gatesNo(gates, readings, NIGHT);
    expect(no && `${no.reason}: ${no.detail}`).toBe(expected);
  }); // biome-ignore format: a table

  it('a backup does not matter any more once an upgrade is over', () => {
    expect(loadGates({ cpu: 70, backup: DAY })).toEqual({ cpu: 70 });
    expect(loadGates({ backup: DAY })).toBeNull();
  });
});

describe('what is asked of Cloud Eye', () => {
  const gates: Gates = { cpu: 70, memory: 80, bandwidth: 70, backup: DAY };
  const nodes = [
    { dimension: 'dcs_cluster_redis_node', id: 'n1' },
    { dimension: 'dcs_cluster_proxy2_node', id: 'n2' },
  ];
  const own = ['dcs_instance_id', 'id-a'];
  const ofAll = [
    ['memory', [{ metric: 'memory_usage', dimensions: [own] }]],
    ['bandwidth', [{ metric: 'bandwidth_usage', dimensions: [own] }]],
  ];
  const ofEachNode = nodes.map(({ dimension, id }) => ({ metric: 'cpu_usage', dimensions: [own, [dimension, id]] }));

  it.each(['single', 'ha', 'ha_rw_split'])('%s: one CPU', (cacheMode) => {
    const instance = anInstance('a', { details: { cacheMode, productType: 'generic' } });
    const ofOne = ['cpu', [{ metric: 'cpu_usage', dimensions: [own] }]];
    expect(gaugesOf(gates, instance, nodes)).toEqual([ofOne, ...ofAll]);
  });

  it.each(['proxy', 'cluster', 'unheard-of'])('%s: a CPU for each node', (cacheMode) => {
    const instance = anInstance('a', { details: { cacheMode, productType: 'generic' } });
    expect(gaugesOf(gates, instance, nodes)).toEqual([['cpu', ofEachNode], ...ofAll]);
  });

  it('is nothing that has no gate', () => {
    expect(gaugesOf({ backup: DAY }, anInstance('a'), [])).toEqual([]);
  });

  it.each([
    ['the highest value, as old as the oldest', [{ highest: 3, at: 20 }, { highest: 9, at: 30 }], { highest: 9, at: 20 }],
    ['not known as long as one is not', [{ highest: 3, at: 20 }, null], null],
    ['not known where there is no node', [], null],
  ])('nodes together: %s', (_, readings, expected) => {
    expect(together(readings)).toEqual(expected);
  }); // biome-ignore format: a table
});
