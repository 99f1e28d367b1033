import { isFailure } from '../../core/attempt.ts';
import type { Decision } from '../../core/decision.ts';
import { forecast } from '../../core/forecast.ts';
import { iso } from '../../core/time.ts';
import { type PassReport, reconcile } from '../../reconcile.ts';
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
      const report = await reconcile(deps, state, {
        dryRun: true,
        fromMemory: true,
        explain: true,
        requestedBy: 'cli',
        reason: 'status',
      });
      const failed = (await deps.ledger.attempts({})).filter(isFailure).length;
      const counts = countsOf(report, failed);
      const outlook = forecast(state.policy, report.decisions, report.now);
      if (call.json) {
        const waves = report.waves.map(({ closed, ...wave }) => ({
          ...wave,
          reason: closed?.reason ?? null,
          detail: closed?.detail ?? null,
          opensAt: closed?.until ? iso(closed.until) : null,
        }));
        printJson(call, {
          counts,
          waves,
          forecast: { ...outlook, current: outlook.current === null ? null : iso(outlook.current) },
        });
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

function countsOf({ decisions }: PassReport, failed: number): Record<string, number> {
  const count = (test: (decision: Decision) => boolean) => decisions.filter(test).length;
  return {
    instances: decisions.length,
    latest: count(({ reason }) => reason === 'already_latest'),
    due: count(({ action }) => action === 'start' || action === 'wait'),
    running: count(({ action }) => action === 'follow'),
    held: count(({ reason }) => reason === 'held'),
    failed,
    notOurs: count(({ action, reason }) => action === 'none' && reason !== 'already_latest'),
  };
}
