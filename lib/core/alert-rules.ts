import type { AlertSource, Delivery, SourceAlert } from './alert-in.ts';
import { idOf } from './alert-in.ts';
import { globMatches } from './glob.ts';
import { ALERT_AUTHOR, type HoldMatch } from './hold.ts';
import type { AlertRule, AlertTarget, AlertValue } from './policy.ts';
import type { EpochMs } from './time.ts';

/** What an alert asks for, by the policy: holds, or places at the front. */
export interface Claim {
  /** `alert:SOURCE:FINGERPRINT`. */
  id: string;
  by: string;
  reason: string;
  status: SourceAlert['status'];
  startsAt: EpochMs;
  at: EpochMs;
  saidAt: EpochMs;
  /** Nothing where no entry of the policy names anything for it. */
  wants: { match: HoldMatch; ttl: number }[];
}

export interface Claims {
  holds: Claim[];
  moves: Claim[];
  /** Alerts that change nothing, and why. */
  unmapped: { fingerprint: string; why: string }[];
}

/** What the entries of the policy make of a request. */
export function claimsOf(rules: readonly AlertRule[], source: AlertSource, delivery: Delivery, now: EpochMs): Claims {
  const claims: Claims = { holds: [], moves: [], unmapped: [] };
  const own = rules.filter(({ from }) => from === source);
  for (const alert of delivery.alerts) {
    const { fingerprint, labels, summary: reason, status, startsAt, at, saidAt } = alert;
    const by = `${ALERT_AUTHOR}${source}`;
    const base = { id: `${by}:${fingerprint}`, by, reason, status, startsAt, at, saidAt };
    const fitting = own.filter((rule) => applies(rule, labels));
    const [holds, moves] = [wantsOf(fitting, 'holds', labels), wantsOf(fitting, 'moves', labels)];
    claims.holds.push({ ...base, wants: holds.wants });
    claims.moves.push({ ...base, wants: moves.wants });
    if (holds.wants.length + moves.wants.length > 0) continue;
    const missing = [...holds.missing, ...moves.missing];
    const why = missing.length > 0 ? `it has no label ${missing.join(', ')}` : 'no entry of the policy matches it';
    claims.unmapped.push({ fingerprint, why });
  }
  const group = groupClaim(own, source, delivery, now);
  if (group) claims.holds.push(group);
  return claims;
}

/** All given labels must be there and fit; a topic must be one of the entry's. */
function applies({ match, topics }: AlertRule, labels: SourceAlert['labels']): boolean {
  if (topics.length > 0 && !topics.includes(labelOf(labels, 'topic') ?? '')) return false;
  return Object.entries(match).every(([name, patterns]) => fits(patterns, labelOf(labels, name)));
}

function fits(patterns: readonly string[], value: string | null): boolean {
  return value !== null && patterns.some((pattern) => globMatches(pattern, value));
}

function labelOf(labels: SourceAlert['labels'], name: string): string | null {
  return Object.hasOwn(labels, name) ? labels[name]! : null;
}

function wantsOf(rules: readonly AlertRule[], what: 'holds' | 'moves', labels: SourceAlert['labels']) {
  const wants: Claim['wants'] = [];
  const missing: string[] = [];
  for (const rule of rules) {
    const target = rule[what];
    if (!target) continue;
    const unnamed = labelsOf(target).filter((name) => labelOf(labels, name) === null);
    missing.push(...unnamed);
    if (unnamed.length === 0) wants.push({ match: matchOf(target, labels), ttl: rule.ttl[what] });
  }
  return { wants: distinct(wants), missing };
}

function valuesOf({ id, region, tags }: AlertTarget): AlertValue[] {
  return [id, region, ...Object.values(tags)].filter((value) => value !== null);
}

function labelsOf(target: AlertTarget): string[] {
  return valuesOf(target).flatMap((value) => ('label' in value ? [value.label] : []));
}

/** The values are taken as they are: nothing in a label is a pattern. What has no value here is left out. */
function matchOf(target: AlertTarget, labels: SourceAlert['labels']): HoldMatch {
  if (target.all) return { all: true };
  const textFor = (value: AlertValue | null) =>
    value === null ? null : 'text' in value ? value.text : labelOf(labels, value.label);
  const [instanceId, region] = [textFor(target.id), textFor(target.region)];
  const tags = Object.entries(target.tags).flatMap(([key, value]) => {
    const text = textFor(value);
    return text === null ? [] : [[key, text] as const];
  });
  return {
    ...(instanceId === null ? {} : { instanceId }),
    ...(region === null ? {} : { region }),
    ...(tags.length === 0 ? {} : { tags: Object.fromEntries(tags) }),
  };
}

/** The longest time for each match. */
function distinct(wants: Claim['wants']): Claim['wants'] {
  const byMatch = Map.groupBy(wants, ({ match }) => JSON.stringify(match));
  return [...byMatch.values()].map((same) => ({ match: same[0]!.match, ttl: Math.max(...same.map(({ ttl }) => ttl)) }));
}

/** A group that was cut holds all that the alerts which are missing from it could hold, until it is whole again. */
function groupClaim(rules: readonly AlertRule[], source: AlertSource, { group }: Delivery, now: EpochMs): Claim | null {
  if (!group) return null;
  const by = `${ALERT_AUTHOR}${source}`;
  const isFiring = group.isCut && group.isFiring;
  const reason = 'some alerts of a group were cut off, so all that they could name is held';
  const wants = isFiring ? rules.flatMap((rule) => reachOf(rule, group.labels)) : [];
  const status = isFiring ? 'firing' : 'resolved';
  const times = { startsAt: now, at: now, saidAt: now };
  return { id: `${by}:group:${idOf(group.key)}`, by, reason, status, ...times, wants: distinct(wants) };
}

/** Every alert of a group has the group's labels; of the others anything may be. */
function reachOf(rule: AlertRule, shared: SourceAlert['labels']): Claim['wants'] {
  if (!rule.holds) return [];
  const known = Object.entries(rule.match).filter(([name]) => labelOf(shared, name) !== null);
  if (!known.every(([name, patterns]) => fits(patterns, labelOf(shared, name)))) return [];
  const match = matchOf(rule.holds, shared);
  return [{ match: Object.keys(match).length === 0 ? { all: true } : match, ttl: rule.ttl.holds }];
}
