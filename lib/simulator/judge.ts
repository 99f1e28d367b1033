import { PARTS, type Part } from '../core/instance.ts';
import type { EpochMs } from '../core/time.ts';
import { isUpgradeable, minorAt, newestOf, runningBackup, statusAt } from './lifecycle.ts';
import { type RefusalCode, refusal, type SimulatedRequest } from './wire.ts';
import type { SimulatedInstance, World } from './world.ts';

const FIELDS: Record<Part, string> = { engine: 'engine_minor_version', proxy: 'proxy_minor_version' };

/** The code that an operation gets in a state that forbids it; any other state gets DCS.4049. */
export const STATE_CODES: Readonly<Record<string, RefusalCode>> = {
  CREATING: 'DCS.4118',
  CREATEFAILED: 'DCS.4118',
  EXTENDING: 'DCS.4113',
  FREEZING: 'DCS.4120',
  FROZEN: 'DCS.4120',
  RESTARTING: 'DCS.4111',
  RESTORING: 'DCS.4097',
  ROLLBACKING: 'DCS.4117',
  UPGRADING: 'DCS.4116',
};

/**
 * The parts to upgrade, for a request that DCS accepts.
 * What is not published is judged strictly: unknown fields, `{}`, a version that is not the latest and a proxy version for an instance
 * without proxies are refused. A part that is at its latest beside one that is not is left as it is.
 * @throws Refused
 */
export function judgeUpgrade(
  world: World,
  instance: SimulatedInstance,
  request: SimulatedRequest,
  now: EpochMs,
): Part[] {
  const wanted = wantedOf(request);
  refuseKind(instance);
  const status = statusAt(instance, now);
  if (status !== 'RUNNING') throw refusal(STATE_CODES[status] ?? 'DCS.4049');
  if (runningBackup(instance, now)) throw refusal('DCS.4096');
  if (!instance.spec.offered) throw refusal('DCS.4026');

  const due = wanted.filter(([part, version]) => {
    const current = minorAt(instance, part, now);
    const newest = newestOf(world, instance, part, current);
    if (current === null || (version !== 'latest' && version !== newest)) throw refusal('DCS.4062', FIELDS[part]);
    return current !== newest;
  });
  if (due.length === 0) throw refusal('DCS.4053');
  return due.map(([part]) => part);
}

function refuseKind(instance: SimulatedInstance): void {
  const { engine, productType } = instance.spec;
  if (isUpgradeable(instance)) return;
  if (engine !== 'Redis') throw refusal('DCS.4006');
  throw refusal(productType === 'generic' ? 'DCS.4008' : 'DCS.4007');
}

function wantedOf({ headers, body }: SimulatedRequest): [Part, string][] {
  const data = jsonOf(headers['content-type'], body);
  const unknown = Object.keys(data).find((field) => !Object.values(FIELDS).includes(field));
  if (unknown !== undefined) throw refusal('DCS.4062', unknown);
  const wanted = PARTS.filter((part) => FIELDS[part] in data).map((part): [Part, string] => {
    const version = data[FIELDS[part]];
    if (typeof version !== 'string' || version === '') throw refusal('DCS.4062', FIELDS[part]);
    return [part, version];
  });
  if (wanted.length === 0) throw refusal('DCS.4062', FIELDS.engine);
  return wanted;
}

export function jsonOf(contentType: string | undefined, body: Uint8Array): Record<string, unknown> {
  if (body.length === 0) throw refusal('DCS.4004');
  if (!/^application\/json\b/i.test(contentType ?? '')) throw refusal('DCS.4005');
  const data = parsed(body);
  if (typeof data !== 'object' || data === null || Array.isArray(data)) throw refusal('DCS.4005');
  return { ...data };
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw refusal('DCS.4005');
  }
}
