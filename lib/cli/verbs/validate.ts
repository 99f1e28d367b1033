import { readFile } from 'node:fs/promises';
import { problemText, readPolicy } from '../../io/policy-file.ts';
import { type ExitCode, printJson, type Verb } from '../verb.ts';

export const validate: Verb = {
  summary: 'Read the policy and print every problem, with its line and what to do.',
  usage: '',
  options: {},
  help: [],
  takes: 0,
  async run(call): Promise<ExitCode> {
    const file = call.policyFile ?? 'policy.yaml';
    const read = await readPolicy(await readFile(file), call.env);
    const errors = 'problems' in read ? read.problems : [];
    if (call.json) printJson(call, { valid: errors.length === 0, errors, warnings: [] });
    else if (errors.length === 0) call.terminal.out(`${file} is valid.\n`);
    else call.terminal.out(`${errors.map((problem) => problemText(file, problem)).join('\n')}\n`);
    return errors.length === 0 ? 0 : 2;
  },
};
