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
      const { report, counts, outlook } = await fleetStatus(deps, state.policy, 'cli');
      if (call.json) {
        printJson(call, statusJson(counts, report.waves, outlook));
        return 0;
      }
      const { terminal } = call;
      terminal.out(
        `${Object.entries(counts)
          .map(([name, count]) => `${name} ${count}`)
          .join(' · ')}\n\n`,
      );
      const rows = report.waves.map(({ wave, done, members, closed }) => [
        wave,
        `${done} of ${members}`,
        closed?.detail ?? 'open',
      ]);
      terminal.out(`${table(['WAVE', 'DONE', 'STATE'], rows, terminal.columns)}\n\n${outlook.detail}\n`);
      return 0;
    });
  },
};
