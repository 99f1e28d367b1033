import { stableHash } from './hash.ts';
import { CACHE_MODES, cacheModeOf, type Instance } from './instance.ts';
import type { Match, Policy, Select, Wave } from './policy.ts';
import { fits, matchesSubject } from './subject.ts';
import type { EpochMs } from './time.ts';
import { readMoment, type WallClock, wallClock } from './wall.ts';

/** Which wave owns an instance, or why none does. */
export type Assignment =
  | {
      kind: 'wave';
      wave: Wave;
      /** The wave's windows, or the fewer that the instance's tag leaves of them; none: it never opens. */
      windows: string[];
      /** From its tag; infinity when the tag cannot be read. */
      holdUntil: EpochMs | null;
      /** What its tags changed, and what is wrong with them. */
      detail: string | null;
    }
  | { kind: 'none'; reason: NoWave; detail: string };

export type NoWave = 'not_selected' | 'excluded' | 'opted_out' | 'unsupported';

/** Tags of an instance may only narrow what the policy says. */
export const OPT_OUT_TAG = 'dcs-upgrade';
export const HOLD_TAG = 'dcs-upgrade-hold-until';
export const WINDOW_TAG = 'dcs-upgrade-window';

/**
 * An assignment for every instance, by instance id. The first wave that matches owns; where it takes only some of
 * what it matches, the others go on to the waves below.
 */
export function assignWaves(policy: Policy, instances: readonly Instance[]): Map<string, Assignment> {
  const result = new Map<string, Assignment>();
  let left: Instance[] = [];
  for (const instance of instances) {
    const no = whyNot(policy.select, instance);
    if (no) result.set(instance.instanceId, { kind: 'none', ...no });
    else left.push(instance);
  }
  const narrow = narrowing(policy);
  for (const wave of policy.rollout) {
    const matched = left.filter((instance) => matches(wave.match, instance));
    const taken = new Set(take(matched, wave.take));
    for (const instance of taken) result.set(instance.instanceId, narrow(wave, instance));
    left = left.filter((instance) => !taken.has(instance));
  }
  for (const { instanceId } of left) {
    result.set(instanceId, { kind: 'none', reason: 'not_selected', detail: 'no wave matches it' });
  }
  return result;
}

/**
 * What the policy says now of an instance that this wave owned before. How many of a match the wave takes is not asked:
 * that is decided from the whole fleet.
 */
export function assignmentIn(policy: Policy, name: string, instance: Instance): Assignment {
  const no = whyNot(policy.select, instance);
  if (no) return { kind: 'none', ...no };
  const wave = policy.rollout.find((one) => one.wave === name);
  if (wave && matches(wave.match, instance)) return narrowing(policy)(wave, instance);
  return { kind: 'none', reason: 'not_selected', detail: `wave ${name} does not match it any more` };
}

/** Whether all given keys hold; a match without keys holds for every instance. */
export function matches(match: Match, instance: Instance): boolean {
  return (
    matchesSubject(match, instance) &&
    fits(match.versions, instance.engineVersion) &&
    fits(match.cacheModes, cacheModeOf(instance)) &&
    fits(match.project, instance.project) &&
    (!match.engine || isEngine(match.engine, instance))
  );
}

/** The API says `Redis`, people write `redis`. */
function isEngine(patterns: readonly string[], { engine }: Instance): boolean {
  return fits(
    patterns.map((pattern) => pattern.toLowerCase()),
    engine.toLowerCase(),
  );
}

function whyNot(select: Select, instance: Instance): { reason: NoWave; detail: string } | null {
  const unsupported = whyUnsupported(instance);
  if (unsupported) return { reason: 'unsupported', detail: unsupported };
  const tag = instance.tags[OPT_OUT_TAG];
  if (tag !== undefined && OFF.includes(tag.trim().toLowerCase())) {
    return { reason: 'opted_out', detail: `its tag ${OPT_OUT_TAG} is ${tag}` };
  }
  if (select.exclude.some((match) => matches(match, instance))) {
    return { reason: 'excluded', detail: 'select.exclude names it' };
  }
  const narrowed = whyNotSelected(select, instance);
  return narrowed === null ? null : { reason: 'not_selected', detail: narrowed };
}

