import type { FromTo } from './attempt.ts';
import { calendarFor } from './calendars.ts';
import type { Decision } from './decision.ts';
import { nextStart } from './freeze.ts';
import { type Context, firstNo, type No, needOf } from './gates.ts';
import { stableHash } from './hash.ts';
import { type Hold, holdOn } from './hold.ts';
import { PARTS } from './instance.ts';
import { LimitKeeper } from './limits.ts';
import type { Policy } from './policy.ts';
import { expectedDurations, systemHolds, type WaveState, waveStates } from './rollout.ts';
import { assignWaves, matches } from './selection.ts';
import { hasFailed, type Scene, type Standing, startableParts, takeStock, targetOf, waveOf } from './stock.ts';
import type { EpochMs } from './time.ts';
import type { Calendar, Opening } from './window.ts';

export interface Verdict {
  decisions: Decision[];
  waves: WaveState[];
  /** Holds that the state of things asks for; the caller stores them, the decisions obey them already. */
  newHolds: Hold[];
  /** Where each `start` has its place, by instance id. */
  slots: Map<string, Slot>;
  /** The same for those that would start, had they a backup: one is asked for in the place of the start. */
  backups: Map<string, Slot>;
}

/** The opening in which a start is claimed, and the milliseconds that it needs before that closes. */
export interface Slot {
  opening: Opening;
  need: number;
}

/**
 * The whole decision, for every instance, from one look at the world. Pure: the same scene gives the same verdict.
 * Time grows linearly with the number of instances.
 */
export function decide(given: Scene): Verdict {
  const assignments = given.assignments ?? assignWaves(given.policy, given.instances);
  const newHolds = systemHolds({ ...given, assignments });
  const scene = {
    ...given,
    assignments,
    holds: [...given.holds.filter((hold) => !newHolds.some(({ id }) => id === hold.id)), ...newHolds],
  };
  const standings = takeStock(scene);
  const waves = waveStates(scene, standings);
  const context: Context = {
    scene,
    waves,
    expected: expectedDurations(scene.policy, scene.attempts),
    calendarOf: calendars(scene),
  };
  const refusals = new Map<Standing, No>();
  const candidates: Standing[] = [];
  for (const standing of standings) {
    const no = firstNo(standing, context);
    if (no) refusals.set(standing, no);
    else candidates.push(standing);
  }
  const slots = new Map<string, Slot>();
  const backups = new Map<string, Slot>();
  const limits = new LimitKeeper(scene, standings);
  for (const standing of inOrder(candidates, scene)) {
    const opening = context.calendarOf(standing).at(scene.now)!;
    const no = limits.admit(standing, opening);
    if (no) refusals.set(standing, { action: 'wait', from: scene.now, ...no });
    else {
      const { instanceId } = standing.instance;
      const lacking = scene.gates?.get(instanceId);
      if (lacking) refusals.set(standing, { action: 'wait', from: scene.now, ...lacking });
      (lacking ? backups : slots).set(instanceId, { opening, need: needOf(standing, context) });
    }
  }
  const possible = possibleStarts(context);
  const decisions = standings.map((standing) => toDecision(standing, context, refusals.get(standing), possible));
  return { decisions, waves: [...waves.values()], newHolds, slots, backups };
}

/**
 * What was asked for goes first, then what an alert has moved there; what failed before goes last; then the longest behind
 * first; a stable hash breaks ties. Those that their gates have lately kept back go after the others, in turn, so that they
 * keep nobody from starting for long.
 */
function inOrder(candidates: readonly Standing[], scene: Scene): Standing[] {
  const keyed = candidates.map((standing) => ({
    standing,
    asked: scene.asked?.(standing.instance) ? 0 : 1,
    moved: moveOf(standing, scene) ? 0 : 1,
    failed: hasFailed(standing) ? 1 : 0,
    gated: scene.gated?.get(standing.instance.instanceId) ?? 0,
    behind: standing.behindSince ?? Number.MAX_SAFE_INTEGER,
    hash: stableHash(standing.instance.instanceId),
  }));
  keyed.sort(
    (a, b) =>
      a.asked - b.asked ||
      a.moved - b.moved ||
      a.failed - b.failed ||
      a.gated - b.gated ||
      a.behind - b.behind ||
      a.hash - b.hash,
  );
  return keyed.map(({ standing }) => standing);
}

