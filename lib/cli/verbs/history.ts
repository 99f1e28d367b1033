import { attemptJson } from '../../present.ts';
import { withRuntime } from '../open.ts';
import { attemptTable } from '../tables.ts';
import { type ExitCode, instant, printJson, type Verb } from '../verb.ts';

export const history: Verb = {
  summary: 'The attempts, newest first. From what is stored; asks no API.',
  usage: '[--since T]',
  options: { since: { type: 'string' } },
  help: ['--since T      only what was claimed at or after this instant (ISO 8601 with an offset)'],
  takes: 0,
  async run(call): Promise<ExitCode> {
    const since = instant(call, 'since');
    return withRuntime<ExitCode>(call, async ({ ledger }) => {
      const attempts = await ledger.attempts(since === undefined ? {} : { since });
      if (call.json) printJson(call, { attempts: attempts.map(attemptJson) });
      else
        call.terminal.out(
          attempts.length > 0 ? `${attemptTable(attempts, call.terminal.columns)}\n` : 'No attempts.\n',
        );
      return 0;
    });
  },
};
