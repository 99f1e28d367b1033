import { outlookOf } from '../../operations.ts';
import { reportJson } from '../../present.ts';
import { exitCodeOf, worst } from '../exit.ts';
import { withAlarmedRuntime } from '../open.ts';
import { type ExitCode, span, type Verb } from '../verb.ts';
import { watchNight } from '../watching.ts';

const DEFAULT_EVERY = 30_000;

export const watch: Verb = {
  summary: 'Tick until interrupted: a live table on a terminal, plain lines in a pipe.',
  usage: '[--every 30s] [--until-done]',
  options: { every: { type: 'string' }, 'until-done': { type: 'boolean' } },
  help: [
    '--every D      time between two ticks, default 30s',
    '--until-done   stop when nothing runs and nothing can start in this opening',
  ],
  takes: 0,
  async run(call): Promise<ExitCode> {
    const every = span(call, 'every') ?? DEFAULT_EVERY;
    return withAlarmedRuntime<ExitCode>(call, async (runtime) => {
      let code: ExitCode = 0;
      const untilDone = call.values['until-done'] === true;
      for await (const { report, state } of watchNight(runtime, {
        every,
        untilDone,
        terminal: call.terminal,
        quiet: call.json,
        signal: call.signal,
      })) {
        if (call.json) call.terminal.out(`${JSON.stringify(reportJson(report, outlookOf(report, state)))}\n`);
        const found = exitCodeOf(report, state);
        // What an interrupt kept from being read is no failure.
        if (found !== 3 || !call.signal.aborted) code = worst(code, found);
      }
      return code;
    });
  },
};