function moveOf({ instance, assignment }: Standing, { moves = [], now }: Scene): Hold | null {
  return moves.length === 0 ? null : holdOn(instance, waveOf(assignment), moves, now);
}

/** The calendar that an instance goes by: of its wave's windows, or of the one opening in which it was ordered. */
export function calendars({ policy, overrides }: Scene): (standing: Standing) => Calendar {
  return ({ assignment, instance }) => {
    const ordered = overrides?.get(instance.instanceId);
    if (ordered) return calendarOfOne(ordered);
    return calendarFor(policy, assignment.kind === 'wave' ? assignment.windows : [], instance);
  };
}

function calendarOfOne(opening: Opening): Calendar {
  return {
    at: (instant) => (opening.opens <= instant && instant < opening.closes ? opening : null),
    next: (after) => (after < opening.opens ? opening : null),
    between: (from, to) => (from < opening.closes && opening.opens < to ? [opening] : []),
  };
}

type PossibleStart = (standing: Standing, from: EpochMs) => EpochMs | null;

/** The next instant at which a start could be made, remembered for instances that ask the same. */
function possibleStarts(context: Context): PossibleStart {
  const { policy, overrides } = context.scene;
  const narrow = policy.freezes.flatMap(({ match }) => match ?? []);
  const known = new Map<Calendar, Map<string, EpochMs | null>>();
  return (standing, from) => {
    const ordered = overrides?.get(standing.instance.instanceId);
    if (ordered) return from < ordered.closes ? from : null;
    const times = context.calendarOf(standing);
    const need = needOf(standing, context);
    const parts = standing.due.length > 0 ? standing.due : PARTS;
    const freezes = narrow.map((match) => (matches(match, standing.instance) ? 1 : 0)).join('');
    const key = `${from}|${need}|${parts.length > 1 ? 'both' : parts[0]}|${freezes}`;
    const cache = known.get(times) ?? new Map<string, EpochMs | null>();
    known.set(times, cache);
    if (!cache.has(key)) cache.set(key, nextStart(policy, times, standing.instance, parts, from, need));
    return cache.get(key)!;
  };
}

function toDecision(standing: Standing, context: Context, no: No | undefined, possible: PossibleStart): Decision {
  const { instance, assignment } = standing;
  const { now, policy, overrides } = context.scene;
  const base = {
    instanceId: instance.instanceId,
    name: instance.name,
    scope: instance.scope,
    wave: waveOf(assignment),
    ...fromTo(policy, standing),
  };
  if (!no) {
    const isOrdered = overrides?.has(instance.instanceId) === true;
    const parts = isOrdered ? standing.due : startableParts(policy, instance, now);
    const versions = parts.map((part) => `${part} ${base[part].from ?? '?'} → ${base[part].to ?? '?'}`).join(', ');
    const move = moveOf(standing, context.scene);
    const detail = move ? `${versions}; moved to the front by ${move.by}: ${move.reason}` : versions;
    return { ...base, action: 'start', reason: 'due', detail, parts, possibleAt: now };
  }
  const possibleAt = no.action === 'wait' && no.from !== undefined ? possible(standing, no.from) : null;
  return { ...base, action: no.action, reason: no.reason, detail: no.detail, parts: [], possibleAt };
}

function fromTo(policy: Policy, { instance, inFlight }: Standing): { engine: FromTo; proxy: FromTo } {
  if (inFlight) return { engine: inFlight.engine, proxy: inFlight.proxy };
  return { engine: targetOf(policy, instance, 'engine'), proxy: targetOf(policy, instance, 'proxy') };
}
