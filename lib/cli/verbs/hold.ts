import { createHash } from 'node:crypto';
import { userInfo } from 'node:os';
import { type Hold, type HoldMatch, isInForce } from '../../core/hold.ts';
import { iso } from '../../core/time.ts';
import { holdJson } from '../../present.ts';
import { withRuntime } from '../open.ts';
import { type Call, type ExitCode, instant, printJson, text, UsageError, type Verb } from '../verb.ts';

const OPTIONS = { match: { type: 'string' }, reason: { type: 'string' }, by: { type: 'string' } } as const;
const HELP = [
  '--match M      all, scope=REGION/PROJECT, wave=NAME, id=INSTANCE or tag:KEY=VALUE; several with a comma, all must hold',
  '--reason R     why; people read it',
  '--by NAME      who, default the name of the account that runs this',
];

export const hold: Verb = {
  summary: 'Stop new starts for all, a scope, a wave, a tag or an instance. What runs is followed on.',
  usage: '--match M --reason R [--until T] [--by NAME]',
  options: { ...OPTIONS, until: { type: 'string' } },
  help: [...HELP, '--until T      when it ends by itself (ISO 8601 with an offset); without it, when it is released'],
  takes: 0,
  async run(call): Promise<ExitCode> {
    const match = matchOf(call);
    const [reason, by, until] = [needed(call, 'reason'), author(call), instant(call, 'until') ?? null];
    return withRuntime<ExitCode>(call, async ({ ledger, clock }) => {
      if (until !== null && until <= clock.now()) throw new UsageError(`--until: ${iso(until)} is in the past`);
      await ledger.putHold({
        id: idOf(match),
        match,
        by,
        reason,
        createdAt: clock.now(),
        until,
        releasedAt: null,
        releasedBy: null,
      });
      return show(call, await ledger.holds(), clock.now());
    });
  },
};

export const release: Verb = {
  summary: 'End the holds of exactly that match, those that this program set included.',
  usage: '--match M --reason R [--by NAME]',
  options: OPTIONS,
  help: HELP,
  takes: 0,
  async run(call): Promise<ExitCode> {
    const match = matchOf(call);
    const [reason, by] = [needed(call, 'reason'), author(call)];
    return withRuntime<ExitCode>(call, async ({ ledger, clock, log }) => {
      const now = clock.now();
      const found = (await ledger.holds()).filter((one) => isInForce(one, now) && idOf(one.match) === idOf(match));
      if (found.length === 0) throw new UsageError(`no hold in force has the match ${text(call, 'match')}`);
      for (const one of found) {
        await ledger.putHold({ ...one, releasedAt: now, releasedBy: `${by}: ${reason}` });
        log('info', 'hold_released', { hold: one.id, by, reason });
      }
      return show(call, await ledger.holds(), now);
    });
  },
};

/** @throws UsageError */
function matchOf(call: Call): HoldMatch {
  const given = needed(call, 'match');
  if (given === 'all') return { all: true };
  const match: HoldMatch = {};
  for (const part of given.split(',')) {
    const [, key, value] = /^\s*([^=]+)=(.+?)\s*$/.exec(part) ?? [];
    if (key === 'scope' || key === 'wave') match[key] = value!;
    else if (key === 'id') match.instanceId = value!;
    else if (key?.startsWith('tag:')) match.tags = { ...match.tags, [key.slice(4)]: value! };
    else throw new UsageError(`--match: "${part}" is none of all, scope=…, wave=…, id=…, tag:KEY=…`);
  }
  return match;
}

function idOf(match: HoldMatch): string {
  const sorted = { ...match, tags: Object.entries(match.tags ?? {}).sort() };
  return `person:${createHash('sha256')
    .update(JSON.stringify(Object.entries(sorted).sort()))
    .digest('hex')
    .slice(0, 12)}`;
}

function needed(call: Call, name: string): string {
  const value = text(call, name)?.trim();
  if (!value) throw new UsageError(`--${name} is required; see --help`);
  return value;
}

function author(call: Call): string {
  const name = text(call, 'by') ?? userInfo().username;
  if (name === 'system') throw new UsageError('--by: "system" is the name of this program’s own holds');
  return name;
}

function show(call: Call, holds: readonly Hold[], now: number): 0 {
  const inForce = holds.filter((one) => isInForce(one, now));
  if (call.json) printJson(call, { holds: inForce.map(holdJson) });
  else
    call.terminal.out(
      inForce.length === 0
        ? 'No holds are in force.\n'
        : inForce.map((one) => `${JSON.stringify(one.match)}  by ${one.by}: ${one.reason}\n`).join(''),
    );
  return 0;
}
