import type { AlertRule, Freeze, Policy } from '../../lib/core/policy.ts';
import { DAY, type EpochMs, MINUTE } from '../../lib/core/time.ts';
import type { Window } from '../../lib/core/window-kinds.ts';
import { aPolicy, aWave } from '../support/builders.ts';
import { PROJECTS } from './fleet.ts';
import type { Rules } from './plan.ts';
import { targetsOf } from './receivers.ts';

/** How long reads of DCS may be behind, as the nights' policies say: longer than any lag that is played. */
export const SIGHT_LAG = 2 * MINUTE;

/** How long an alert holds whose end nobody tells. */
export const ALERTS_LAST = 45 * MINUTE;

const ALERTS: AlertRule[] = [
  {
    from: 'alertmanager',
    match: { severity: ['critical'] },
    topics: [],
    holds: { all: false, id: { label: 'instance_id' }, region: null, tags: {} },
    moves: null,
    ttl: { holds: ALERTS_LAST, moves: DAY },
    silence: null,
  },
];

const NOBODY = { match: null, block: ['engine', 'proxy'] } satisfies Partial<Freeze>;

function feedFreeze(onError: 'closed' | 'open', source: string): Freeze {
  const span = { kind: 'feed', source, onError, timezone: 'UTC', stretches: null, problem: null } as const;
  return { name: 'company', reason: 'company calendar', ...NOBODY, span };
}

/** The policy of a night's rules; what the operator would have written, read. `calendar`: the address of the calendar elsewhere. */
export function policyOf(rules: Rules, start: EpochMs, calendar: string): Policy {
  const windows = rules.windows.map(({ from, to }, index) => windowOf(`w${index}`, from, to));
  return aPolicy({
    timezone: 'UTC',
    scopes: rules.regions.map((region) => ({ id: `${region}/${PROJECTS[region]}`, region, project: PROJECTS[region] })),
    upgrade: { engine: 'latest', proxy: 'latest' },
    select: { engine: null, versions: null, enterpriseProjects: null, exclude: [] },
    windows: Object.fromEntries(windows.map((window) => [window.name, window])),
    freezes: [
      ...rules.freezes.map(
        ({ from, to, env }, index): Freeze => ({
          name: `f${index}`,
          reason: 'nobody touches it now',
          ...NOBODY,
          match: env === null ? null : { tags: { env: [env] } },
          span: { kind: 'dates', from: start + from, to: start + to },
        }),
      ),
      ...(rules.calendar ? [feedFreeze(rules.calendar, calendar)] : []),
    ],
    rollout: rules.waves.map(({ wave, after, soak, parallel, approve, take }) =>
      aWave(wave, {
        windows: windows.map(({ name }) => name),
        parallel,
        after,
        soak,
        approve,
        take: take === null ? null : { count: take },
      }),
    ),
    gates: gatesOf(rules),
    alerts: rules.alerts ? ALERTS : [],
    limits: {
      parallel: rules.parallel,
      perScope: rules.perScope,
      perWindow: rules.perWindow,
      oneAtATimeBy: rules.byApp ? ['tag:app'] : [],
      maxErrors: rules.maxErrors,
      minDuration: rules.minDuration,
      sightLag: SIGHT_LAG,
    },
    verify: { settle: rules.settle, timeout: rules.timeout },
    notify: targetsOf(rules),
  });
}

function gatesOf({ gates, backupWithin }: Rules): Policy['gates'] {
  if (backupWithin === null) return gates;
  return { ...gates, backup: backupWithin, backupFirst: true };
}

/** The night's start is a midnight in UTC, so an offset is a time of day; closed before the start and on other days. */
function windowOf(name: string, from: number, to: number): Window {
  const weekdays = [1, 2, 3, 4, 5, 6, 7];
  return { kind: 'days', name, timezone: 'UTC', weekdays, start: from, end: { to: to % DAY } };
}
