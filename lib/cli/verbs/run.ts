import { outlookOf } from '../../operations.ts';
import { reportJson } from '../../present.ts';
import { reconcile } from '../../reconcile.ts';
import { exitCodeOf } from '../exit.ts';
import { clockTextFor, happenings } from '../night.ts';
import { withAlarmedRuntime } from '../open.ts';
import { decisionTable, summaryLine, waveTable } from '../tables.ts';
import { type ExitCode, printJson, UsageError, type Verb } from '../verb.ts';

export const run: Verb = {
  summary: 'One tick: start what is due, follow what runs, tell what happened. What the scheduled function does.',
  usage: '[--dry-run]',
  options: { 'dry-run': { type: 'boolean' } },
  help: ['--dry-run      decide and show, start nothing and tell nobody'],
  takes: 0,
  async run(call): Promise<ExitCode> {
    return withAlarmedRuntime<ExitCode>(call, async (runtime) => {
      const dryRun = call.values['dry-run'] === true;
      // What this run claims would be forgotten with it, and the next run might call a second time.
      if (!dryRun && runtime.config.ledger === 'memory')
        throw new UsageError('LEDGER=memory forgets with the process; a run needs sqlite:PATH or dynamodb:TABLE');
      const { deps, state } = await runtime.pass();
      const report = await reconcile(deps, state, {
        dryRun,
        explain: true,
        requestedBy: 'cli',
        reason: 'run',
        signal: call.signal,
      });
      if (state.problem !== null)
        call.terminal.err(`${state.problem}\nNothing new is started without a valid policy; what runs was followed.\n`);
      const outlook = outlookOf(report, state);
      if (call.json) printJson(call, reportJson(report, outlook));
      else {
        const clockText = clockTextFor(state.policy?.timezone ?? 'UTC');
        call.terminal.out(
          [
            decisionTable(report.decisions, call.terminal.columns),
            '',
            ...(outlook ? [waveTable(report.waves, outlook, call.terminal.columns), '', outlook.detail, ''] : []),
            ...happenings(report, clockText),
            summaryLine(report),
            '',
          ].join('\n'),
        );
      }
      return exitCodeOf(report, state);
    });
  },
};
