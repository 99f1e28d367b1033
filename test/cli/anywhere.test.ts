import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const POLICY = `version: 1
timezone: Europe/Berlin
scopes: [{ project: p1, region: here-1 }]
select: { engine: REDIS }
windows:
  night: { days: [tue, wed, fri, sun], from: "02:30", to: "04:00" }
  elapsed: { days: [sun], from: "01:00", duration: 3h, timezone: America/St_Johns }
  monthend: { monthly: "last day", from: "23:00", to: "24:00" }
  patchday: { monthly: "2nd tue", offset: 4d, from: "22:00", duration: 6h, timezone: Asia/Tokyo }
  daily: { cron: "30 2 * MAR-oct fri", duration: 45m }
  biweekly: { rrule: "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU", start: "2026-01-04T01:30", duration: 2h }
  once: { date: 2026-10-25, from: "02:30", duration: 2h }
  own: { instance: true }
freezes:
  - { name: summer, from: 2026-07-01, to: 2026-07-14, reason: Ferien }
  - { name: closing, monthDays: "28..2", match: { tags: { tier: gold } }, reason: month end }
rollout:
  - { wave: IDLE, match: { name: "INFO-*" }, take: 50%, window: [night, own] }
  - { wave: rest, match: {}, window: [night, elapsed, patchday, biweekly], soak: 3d }
`;
const FLEET = {
  projects: [
    {
      project: 'p1',
      region: 'here-1',
      instances: ['INFO-ı', 'INFO-İ', 'info-i', 'Info-I', 'ß', 'ä'].map((name, index) => ({
        name,
        tags: { tier: index % 2 ? 'gold' : 'silver', 'dcs-upgrade-hold-until': '2026-04-01' },
      })),
    },
  ],
};

let folder: string;
let inUtc: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anywhere-'));
  await writeFile(join(folder, 'policy.yaml'), POLICY);
  await writeFile(join(folder, 'fleet.json'), JSON.stringify(FLEET));
  inUtc = answers({});
});
afterAll(() => rm(folder, { recursive: true }));

/** What the verbs answer on a machine that is set up like this. */
function answers(env: Record<string, string>, flags: string[] = []): string {
  const script = resolve('test/support/answers.ts');
  const args = [...flags, script, join(folder, 'policy.yaml'), join(folder, 'fleet.json')];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    env: { TZ: 'UTC', ...env },
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

describe('F004 F116 what a policy means', () => {
  it('can be told', () => {
    expect(inUtc.match(/^\w+: \d$/gm)).toEqual([
      'windows: 0',
      'windows: 0',
      'windows: 0',
      'rehearse: 0',
      'rehearse: 0',
      'validate: 0',
    ]);
    expect(inUtc).toContain('6 starts for 6 instances');
  });

  it.each<[string, Record<string, string>]>([
    ['in Tokyo', { TZ: 'Asia/Tokyo' }],
    ['in Newfoundland', { TZ: 'America/St_Johns' }],
    ['in a zone that does not exist', { TZ: 'Nowhere/Special' }],
    ['in Turkish, whose capital i has a dot', { LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8', LANGUAGE: 'tr' }],
    ['in Arabic, with other digits', { LANG: 'ar_EG.UTF-8', LC_ALL: 'ar_EG.UTF-8' }],
    ['in Thai, with other years', { LANG: 'th_TH.UTF-8', LC_ALL: 'th_TH.UTF-8' }],
  ])('is the same %s', (_, env) => {
    expect(answers(env)).toBe(inUtc);
  });

  it('is the same where Node knows English alone', () => {
    const flags = ['--import', resolve('test/support/small-icu.ts')];
    expect(answers({ LANG: 'tr_TR.UTF-8' }, flags)).toBe(inUtc);
  });

  it('and such a Node answers in English only', () => {
    const script =
      "console.log(new Date(0).toLocaleDateString('de', { month: 'long' }), Intl.DateTimeFormat.supportedLocalesOf(['sv', 'en-GB']))";
    const { stdout } = spawnSync(process.execPath, ['--import', resolve('test/support/small-icu.ts'), '-e', script], {
      encoding: 'utf8',
    });
    expect(stdout).toBe("January [ 'en-GB' ]\n");
  });
});
