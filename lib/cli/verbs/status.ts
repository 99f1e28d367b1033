import type { Forecast } from '../../core/forecast.ts';
import { coversWave, type Hold } from '../../core/hold.ts';
import { iso } from '../../core/time.ts';
import { fleetStatus } from '../../operations.ts';
import { statusJson } from '../../present.ts';
import { needPolicy, withRuntime } from '../open.ts';
import { table } from '../terminal.ts';
import { type ExitCode, printJson, type Verb } from '../verb.ts';

export const status: Verb = {
  summary: 'The fleet in numbers, wave by wave, and when it will be current. From what is stored; asks no API.',
  usage: '',
  options: {},
  help: [],
  takes: 0,
  async run(call): Promise<ExitCode> {
    return withRuntime<ExitCode>(call, async (runtime) => {
      const { deps, state } = await runtime.pass();
      needPolicy(state);
      const status = await fleetStatus(deps, state.policy, 'cli');
      if (call.json) {
        printJson(call, statusJson(status));
        return 0;
      }
      const { report, counts, holds, outlook } = status;
      const { terminal } = call;
      terminal.out(
        `${Object.entries(counts)
          .map(([name, count]) => `${name} ${count}`)
          .join(' · ')}\n\n`,
      );
      const rows = report.waves.map(({ wave, done, members, closed }) => [
        wave,
        `${done} of ${members}`,
        [closed?.detail ?? 'open', ...holds.filter((hold) => coversWave(hold, wave)).map(heldBy)].join('; '),
        currentBy(outlook, wave),
      ]);
      terminal.out(`${table(['WAVE', 'DONE', 'STATE', 'CURRENT BY'], rows, terminal.columns)}\n\n${outlook.detail}\n`);
      return 0;
    });
  },
};

function heldBy({ by, reason }: Hold): string {
  return `held by ${by}: ${reason}`;
}

function currentBy({ waves }: Forecast, wave: string): string {
  const current = waves.find((one) => one.wave === wave)?.current ?? null;
  return current === null ? 'nobody can tell' : iso(current);
}
