import * as z from 'zod';
import { type EpochMs, HOUR, MINUTE, SECOND } from '../core/time.ts';
import { lagOf, planBackup } from './faults.ts';
import { jsonOf, STATE_CODES } from './judge.ts';
import { runningBackup, statusAt } from './lifecycle.ts';
import { hexId } from './random.ts';
import { refusal, type SimulatedRequest } from './wire.ts';
import type { SimulatedBackup, SimulatedInstance } from './world.ts';

/** How long a backup waits before it is made. */
const WAITS = 5 * SECOND;

const Body = z.strictObject({
  remark: z.string().max(128).exactOptional(),
  backup_format: z.enum(['aof', 'rdb']).exactOptional(),
});

/** Begins the backup that a request asks for (DCS API, CopyInstance). @throws Refused */
export function beginBackup(instance: SimulatedInstance, request: SimulatedRequest, now: EpochMs): SimulatedBackup {
  const body = Body.safeParse(jsonOf(request.headers['content-type'], request.body));
  if (!body.success) throw refusal('DCS.4800', String(body.error.issues[0]?.path[0] ?? 'body'));
  const { spec } = instance;
  if (spec.cacheMode === 'single') throw refusal('DCS.4095');
  const status = statusAt(instance, now);
  if (status !== 'RUNNING') throw refusal(STATE_CODES[status] ?? 'DCS.4049');
  if (runningBackup(instance, now)) throw refusal('DCS.4096');
  const backup: SimulatedBackup = {
    id: hexId(`${spec.id}/backup/${now}/${instance.backups.length}`),
    at: now,
    endsAt: now + spec.backupSeconds * SECOND,
    code: null,
    remark: body.data.remark ?? '',
  };
  planBackup(instance, backup);
  instance.backups.push(backup);
  return backup;
}

/** The rows of `GET …/backups` (DCS API, ListBackupRecords), newest first: those that were asked for, one that failed, a good one. */
export function backupRows(instance: SimulatedInstance, now: EpochMs) {
  const seen = now - lagOf(instance);
  const asked = instance.backups.filter(({ at }) => at <= seen).toReversed();
  return [...asked.map((backup) => rowOf(instance, backup, 'manual', seen)), ...before(instance)];
}

function before(instance: SimulatedInstance) {
  const { spec, since } = instance;
  if (spec.backupHours === null) return [];
  const at = since - spec.backupHours * HOUR;
  return [
    { at: at + HOUR / 2, code: 'dcs.08.0008' },
    { at, code: null },
  ].map((one) => {
    const backup = { ...one, id: hexId(`${spec.id}/backup/${one.at}`), endsAt: one.at + 5 * MINUTE, remark: '' };
    return rowOf(instance, backup, 'auto', Infinity);
  });
}

function rowOf({ spec }: SimulatedInstance, backup: SimulatedBackup, type: 'auto' | 'manual', seen: number) {
  const { id, at, endsAt, code, remark } = backup;
  const isOver = endsAt !== null && seen >= endsAt;
  const status = isOver ? (code === null ? 'succeed' : 'failed') : seen < at + WAITS ? 'waiting' : 'backuping';
  return {
    at,
    row: {
      backup_id: id,
      backup_name: `backup_${spec.name}`,
      instance_id: spec.id,
      backup_type: type,
      backup_format: 'rdb',
      status,
      progress: status === 'succeed' ? '100.00' : '20.00',
      size: 1024,
      error_code: isOver ? code : null,
      is_support_restore: status === 'succeed' ? 'TRUE' : 'FALSE',
      created_at: stamp(at),
      execution_at: stamp(at),
      updated_at: stamp(isOver ? endsAt : at),
      period: '',
      remark,
    },
  };
}

const stamp = (at: EpochMs) => new Date(at).toISOString();
