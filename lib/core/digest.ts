import type { Alert } from './alert.ts';
import type { Attempt, AttemptState } from './attempt.ts';
import type { Decision, Reason } from './decision.ts';
import { iso } from './time.ts';
import type { Opening } from './window.ts';

/** Of these nothing was to be done, or all was. */
const AT_REST: readonly Reason[] = [
  'already_latest',
  'not_offered',
  'not_selected',
  'excluded',
  'opted_out',
  'unsupported',
  'done_this_opening',
];

/** In the order in which they are told. */
const OUTCOMES: readonly [AttemptState, string][] = [
  ['succeeded', 'upgraded'],
  ['failed', 'failed'],
  ['unverified', 'not verified'],
  ['running', 'still running'],
  ['claimed', 'still being started'],
  ['expired', 'not begun'],
];
const BAD: readonly AttemptState[] = ['failed', 'unverified', 'running', 'claimed'];

const keyOf = (opening: Pick<Opening, 'id'>): string => `digest:${opening.id}`;

/** Stands for the digest of an opening until there is one. Who wants digests wants this. */
export function promisedDigest({ id, opens, closes, windows }: Opening): Alert {
  return {
    key: keyOf({ id }),
    event: 'digest',
    severity: 'info',
    summary: 'The window is open.',
    action: 'Nothing is to be done.',
    at: closes,
    labels: { opening: id, opens: iso(opens), closes: iso(closes), windows: windows.join(', ') },
  };
}

/**
 * What came of an opening. `promised`: what stood for it; `attempts`: those that were claimed in it; `decisions`: the last
 * on every instance. That nothing ran is told as well: it shows that the program is alive, and why nothing was done.
 */
export function digestAlert(promised: Alert, attempts: readonly Attempt[], decisions: readonly Decision[]): Alert {
  const { windows = '', opens = '', closes = '' } = promised.labels;
  const outcomes = OUTCOMES.map(([state, words]) => ({ state, words, count: countOf(attempts, state) }));
  const came = outcomes.filter(({ count }) => count > 0);
  const waiting = decisions.filter(({ reason }) => !AT_REST.includes(reason));
  const reasons = [...Map.groupBy(waiting, ({ reason }) => reason)].toSorted(([, a], [, b]) => b.length - a.length);
  const left = reasons.map(([reason, { length }]) => `${length} ${reason.replaceAll('_', ' ')}`).join(', ');
  const isBad = came.some(({ state }) => BAD.includes(state)) || (attempts.length === 0 && waiting.length > 0);
  const what = came.map(({ count, words }) => `${count} ${words}`).join(', ');
  const rest = left === '' ? `Of ${decisions.length} instances none is left to be upgraded.` : `Left: ${left}.`;
  return {
    ...promised,
    severity: isBad ? 'warning' : 'info',
    summary: `The window ${windows} was open from ${opens} to ${closes}${what ? `: ${what}` : ', and nothing ran'}. ${rest}`,
    action: actionFor(attempts, waiting, opens),
    labels: {
      ...promised.labels,
      ...Object.fromEntries(came.map(({ state, count }) => [state, String(count)])),
      ...(left === '' ? {} : { left }),
    },
  };
}

function countOf(attempts: readonly Attempt[], state: AttemptState): number {
  return attempts.filter((attempt) => attempt.state === state).length;
}

function actionFor(attempts: readonly Attempt[], waiting: readonly Decision[], opens: string): string {
  if (attempts.some(({ state }) => BAD.includes(state))) return `See dcs-upgrader history --since ${opens}`;
  const [first] = waiting;
  return first
    ? `If more was to be done, ask for the reason: dcs-upgrader why ${first.instanceId}`
    : 'Nothing is to be done.';
}
