import { warningsOf } from '../../core/warnings.ts';
import { systemClock } from '../../io/clock.ts';
import { withFeeds } from '../../io/feeds.ts';
import { type PlacedProblem, placeProblems, problemText, readPolicy } from '../../io/policy-file.ts';
import { policyFileOf, policyText, storedFleet } from '../policy.ts';
import { type Call, type ExitCode, printJson, type Verb } from '../verb.ts';

interface Findings {
  errors: PlacedProblem[];
  warnings: PlacedProblem[];
}

export const validate: Verb = {
  summary: 'Read the policy and print every problem, with its line and what to do.',
  usage: '[--strict]',
  options: { strict: { type: 'boolean' } },
  help: ['--strict       what is merely suspicious is an error, too'],
  takes: 0,
  async run(call): Promise<ExitCode> {
    const found = await findings(call);
    const { errors, warnings } = call.values.strict ? strict(found) : found;
    if (call.json) printJson(call, { valid: errors.length === 0, errors, warnings });
    else call.terminal.out(`${lines(policyFileOf(call), { errors, warnings }).join('\n')}\n`);
    return errors.length === 0 ? 0 : 2;
  },
};

async function findings(call: Call): Promise<Findings> {
  const text = await policyText(call);
  const read = await readPolicy(text, call.env);
  if ('problems' in read) return { errors: read.problems, warnings: [] };
  const outlook = { now: systemClock.now(), fleet: await storedFleet(call) };
  const policy = await withFeeds(read.policy, outlook.now, policyFileOf(call));
  return { errors: [], warnings: await placeProblems(text, warningsOf(policy, outlook)) };
}

function strict({ errors, warnings }: Findings): Findings {
  return { errors: [...errors, ...warnings], warnings: [] };
}

function lines(file: string, { errors, warnings }: Findings): string[] {
  return [
    ...errors.map((problem) => problemText(file, problem)),
    ...warnings.map((problem) => `warning: ${problemText(file, problem)}`),
    ...(errors.length === 0 ? [`${file} is valid.`] : []),
  ];
}
