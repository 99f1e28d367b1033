import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openLedger } from '../../lib/io/ledger/open.ts';
import { anInstance } from '../support/builders.ts';
import { cli } from '../support/cli.ts';

const POLICY = `version: 1
timezone: Europe/Berlin
scopes: [{ project: p1, region: cn-north-4 }]
windows:
  night: { days: [tue, wed, thu], from: "01:00", to: "05:00" }
  gap:
    days: [sun]
    from: "02:00"
    to: "03:00"
rollout:
  - { wave: dev, match: { tags: { env: dev } }, window: night }
  - { wave: prod, match: { tags: { env: prod } }, window: [night, gap] }
`;

interface Answer {
  valid: boolean;
  errors: object[];
  warnings: object[];
}

let folder: string;
let env: Record<string, string>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'validate-'));
  env = { LEDGER: `sqlite:${join(folder, 'ledger.db')}` };
});
afterEach(() => rm(folder, { recursive: true }));

async function validate(text: string, ...args: string[]) {
  const file = join(folder, 'policy.yaml');
  await writeFile(file, text);
  return cli(['validate', '--policy', file, ...args], env);
}

const GAP = {
  path: ['windows', 'gap'],
  line: 6,
  column: 3,
  message: expect.stringMatching(/^windows\.gap: clocks go forward/),
  hint: expect.stringContaining('duration'),
};

describe('validate', () => {
  it('warns with the place, and the policy is valid', async () => {
    const ran = await validate(POLICY, '--json');
    expect(ran.code).toBe(0);
    expect(ran.json<Answer>()).toEqual({ valid: true, errors: [], warnings: [GAP] });
  });

  it('--strict makes warnings errors', async () => {
    const ran = await validate(POLICY, '--json', '--strict');
    expect(ran.code).toBe(2);
    expect(ran.json<Answer>()).toEqual({ valid: false, errors: [GAP], warnings: [] });
  });

  it('--strict has nothing against a policy without warnings', async () => {
    const ran = await validate(POLICY.replace('"03:00"', '"05:00"'), '--strict');
    expect([ran.code, ran.out]).toEqual([0, expect.stringMatching(/policy\.yaml is valid\.\n$/)]);
  });

  it('to people: a line each', async () => {
    const { code, out } = await validate(POLICY);
    expect(code).toBe(0);
    expect(out).toMatch(
      /^warning: \S+policy\.yaml:6:3 windows\.gap: clocks go forward.*\n\S+policy\.yaml is valid\.\n$/,
    );
  });

  it('knows the lines of a policy in JSON', async () => {
    const json = {
      version: 1,
      timezone: 'UTC',
      scopes: [{ project: 'p', region: 'r' }],
      windows: { w: { days: ['mon', 'tue', 'wed'], from: '01:00', duration: '5m' } },
      rollout: [{ wave: 'a', match: {}, window: 'w' }],
    };
    const ran = await validate(JSON.stringify(json, null, 1), '--json');
    expect(ran.json<Answer>().warnings.at(-1)).toMatchObject({ path: ['windows', 'w', 'duration'], line: 18 });
  });

  it('warns of a calendar that cannot be read', async () => {
    const freezes = `freezes: [{ name: company, ics: ${join(folder, 'none.ics')}, onError: open, reason: theirs }]`;
    const ran = await validate(`${POLICY.replace('"03:00"', '"05:00"')}${freezes}\n`, '--json');
    expect(ran.json<Answer>().warnings).toEqual([
      expect.objectContaining({
        path: ['freezes', 0, 'ics'],
        line: 13,
        message: expect.stringContaining('cannot be read'),
      }),
    ]);
  });

  it('says errors alone where there are errors', async () => {
    const ran = await validate(POLICY.replace('01:00', '25:00'), '--json');
    expect(ran.code).toBe(2);
    expect(ran.json<Answer>()).toMatchObject({
      valid: false,
      errors: [{ path: ['windows', 'night', 'from'], line: 5 }],
      warnings: [],
    });
  });

  it('holds waves against the fleet in the ledger', async () => {
    const ledger = await openLedger(env.LEDGER);
    await ledger.putFleet([{ instance: anInstance('a'), behindSince: null, decision: null, seenAt: 0 }]);
    await ledger.close();
    const { warnings } = (await validate(POLICY, '--json')).json<Answer>();
    expect(warnings).toEqual([
      GAP,
      expect.objectContaining({
        path: ['rollout', 1, 'match'],
        line: 12,
        message: expect.stringContaining('none of the 1'),
      }),
    ]);
  });

  it('makes no ledger where there is none', async () => {
    await validate(POLICY);
    expect(existsSync(join(folder, 'ledger.db'))).toBe(false);
  });

  it('is not stopped by a ledger that cannot be read', async () => {
    await writeFile(
      join(folder, 'ledger.db'),
      'this is no database, and long enough to be looked at as one'.repeat(100),
    );
    const { code, err } = await validate(POLICY);
    expect(code).toBe(0);
    expect(err).toContain('The fleet that was seen last cannot be read');
  });

  it('of a file that is not there', async () => {
    const { code, err } = await cli(['validate', '--policy', join(folder, 'none.yaml')], env);
    expect([code, err]).toEqual([2, expect.stringContaining('none.yaml cannot be read')]);
  });
});
