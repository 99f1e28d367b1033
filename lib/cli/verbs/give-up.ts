import { iso } from '../../core/time.ts';
import { giveUp as giveUpAttempt } from '../../operations.ts';
import { attemptJson } from '../../present.ts';
import { withRuntime } from '../open.ts';
import { author, type ExitCode, needed, printJson, UsageError, type Verb } from '../verb.ts';

export const giveUp: Verb = {
  summary:
    'End an attempt that nobody can follow any more, as unverified. Its place is free again; nothing is cancelled.',
  usage: 'ATTEMPT --reason R [--by NAME]',
  options: { reason: { type: 'string' }, by: { type: 'string' } },
  help: [
    'ATTEMPT        its id, as "history --json" and the alert show it; look at the instance in the console before',
    '--reason R     why; people read it',
    '--by NAME      who, default the name of the account that runs this',
  ],
  takes: 1,
  async run(call): Promise<ExitCode> {
    const [reason, by, id] = [needed(call, 'reason'), author(call), call.positionals[0]!];
    return withRuntime<ExitCode>(call, async ({ ledger, log, clock }) => {
      const attempt = await giveUpAttempt({ ledger, log }, id, by, reason, clock.now());
      if (typeof attempt === 'string') throw new UsageError(attempt);
      if (call.json) printJson(call, { attempt: attemptJson(attempt) });
      else call.terminal.out(`${attempt.id} ended ${attempt.state} at ${iso(attempt.finishedAt!)}.\n`);
      return 0;
    });
  },
};
