import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';

const root = resolve(import.meta.dirname, '../..');
const run = promisify(execFile);

/** What is wrong goes to stderr, with the code of a misuse and not that of a rule that was broken. */
async function misuse(script: string, given: readonly string[]): Promise<string> {
  const failure = await run(process.execPath, [`scripts/${script}.ts`, ...given], { cwd: root }).then(
    () => null,
    (error: { code: number; stderr: string }) => error,
  );
  expect(failure?.code).toBe(2);
  expect(failure!.stderr).toContain(`usage: npm run ${script}`);
  return failure!.stderr.split('\n')[0]!;
}

it.each<[string, string[], string]>([
  ['simulate', ['--seeds', 'abc'], '--seeds must be a whole number from 1 to 2147483646, not "abc"'],
  ['simulate', ['--seeds', '1.5'], '--seeds must be a whole number from 1 to 2147483646, not "1.5"'],
  ['simulate', ['--from', '2147483647', '--seeds', '3'], '--from must be a whole number from 0 to 2147483646, not "2147483647"'],
  ['simulate', ['--workers', '0'], '--workers must be a whole number from 1 to 64, not "0"'],
  ['simulate', ['--ledger', 'redis'], '--ledger must be one of memory, sqlite, dynamodb, not "redis"'],
  ['simulate', ['--nights', '3'], "Unknown option '--nights'"],
  ['mutants', ['--seeds', '0'], '--seeds must be a whole number from 1 to 1000000, not "0"'],
  ['mutants', ['--only', 'nosuch'], 'no mutant has "nosuch" in its name'],
])('%s %j is refused', async (script, given, problem) => {
  expect(await misuse(script, given)).toContain(problem);
}); // biome-ignore format: a table
