import { dirname, resolve } from 'node:path';
import { readFeed } from '../core/feed.ts';
import { FeedError, parseIcs } from '../core/ics-text.ts';
import type { Feed, Freeze, Policy } from '../core/policy.ts';
import { DAY, type EpochMs, MINUTE, SECOND } from '../core/time.ts';
import { loadCalendar } from './ics.ts';
import { policyPlace } from './stored-policy.ts';

/** What was read is good for so long; a calendar that could not be read is asked again sooner. */
const LASTS = 10 * MINUTE;
const PAUSE = MINUTE;

/** To work out one calendar. Nothing else happens meanwhile, and a tick has other things to do. */
const WORK_LASTS = 3 * SECOND;

/** So far ahead of now, and behind, events are looked at. */
const AHEAD = 1_100 * DAY;
const BEHIND = 40 * DAY;

interface Known {
  until: EpochMs;
  read: Promise<Pick<Feed, 'stretches' | 'problem'>>;
}

/** By source and zone, for as long as the process lives. */
const known = new Map<string, Known>();

/**
 * The policy with what its calendars say; paths start from the folder of `policyFile` (of the program, where that
 * names a place that is no folder). A calendar that cannot be read leaves a
 * freeze as its `onError` says, and the reason tells.
 */
export async function withFeeds(policy: Policy, now: EpochMs, policyFile: string): Promise<Policy> {
  const folder = policyPlace(policyFile) ? '.' : dirname(policyFile);
  return { ...policy, freezes: await Promise.all(policy.freezes.map((freeze) => filled(freeze, now, folder))) };
}

async function filled(freeze: Freeze, now: EpochMs, folder: string): Promise<Freeze> {
  const { span, reason } = freeze;
  if (span.kind !== 'feed') return freeze;
  const source = /^https?:/i.test(span.source) ? span.source : resolve(folder, span.source);
  const read = await readOnce({ ...span, source }, now);
  const isKnown = read.problem === null || span.onError === 'open';
  const note = isKnown ? '' : ` (its calendar cannot be read, which counts as frozen: ${read.problem})`;
  return { ...freeze, reason: `${reason}${note}`, span: { ...span, ...read } };
}

function readOnce(feed: Feed, now: EpochMs): Known['read'] {
  const key = `${feed.timezone} ${feed.source}`;
  const before = known.get(key);
  if (before && now < before.until) return before.read;
  const entry: Known = { until: now + LASTS, read: read(feed, now) };
  known.set(key, entry);
  void entry.read.then(({ problem }) => {
    if (problem !== null) entry.until = now + PAUSE;
  });
  return entry.read;
}

async function read({ source, timezone }: Feed, now: EpochMs): Known['read'] {
  try {
    const calendars = parseIcs(await loadCalendar(source));
    const began = performance.now();
    const isLate = () => performance.now() - began > WORK_LASTS;
    const stretches = await readFeed(calendars, { timezone, from: now - BEHIND, to: now + AHEAD, isLate });
    return { stretches, problem: null };
  } catch (error) {
    // Whatever else went wrong in it, a tick has to go on: what runs is followed, and nothing that this concerns is started.
    const problem = error instanceof FeedError ? error.message : 'it is not understood';
    return { stretches: null, problem };
  }
}
