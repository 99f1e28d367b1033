import { iso } from '../../core/time.ts';
import { approve as approvePlan } from '../../operations.ts';
import { approvalJson } from '../../present.ts';
import { needPolicy, withRuntime } from '../open.ts';
import { author, type ExitCode, printJson, UsageError, type Verb } from '../verb.ts';

export const approve: Verb = {
  summary: 'Approve the plan of that hash, and nothing else, for the opening that is open or comes next.',
  usage: 'PLAN_HASH [--by NAME]',
  options: { by: { type: 'string' } },
  help: ['PLAN_HASH      as "plan" shows it', '--by NAME      who, default the name of the account that runs this'],
  takes: 1,
  async run(call): Promise<ExitCode> {
    const by = author(call);
    return withRuntime<ExitCode>(call, async (runtime) => {
      const { deps, state } = await runtime.pass();
      needPolicy(state);
      const result = await approvePlan(deps, state.policy, { hash: call.positionals[0]!, by, signal: call.signal });
      if (typeof result === 'string') throw new UsageError(result);
      if (call.json) printJson(call, { approval: approvalJson(result) });
      else
        call.terminal.out(
          `Plan ${result.hash} with ${result.items.length} upgrades is approved until ${iso(result.opening.closes)}.\n`,
        );
      return 0;
    });
  },
};
