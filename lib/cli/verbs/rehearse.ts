import { readFile } from 'node:fs/promises';
import type { Policy } from '../../core/policy.ts';
import { rehearse as play, type Rehearsal } from '../../core/rehearse.ts';
import { memoryOf, type Scene } from '../../core/stock.ts';
import { DAY, type EpochMs, iso } from '../../core/time.ts';
import type { Deps } from '../../deps.ts';
import { reconcile } from '../../reconcile.ts';
import { instancesAsSeen } from '../../simulator/as-seen.ts';
import { parseFleet } from '../../simulator/fleet.ts';
import { exitCodeOf } from '../exit.ts';
import { clockTextFor } from '../night.ts';
import { needPolicy, withRuntime } from '../open.ts';
import { loadPolicy } from '../policy.ts';
import { table } from '../terminal.ts';
import { type Call, type ExitCode, printJson, text, UsageError, type Verb } from '../verb.ts';
import { spanOf } from './windows.ts';

/** Longer ahead nobody knows the fleet, and versions come out meanwhile. */
const LONGEST_SPAN = 10 * 366 * DAY;

export const rehearse: Verb = {
  summary: 'Play a span of time: what would start when, what freezes stop, when each wave would end. Starts nothing.',
  usage: '[--from T] [--to T] [--fleet FILE]',
  options: { from: { type: 'string' }, to: { type: 'string' }, fleet: { type: 'string' } },
  help: [
    '--from T       from this instant on (ISO 8601 with an offset), default now',
    '--to T         up to this instant, default 30 days later',
    "--fleet FILE   with the fleet in this file, in the simulator's form; default: the fleet that DCS shows now",
  ],
  takes: 0,
  async run(call): Promise<ExitCode> {
    const [from, to] = spanOf(call);
    if (to - from > LONGEST_SPAN) throw new UsageError('from --from to --to are more than ten years');
    const file = text(call, 'fleet');
    if (file !== undefined) return tell(call, await sceneOfFile(call, file, from), to);
    return withRuntime<ExitCode>(call, async (runtime) => {
      const { deps, state } = await runtime.pass();
      needPolicy(state);
      const report = await reconcile(deps, state, {
        dryRun: true,
        observeAlways: true,
        requestedBy: 'cli',
        reason: 'rehearse',
        signal: call.signal,
      });
      for (const { scope, message, code, hint } of report.errors)
        call.terminal.err(`${scope}: ${message} (${code}). ${hint}\n`);
      const scene = await sceneOfLedger(deps, state.policy, from);
      return scene.instances.length === 0 && report.errors.length > 0
        ? exitCodeOf(report, state)
        : tell(call, scene, to);
    });
  },
};

/** @throws PolicyError, UsageError */
async function sceneOfFile(call: Call, file: string, now: EpochMs): Promise<Scene> {
  const policy = await loadPolicy(call);
  const all = instancesAsSeen(await fleetOf(file), file, now);
  const instances = ofScopes(policy, all);
  if (instances.length < all.length) {
    const scopes = policy.scopes.map(({ id }) => id).join(', ');
    const message = `${all.length - instances.length} of ${all.length} instances of ${file} are in none of the policy's scopes (${scopes})`;
    if (instances.length === 0) throw new UsageError(message);
    call.terminal.err(`${message}; they are left out.\n`);
  }
  return { now, policy, instances, attempts: [], holds: [], behindSince: new Map(), stoppedScopes: new Map() };
}

async function fleetOf(file: string) {
  try {
    return parseFleet(await readFile(file, 'utf8'), file);
  } catch (error) {
    throw new UsageError(`--fleet: ${(error as Error).message}`);
  }
}

/** With what the ledger remembers: upgrades of the past, holds, and what runs now. */
async function sceneOfLedger({ ledger }: Deps, policy: Policy, now: EpochMs): Promise<Scene> {
  const fleet = await ledger.fleet();
  const behindSince = new Map<string, EpochMs>();
  for (const { instance, behindSince: since } of fleet) if (since !== null) behindSince.set(instance.instanceId, since);
  return {
    now,
    policy,
    instances: ofScopes(policy, fleet.map(({ instance }) => instance)),
    attempts: await ledger.attempts({ since: now - memoryOf(policy) }),
    holds: await ledger.holds(),
    behindSince,
    stoppedScopes: new Map(),
  }; // biome-ignore format: a key a line
}

function ofScopes<T extends { scope: string }>({ scopes }: Policy, instances: readonly T[]): T[] {
  return instances.filter(({ scope }) => scopes.some(({ id }) => id === scope));
}

function tell(call: Call, scene: Scene, to: EpochMs): ExitCode {
  const played = play(scene, to);
  if (call.json) printJson(call, rehearsalJson(played));
  else call.terminal.out(rehearsalText(scene, played, call.terminal.columns));
  return 0;
}

function rehearsalJson({ starts, waves, current, frozen, left, late }: Rehearsal) {
  const at = (instant: EpochMs | null) => (instant === null ? null : iso(instant));
  return {
    starts: starts.map((start) => ({ ...start, at: iso(start.at) })),
    waves: waves.map(({ wave, ends }) => ({ wave, ends: at(ends) })),
    current: at(current),
    frozen: frozen.map((one) => ({ ...one, from: iso(one.from), to: iso(one.to) })),
    left: left.map(({ instanceId, name, wave, reason, detail }) => ({ instanceId, name, wave, reason, detail })),
    late: late.map((one) => ({ ...one, deadline: iso(one.deadline) })),
  };
}

function rehearsalText({ policy, instances }: Scene, played: Rehearsal, columns: number): string {
  const { starts, waves, current, frozen, left, late } = played;
  const at = clockTextFor(policy.timezone);
  const parts = [
    table(['STARTS', 'INSTANCE', 'WAVE'], starts.map((one) => [at(one.at), one.name, one.wave]), columns),
    table(['WAVE', 'ENDS'], waves.map(({ wave, ends }) => [wave, ends === null ? 'later' : at(ends)]), columns),
    table(['FROZEN FROM', 'TO', 'FREEZE', 'STOPS', 'REASON'], frozen.map((one) => [at(one.from), at(one.to), one.name, `${one.instanceIds.length}`, one.reason]), columns),
    table(['LEFT', 'WAVE', 'REASON', 'DETAIL'], left.map(({ name, wave, reason, detail }) => [name, wave ?? '–', reason, detail]), columns),
  ]; // biome-ignore format: a table a line
  parts.push(table(['LATE', 'WAVE', 'DEADLINE'], late.map(({ name, wave, deadline }) => [name, wave, at(deadline)]), columns)); // biome-ignore format: a table a line
  const told = parts.filter((_, index) => [starts, waves, frozen, left, late][index]!.length > 0);
  const end =
    current === null ? `${left.length} are not at the latest version at the end` : `all are current at ${at(current)}`;
  return `${told.join('\n\n')}\n\n${starts.length} starts for ${instances.length} instances; ${end}. Nothing was started.\n`;
}
