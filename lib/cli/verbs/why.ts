import { iso } from '../../core/time.ts';
import type { FleetEntry } from '../../deps.ts';
import { explain } from '../../operations.ts';
import { explanationJson } from '../../present.ts';
import { withRuntime } from '../open.ts';
import { attemptTable, decisionTable } from '../tables.ts';
import { type ExitCode, printJson, UsageError, type Verb } from '../verb.ts';

export const why: Verb = {
  summary: 'The last decision on one instance, its attempts and the holds in force. From what is stored; asks no API.',
  usage: 'INSTANCE',
  options: {},
  help: ['INSTANCE       an instance id, or a name'],
  takes: 1,
  async run(call): Promise<ExitCode> {
    return withRuntime<ExitCode>(call, async ({ ledger, pass }) => {
      const entry = find(await ledger.fleet(), call.positionals[0]!);
      const { deps, state } = await pass();
      const { decision, attempts, holds } = await explain(deps, state, entry);
      if (call.json) {
        printJson(call, explanationJson(decision, attempts, holds));
        return 0;
      }
      const { terminal } = call;
      terminal.out(
        decision
          ? `${decisionTable([decision], terminal.columns)}\n(decided at ${iso(entry.seenAt)})\n`
          : 'Nothing was decided on it yet: run "dcs-upgrader run".\n',
      );
      for (const hold of holds) terminal.out(`\nhold ${hold.id} by ${hold.by}: ${hold.reason}\n`);
      if (attempts.length > 0) terminal.out(`\n${attemptTable(attempts, terminal.columns)}\n`);
      for (const { at, state, note } of attempts[0]?.updates ?? []) terminal.out(`  ${iso(at)}  ${state}  ${note}\n`);
      return 0;
    });
  },
};

function find(fleet: readonly FleetEntry[], wanted: string): FleetEntry {
  const found = fleet.filter(({ instance }) => instance.instanceId === wanted || instance.name === wanted);
  if (found.length === 1) return found[0]!;
  if (found.length > 1)
    throw new UsageError(
      `${found.length} instances are named "${wanted}"; give an id: ${found.map(({ instance }) => instance.instanceId).join(', ')}`,
    );
  throw new UsageError(
    `"${wanted}" is not among the ${fleet.length} instances seen so far; "dcs-upgrader plan" looks at the fleet`,
  );
}
