import type { Hold, HoldMatch } from '../../core/hold.ts';
import { iso } from '../../core/time.ts';
import { holdId, holdsInForce, placeHold, readHoldMatch, releaseHold } from '../../operations.ts';
import { holdJson } from '../../present.ts';
import { withRuntime } from '../open.ts';
import { author, type Call, type ExitCode, instant, needed, printJson, text, UsageError, type Verb } from '../verb.ts';

const OPTIONS = { match: { type: 'string' }, reason: { type: 'string' }, by: { type: 'string' } } as const;
const HELP = [
  '--match M      all, scope=REGION/PROJECT, region=REGION, wave=NAME, id=INSTANCE or tag:KEY=VALUE; several with a comma, all must hold',
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
      await placeHold(ledger, { match, by, reason, until }, clock.now());
      return show(call, await holdsInForce(ledger, clock.now()));
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
      const found = (await holdsInForce(ledger, now)).filter((one) => holdId(one.match) === holdId(match));
      if (found.length === 0) throw new UsageError(`no hold in force has the match ${text(call, 'match')}`);
      for (const one of found) await releaseHold({ ledger, log }, one, by, reason, now);
      return show(call, await holdsInForce(ledger, now));
    });
  },
};

/** @throws UsageError */
function matchOf(call: Call): HoldMatch {
  const match = readHoldMatch(needed(call, 'match'));
  if (typeof match === 'string') throw new UsageError(`--match: ${match}`);
  return match;
}

function show(call: Call, inForce: readonly Hold[]): 0 {
  if (call.json) printJson(call, { holds: inForce.map(holdJson) });
  else
    call.terminal.out(
      inForce.length === 0
        ? 'No holds are in force.\n'
        : inForce.map((one) => `${JSON.stringify(one.match)}  by ${one.by}: ${one.reason}\n`).join(''),
    );
  return 0;
}
