import { planHash } from '../../operations.ts';
import { planJson } from '../../present.ts';
import { type PassReport, reconcile } from '../../reconcile.ts';
import { exitCodeOf } from '../exit.ts';
import { needPolicy, withRuntime } from '../open.ts';
import { decisionTable } from '../tables.ts';
import { type ExitCode, instant, printJson, type Verb } from '../verb.ts';

export const plan: Verb = {
  summary: 'Look at the fleet and say what would be started, and why everything else would not. Starts nothing.',
  usage: '[--now T]',
  options: { now: { type: 'string' } },
  help: ['--now T        decide as of this instant (ISO 8601 with an offset)'],
  takes: 0,
  async run(call): Promise<ExitCode> {
    const at = instant(call, 'now');
    return withRuntime<ExitCode>(call, async (runtime) => {
      const { deps, state } = await runtime.pass();
      needPolicy(state);
      const asOf = at === undefined ? {} : { at };
      const report = await reconcile(deps, state, {
        ...asOf,
        dryRun: true,
        observeAlways: true,
        requestedBy: 'cli',
        reason: 'plan',
        signal: call.signal,
      });
      if (call.json) printJson(call, planJson(report));
      else call.terminal.out(`${planText(report, call.terminal.columns)}\n`);
      for (const error of report.errors)
        call.terminal.err(
          `${error.scope}${error.instanceId ? ` ${error.instanceId}` : ''}: ${error.message} (${error.code}). ${error.hint}\n`,
        );
      return exitCodeOf(report, state);
    });
  },
};

function planText(report: PassReport, columns: number): string {
  const starts = report.decisions.filter(({ action }) => action === 'start').length;
  return [
    decisionTable(report.decisions, columns),
    '',
    `${report.decisions.length} instances, ${starts} would start now. Nothing was started. Plan ${planHash(report.plan)}.`,
  ].join('\n');
}