/** Whoever writes one of these means "do not touch it". */
const OFF = ['off', 'false', 'no', 'never'];

/** What the minor-version API does not take, whatever the policy says (DCS API, UpgradeInstanceMinorVersion). */
export function whyUnsupported({ engine, engineVersion, details }: Instance): string | null {
  if (engine.toLowerCase() !== 'redis') return `${engine} instances have no minor-version upgrade`;
  if (Number.parseFloat(engineVersion) < 4) return `Redis ${engineVersion} has no minor-version upgrade`;
  // A word that is not known is not taken for one that is: what an upgrade would do to it, nobody has said.
  if (details?.productType && details.productType !== 'generic') {
    return `the ${details.productType} edition has no minor-version upgrade`;
  }
  if (details?.cacheMode && !CACHE_MODES.includes(details.cacheMode)) {
    return `its cache mode ${details.cacheMode} is not known to be upgradable`;
  }
  return null;
}

function whyNotSelected(select: Select, instance: Instance): string | null {
  if (select.engine && !isEngine(select.engine, instance)) return `select.engine leaves out ${instance.engine}`;
  if (!fits(select.versions, instance.engineVersion)) {
    return `select.versions leaves out ${instance.engineVersion}`;
  }
  if (!fits(select.enterpriseProjects, instance.enterpriseProjectId)) {
    return `select.enterpriseProjects leaves out ${instance.enterpriseProjectId}`;
  }
  return null;
}

/** The same ones every time for the same fleet: those with the lowest hash of their id. A share is rounded up. */
function take(matched: readonly Instance[], share: Wave['take']): readonly Instance[] {
  if (share === null) return matched;
  // Without the allowance 7 % of 100 would be 7.000000000000001, rounded up to 8.
  const count = 'count' in share ? share.count : Math.ceil(share.share * matched.length - 1e-9);
  const ranked = matched.map((instance) => ({ instance, hash: stableHash(instance.instanceId) }));
  ranked.sort((a, b) => a.hash - b.hash || (a.instance.instanceId < b.instance.instanceId ? -1 : 1));
  return ranked.slice(0, count).map(({ instance }) => instance);
}

/** Applies an instance's tags to what its wave says. */
function narrowing(policy: Policy): (wave: Wave, instance: Instance) => Assignment {
  const wall = wallClock(policy.timezone);
  return (wave, instance) => {
    const details: string[] = [];
    const windows = narrowedWindows(wave, instance.tags[WINDOW_TAG], details);
    const holdUntil = readHold(wall, instance.tags[HOLD_TAG], details);
    return { kind: 'wave', wave, windows, holdUntil, detail: details.join('; ') || null };
  };
}

function narrowedWindows({ wave, windows }: Wave, tag: string | undefined, details: string[]): string[] {
  if (tag === undefined) return windows;
  const wanted = tag.trim();
  if (windows.includes(wanted)) return [wanted];
  details.push(`its tag ${WINDOW_TAG} names ${tag}, which is no window of wave ${wave}: it never opens`);
  return [];
}

/** A date is held until it begins in the policy's zone; what cannot be read holds for good, as somebody wanted a hold. */
function readHold(wall: WallClock, tag: string | undefined, details: string[]): EpochMs | null {
  if (tag === undefined) return null;
  const until = readMoment(wall, tag.trim())?.at ?? null;
  if (until === null)
    details.push(`its tag ${HOLD_TAG} is ${tag}, which is no date: it is held until the tag is mended`);
  return until ?? Number.POSITIVE_INFINITY;
}
