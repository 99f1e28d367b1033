import { cut } from './cut.ts';
import type { Scope } from './instance.ts';
import type { Gates, Policy, Wave } from './policy.ts';
import { readAlertRule } from './policy-alerts.ts';
import { readFreeze } from './policy-freeze.ts';
import { suggestion } from './policy-hints.ts';
import type { Env, Path } from './policy-prepare.ts';
import { readReceiver } from './policy-receiver.ts';
import type { AlertInput, FreezeInput, NotifyInput, PolicyInput, WaveInput } from './policy-schema.ts';
import { DAY } from './time.ts';
import type { Window } from './window-kinds.ts';
import { type Report, readWindow } from './window-read.ts';
import { runsOf } from './window-runs.ts';

/** The parts of a policy that have their shape; what has not is null, and was reported already. */
export type Draft = Omit<
  PolicyInput,
  'timezone' | 'scopes' | 'windows' | 'freezes' | 'rollout' | 'alerts' | 'notify'
> & {
  timezone: string | null;
  scopes?: (NonNullable<PolicyInput['scopes']>[number] | null)[] | undefined;
  windows: Record<string, PolicyInput['windows'][string] | null>;
  freezes: (FreezeInput | null)[];
  rollout: (WaveInput | null)[];
  /** Of all waves, whatever shape they have. */
  waveNames: (string | null)[];
  /** Likewise; null where there is no telling which windows there are. */
  windowNames: string[] | null;
  alerts: (AlertInput | null)[];
  notify: (NotifyInput | null)[];
};

const SOAK = DAY;

/** Checks what concerns several keys at once, and makes the policy. Worth nothing when anything was reported. */
export async function build(draft: Draft, env: Env, report: Report): Promise<Policy> {
  // Without a usable zone the rest is still looked at, so that every problem comes at once.
  const timezone = draft.timezone ?? 'UTC';
  const { perScope = null, perWindow = null } = draft.limits;
  const { engine = null, versions = null, enterpriseProjects = null, exclude } = draft.select;
  const scopes = readScopes(draft.scopes, env, report);
  return {
    timezone,
    scopes,
    upgrade: readUpgrade(draft.upgrade, report),
    select: { engine, versions, enterpriseProjects, exclude },
    windows: await readWindows(draft.windows, timezone, report),
    freezes: present(draft.freezes, (freeze, index) => readFreeze(freeze, timezone, within(report, 'freezes', index))),
    rollout: readRollout(draft, report),
    limits: { ...draft.limits, perScope, perWindow },
    gates: readGates(draft.gates, report),
    verify: draft.verify,
    deadline: readDeadline(draft.deadline, within(report, 'deadline')),
    alerts: present(draft.alerts, (input, index) => readAlertRule(input, within(report, 'alerts', index))),
    notify: present(draft.notify, (target, index) => readReceiver(target, scopes, within(report, 'notify', index))),
  };
}

function within(report: Report, ...before: Path): Report {
  return (path, message, hint) => report([...before, ...path], message, hint);
}

function present<In, Out>(items: readonly (In | null)[], read: (item: In, index: number) => Out | null): Out[] {
  return items.flatMap((item, index) => (item === null ? [] : (read(item, index) ?? [])));
}

function readScopes(inputs: Draft['scopes'], env: Env, report: Report): Scope[] {
  const scopes = inputs ?? scopeOfEnvironment(env, report);
  const seen = new Set<string>();
  return present(scopes, ({ project, region, credentials, endpoint }, index) => {
    const id = `${region}/${project}`;
    if (seen.has(id)) report(['scopes', index], 'this project and region stand here already', 'a scope stands once');
    seen.add(id);
    return { id, project, region, ...(credentials && { credentials }), ...(endpoint && { endpoint }) };
  });
}

/** The scope of a policy that names none. */
function scopeOfEnvironment(
  env: Env,
  report: Report,
): { project: string; region: string; credentials?: never; endpoint?: never }[] {
  const { HUAWEICLOUD_PROJECT_ID: project, HUAWEICLOUD_REGION: region } = env;
  if (project && region) return [{ project, region }];
  const missing = [!project && 'HUAWEICLOUD_PROJECT_ID', !region && 'HUAWEICLOUD_REGION'].filter(Boolean);
  const wanted = `${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} not set`;
  report(['scopes'], `the policy names no scopes, and ${wanted}`, 'give it scopes, or set both variables');
  return [];
}

