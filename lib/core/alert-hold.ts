import type { Claim } from './alert-rules.ts';
import { ALERT_AUTHOR, type Hold } from './hold.ts';
import { DAY, type EpochMs } from './time.ts';

/**
 * The holds to be written for these claims, by what is stored; none when everything is so already. Pure, and the order in
 * which requests come makes no difference: of what a source said of one cause, the latest counts. A cause that is over
 * before it was heard of leaves a hold that is released, so that what comes late cannot set it. What a person has released
 * stays so until it begins anew.
 */
export function holdsToWrite(claims: readonly Claim[], stored: readonly Hold[], now: EpochMs): Hold[] {
  const current = new Map(stored.map((hold) => [hold.id, hold]));
  const changed = new Map<string, Hold>();
  for (const claim of claims) {
    const own = [...current.values()].filter(({ id }) => id === claim.id || id.startsWith(`${claim.id}#`));
    if (own.some((hold) => isLater(hold, claim))) continue;
    for (const hold of claim.status === 'firing' ? set(claim, own, now) : released(claim, own, now)) {
      if (isSame(current.get(hold.id), hold)) continue;
      current.set(hold.id, hold);
      changed.set(hold.id, hold);
    }
  }
  return [...changed.values()];
}

/** Whether what is stored is more than this. */
function isLater({ asOf = 0, releasedAt, releasedBy }: Hold, { status, at, startsAt }: Claim): boolean {
  if (at < asOf) return true;
  if (status === 'resolved' || releasedAt === null) return false;
  const byPerson = !releasedBy?.startsWith(ALERT_AUTHOR);
  return at === asOf || (byPerson && startsAt <= releasedAt);
}

function set(claim: Claim, own: readonly Hold[], now: EpochMs): Hold[] {
  const { id, by, reason, at, saidAt, wants } = claim;
  const holds = wants.map(({ match, ttl }, index): Hold => {
    const name = index === 0 ? id : `${id}#${index + 1}`;
    const before = own.find((hold) => hold.id === name && hold.releasedAt === null);
    const createdAt = before?.createdAt ?? now;
    const until = saidAt + ttl;
    return { id: name, match, by, reason, createdAt, until, releasedAt: null, releasedBy: null, asOf: at };
  });
  return holds.filter(({ until }) => until! > now);
}

function released(claim: Claim, own: readonly Hold[], now: EpochMs): Hold[] {
  const { id, by, reason, at, wants } = claim;
  const end = { releasedAt: now, releasedBy: `${by}: resolved`, asOf: at };
  if (own.length > 0)
    return own.map((hold) => (hold.releasedAt === null ? { ...hold, ...end } : { ...hold, asOf: at }));
  const [want] = wants;
  return want ? [{ id, match: want.match, by, reason, createdAt: now, until: now, ...end }] : [];
}

function isSame(before: Hold | undefined, after: Hold): boolean {
  return before !== undefined && JSON.stringify(before) === JSON.stringify(after);
}

/** How long after its end an alert's hold is kept: nothing comes later than that. */
const KEPT = 7 * DAY;

/** Ids of alerts' holds that nobody needs any more. */
export function holdsToForget(stored: readonly Hold[], now: EpochMs): string[] {
  return stored
    .filter(({ by }) => by.startsWith(ALERT_AUTHOR))
    .filter(({ releasedAt, until }) => Math.max(releasedAt ?? 0, until ?? Number.POSITIVE_INFINITY) + KEPT < now)
    .map(({ id }) => id);
}
