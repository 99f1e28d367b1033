import { type Attempt, isInFlight, unknownYet } from './attempt.ts';
import type { Decision } from './decision.ts';
import { type Instance, NEEDS_A_PERSON, type Versions } from './instance.ts';
import { sizeClassOf } from './stock.ts';
import type { EpochMs } from './time.ts';
import type { Opening } from './window.ts';

// What a rehearsal takes to be so, in place of what DCS would tell.

/** Backups and restarts pass by themselves, and before most of the span. */
export function atRest(instance: Instance): Instance {
  if (NEEDS_A_PERSON.includes(instance.status)) return instance;
  return { ...instance, status: 'RUNNING', upgrading: false, taskId: null };
}

/** Of a call whose outcome is not known the better is assumed. */
export function asRunning(attempt: Attempt): Attempt {
  return isInFlight(attempt) ? { ...attempt, state: 'running', lookUntil: null } : attempt;
}

/** An attempt as it is while DCS is at work on it. */
export function pretended(decision: Decision, instance: Instance, opening: Opening, now: EpochMs): Attempt {
  const { instanceId, name, scope, parts, engine, proxy } = decision;
  return {
    ...unknownYet(),
    id: `${instanceId}@${opening.id}`,
    instanceId,
    name,
    scope,
    wave: decision.wave!,
    opening: { id: opening.id, opens: opening.opens, closes: opening.closes },
    state: 'running',
    sizeClass: sizeClassOf(instance),
    requestedBy: 'rehearsal',
    reason: 'rehearsal',
    claimedAt: now,
    calledAt: now,
    parts,
    engine,
    proxy,
    updates: [],
    calls: 1,
  };
}

/** The instance after its upgrade went well. */
export function upgraded(instance: Instance, attempt: Attempt): Instance {
  const versions: Versions = { ...instance.versions! };
  for (const part of attempt.parts) {
    const { latest } = versions[part];
    const current = attempt[part].to;
    versions[part] = { current, latest, upgradable: current !== latest };
  }
  return { ...instance, versions };
}
