import { fleetStatus } from '../../operations.ts';
import { statusJson } from '../../present.ts';
import { needPolicy, withRuntime } from '../open.ts';
import { waveTable } from '../tables.ts';
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
      const { report, counts, outlook } = status;
      const { terminal } = call;
      terminal.out(
        `${Object.entries(counts)
          .map(([name, count]) => `${name} ${count}`)
          .join(' · ')}\n\n`,
      );
      terminal.out(`${waveTable(report.waves, outlook, terminal.columns)}\n\n${outlook.detail}\n`);
      return 0;
    });
  },
};