function readUpgrade({ engine, proxy }: PolicyInput['upgrade'], report: Report): Policy['upgrade'] {
  if (engine === undefined && proxy === undefined)
    report(['upgrade'], 'nothing is to be upgraded', 'name engine, proxy or both');
  return { ...(engine && { engine }), ...(proxy && { proxy }) };
}

/** How often cron windows may open on a day, all together; what overlaps or touches counts once. */
const MOST_CRON_STARTS = 1_000;

/** It takes a moment to see that a window never opens. */
const MOST_WINDOWS = 200;

/** It takes longer to see that an rrule never fires. */
const MOST_RRULES = 20;

async function readWindows(inputs: Draft['windows'], zone: string, report: Report): Promise<Record<string, Window>> {
  const windows: Record<string, Window> = {};
  const count = Object.keys(inputs).length;
  if (count > MOST_WINDOWS) {
    report(['windows'], `there are ${count}`, `at most ${MOST_WINDOWS}; several waves may use one`);
    return windows;
  }
  const rrules = Object.values(inputs).filter((input) => input?.rrule !== undefined).length;
  if (rrules > MOST_RRULES) {
    report(
      ['windows'],
      `there are ${rrules} rrule windows`,
      `at most ${MOST_RRULES}; days, monthly and cron are not limited`,
    );
    return windows;
  }
  for (const [name, input] of Object.entries(inputs)) {
    const window = input && (await readWindow(name, input, zone, within(report, 'windows', name)));
    if (window) windows[name] = window;
  }
  const starts = Object.values(windows).reduce((sum, window) => sum + startsADay(window), 0);
  if (starts > MOST_CRON_STARTS)
    report(
      ['windows'],
      `cron windows open ${starts} times a day in all`,
      `at most ${MOST_CRON_STARTS}; longer windows need fewer starts`,
    );
  return windows;
}

function startsADay(window: Window): number {
  return window.kind === 'cron' ? runsOf(window.times, window.end).length : 0;
}

function readRollout(draft: Draft, report: Report): Wave[] {
  const windows = draft.windowNames;
  const names = draft.waveNames;
  const firstAt = new Map(names.map((name, index) => [name, index] as const).reverse());
  const isAbove = (name: string, index: number) => (firstAt.get(name) ?? index) < index;
  return present(draft.rollout, (input, index) => {
    const tell = within(report, 'rollout', index);
    if (isAbove(input.wave, index)) tell(['wave'], `there is a wave ${cut(input.wave)} already`, 'a name stands once');
    for (const name of input.window) {
      if (windows && !windows.includes(name))
        tell(['window'], `there is no window ${cut(name)}`, suggestion(name, windows));
    }
    if (input.after !== undefined && !isAbove(input.after, index)) tell(['after'], ...badAfter(input, names));
    const { wave, match, window, parallel = null, soak = SOAK, take = null, approve = false } = input;
    return {
      wave,
      match,
      windows: [...new Set(window)],
      parallel,
      after: input.after ?? names[index - 1] ?? null,
      soak,
      take,
      approve,
    };
  });
}

function badAfter({ wave, after = '' }: WaveInput, names: readonly (string | null)[]): [string, string] {
  const known = names.filter((name) => name !== null);
  if (!known.includes(after)) return [`there is no wave ${cut(after)}`, suggestion(after, known)];
  const how = after === wave ? 'itself' : `${after}, which stands below`;
  return [`wave ${wave} comes after ${how}`, 'a wave comes after one that stands above it'];
}

function readDeadline(input: Draft['deadline'], report: Report): Policy['deadline'] {
  if (!input) return null;
  const { warn = null, page = null } = input;
  if (warn === null && page === null) report([], 'it says nothing', 'give it warn, page or both');
  if (warn !== null && page !== null && page <= warn)
    report(['page'], 'page comes no later than warn', 'page has to be the longer one');
  return { warn, page };
}

/** Absent keys stay absent: what no gate asks for is not read. */
function readGates(input: Draft['gates'], report: Report): Gates | null {
  if (!input) return null;
  const { cpu, memory, bandwidth, backup, backupFirst } = input;
  const gates = {
    ...(cpu !== undefined && { cpu }),
    ...(memory !== undefined && { memory }),
    ...(bandwidth !== undefined && { bandwidth }),
    ...(backup !== undefined && { backup }),
    ...(backupFirst === true && { backupFirst }),
  };
  if (backupFirst && backup === undefined)
    report(['gates', 'backupFirst'], 'no age of backups is asked for', 'add backup: "<24h", or leave backupFirst out');
  else if (Object.keys(gates).length === 0)
    report(['gates'], 'no gate is named', 'name cpu, memory, bandwidth or backup, or leave gates out');
  return gates;
}
