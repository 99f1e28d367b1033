import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Attempt, isInFlight } from '../../lib/core/attempt.ts';
import { HOUR, MINUTE } from '../../lib/core/time.ts';
import { type Ledger, type Log, StaleLeaseError } from '../../lib/deps.ts';
import { openSqliteLedger } from '../../lib/io/ledger/sqlite.ts';
import { openDatabase, STEPS } from '../../lib/io/ledger/sqlite-file.ts';
import { aHold, anAttempt, NIGHT } from '../support/builders.ts';

const folder = mkdtempSync(join(tmpdir(), 'ledger-sqlite-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
let path = '';
beforeEach(() => {
  files += 1;
  path = join(folder, `${files}.db`);
});

async function claimed(ledger: Ledger, ...names: string[]): Promise<void> {
  const lease = await ledger.acquireLease('one', MINUTE, NIGHT);
  for (const name of names) await ledger.claim(anAttempt(name), lease!);
  await ledger.releaseLease(lease!);
}

describe('the file', () => {
  it('is made with its folder, for this user alone, and the log of its writes too', async () => {
    path = join(folder, 'of', 'mine', 'ledger.db');
    const ledger = await openSqliteLedger(path);
    await claimed(ledger, 'a');
    const modes = [path, `${path}-wal`, join(folder, 'of')].map((file) => statSync(file).mode & 0o777);
    expect(modes).toEqual([0o600, 0o600, 0o700]);
    await ledger.close();
  });

  it('writes each commit to the disk before it returns', async () => {
    const database = await openDatabase(path);
    const modes = ['journal_mode', 'synchronous'].map((name) =>
      Object.values(database.prepare(`PRAGMA ${name}`).get()!),
    );
    expect(modes).toEqual([['wal'], [2]]);
    database.close();
  });

  it('F124: of an older schema is brought up to date, with what is in it', async () => {
    (await openDatabase(path, ['CREATE TABLE a (x TEXT)'])).exec("INSERT INTO a VALUES ('kept')");
    const database = await openDatabase(path, [
      'CREATE TABLE a (x TEXT)',
      "ALTER TABLE a ADD COLUMN y TEXT DEFAULT 'new'",
    ]);
    expect({ ...database.prepare('SELECT * FROM a').get() }).toEqual({ x: 'kept', y: 'new' });
    database.close();
  });

  it('F124: a step that fails leaves the file as it was', async () => {
    await expect(openDatabase(path, ['CREATE TABLE a (x TEXT)', 'CREATE TABLE a (x TEXT)'])).rejects.toThrow(
      'already exists',
    );
    const ledger = await openSqliteLedger(path);
    expect(await ledger.attempts({})).toEqual([]);
    await ledger.close();
  });

  it('F124: of a newer schema is refused, and not touched', async () => {
    const newer = [...STEPS, 'CREATE TABLE later (x TEXT)'];
    (await openDatabase(path, newer)).close();
    await expect(openSqliteLedger(path)).rejects.toThrow(
      `ledger sqlite:${path}: its schema has version ${newer.length} and this program knows ${STEPS.length}; run the newer program`,
    );
  });

  it.each<{ what: string; make: () => void; message: RegExp }>`
    what                        | make                                                    | message
    ${'is not a database'}      | ${() => writeFileSync(path, 'version: 1\n'.repeat(99))} | ${/file is not a database; restore it from a backup, or move it away/}
    ${'is damaged at its head'} | ${() => damage(path)}                                   | ${/malformed|not a database/}
    ${'is a folder'} | ${() => {
  path = folder;
}} | ${/EISDIR.*set LEDGER to a file that this user may write/}
    ${'lies below a file'} | ${() => {
  writeFileSync(path, '');
  path = join(path, 'x.db');
}} | ${/(ENOTDIR|EEXIST).*set LEDGER to a file/}
  `('F124: one that $what is an error with its name and a thing to do', async ({ make, message }) => {
    make();
    const failure = openSqliteLedger(path).then((ledger) => ledger.attempts({}));
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.toMatchObject({ name: 'LedgerError', message: expect.stringContaining(path) });
  });

  it('once closed, says so, and may be closed again', async () => {
    const ledger = await openSqliteLedger(path);
    await ledger.attempts({});
    await ledger.close();
    await ledger.close();
    await expect(ledger.attempts({})).rejects.toThrow('it was closed before');
    await expect(ledger.putNote('a', 'b')).rejects.toThrow('it was closed before');
  });
});

describe('a row that cannot be read', () => {
  const logged: unknown[][] = [];
  const log: Log = (...line) => logged.push(line);
  const stored = (sql: string) => {
    const database = new DatabaseSync(path);
    database.exec(sql);
    database.close();
  };
  beforeEach(async () => {
    logged.length = 0;
    const ledger = await openSqliteLedger(path);
    await claimed(ledger, 'a', 'b', 'c');
    await ledger.close();
  });

  it.each<{ doc: string; problem: string }>`
    doc                                                          | problem
    ${'{"id":"id-b", "ta'}                                       | ${'it is not a JSON object'}
    ${''}                                                        | ${'it is not a JSON object'}
    ${'null'}                                                    | ${'it is not a JSON object'}
    ${'[]'}                                                      | ${'it is not a JSON object'}
    ${'{"instance":"id-b","phase":"old"}'}                       | ${'"id" is not as it should be'}
    ${JSON.stringify({ ...anAttempt('b'), state: 'upgrading' })} | ${'"state" is not as it should be'}
  `('F124: attempt $doc counts as under way, and is told of once; the rest is there', async ({ doc, problem }) => {
    stored(`UPDATE attempts SET doc = '${doc}' WHERE instance_id = 'id-b'`);
    const ledger = await openSqliteLedger(path, { log });
    const all = [['id-a', undefined], ['id-b', true], ['id-c', undefined]]; // biome-ignore format: a table
    const readable = ({ instanceId, unreadable }: Attempt) => [instanceId, unreadable];
    expect((await ledger.activeAttempts()).map(readable).toSorted()).toEqual(all);
    expect((await ledger.attempts({})).map(readable)).toEqual(all);
    const found = await ledger.attempt(anAttempt('b').id);
    expect(found).toMatchObject({ unreadable: true, claimedAt: NIGHT, rev: 0 });
    expect(isInFlight(found!)).toBe(true);
    const damage = { kind: 'attempt', key: anAttempt('b').id, problem, path };
    expect(logged).toEqual([['error', 'ledger_row_unreadable', damage]]);
    await ledger.close();
  });

  it('F124: one that was over is left out', async () => {
    stored("UPDATE attempts SET doc = 'x', settled = 1 WHERE instance_id = 'id-b'");
    const ledger = await openSqliteLedger(path, { log });
    expect((await ledger.attempts({})).map(({ name }) => name)).toEqual(['a', 'c']);
    await ledger.close();
  });

  it('F124: its opening cannot be claimed a second time all the same', async () => {
    stored("UPDATE attempts SET doc = 'x' WHERE instance_id = 'id-b'");
    const ledger = await openSqliteLedger(path, { log });
    const lease = await ledger.acquireLease('two', MINUTE, NIGHT);
    expect(await ledger.claim(anAttempt('b'), lease!)).toBe(false);
    await ledger.close();
  });

  it.each<[string, object]>([
    ['without an end', { until: undefined }],
    ['with a text for its end', { until: '2026-11-24' }],
    ['without a word on its release', { releasedAt: undefined }],
    ['on nothing', { match: {} }],
    ['on something that is not known', { match: { team: 'cart' } }],
    ['on a list of waves', { match: { wave: ['dev'] } }],
    ['on all, perhaps', { match: { all: 'yes' } }],
  ])('F124: a hold %s stops everything', async (_, change) => {
    stored(`INSERT INTO documents VALUES ('hold', 'h', '${JSON.stringify({ ...aHold(), ...change })}')`);
    const ledger = await openSqliteLedger(path, { log });
    expect(await ledger.holds()).toMatchObject([{ id: 'h', match: { all: true }, by: 'ledger', releasedAt: null }]);
    await ledger.close();
  });

  it('F124: a condition whose alert cannot be told is left out', async () => {
    stored(`INSERT INTO documents VALUES ('condition', 'c', '{"key":"c","alert":{},"toldAt":null}')`);
    const ledger = await openSqliteLedger(path, { log });
    expect(await ledger.conditions()).toEqual([]);
    await ledger.close();
  });

  it('F124: a hold stops everything until it is released under its id', async () => {
    stored("INSERT INTO documents VALUES ('hold', 'sale', '{]')");
    const ledger = await openSqliteLedger(path, { log });
    const [hold] = await ledger.holds();
    expect(hold).toMatchObject({ id: 'sale', match: { all: true }, until: null, releasedAt: null });
    await ledger.putHold({ ...hold!, releasedAt: NIGHT, releasedBy: 'ann' });
    expect(await ledger.holds()).toMatchObject([{ id: 'sale', releasedBy: 'ann' }]);
    await ledger.close();
  });
});

describe('a lease whose holder is no more', () => {
  it.each<{ holder: string; alive: number[]; given: boolean; why: string }>`
    holder           | alive  | given    | why
    ${'here:7:abc'}  | ${[8]} | ${true}  | ${'killed: it need not be waited for'}
    ${'here:7:abc'}  | ${[7]} | ${false} | ${'it lives'}
    ${'there:7:abc'} | ${[]}  | ${false} | ${'another machine: nobody here can know'}
    ${'a:b:7:abc'}   | ${[]}  | ${false} | ${'another machine, with a strange name'}
    ${'here'}        | ${[]}  | ${false} | ${'no process is named'}
    ${'here:x:abc'}  | ${[]}  | ${false} | ${'no process is named'}
  `('$holder, alive $alive: given is $given ($why)', async ({ holder, alive, given }) => {
    const ledger = await openSqliteLedger(path, { host: 'here', isAlive: (pid) => alive.includes(pid) });
    const first = await ledger.acquireLease(holder, HOUR, NIGHT);
    const next = await ledger.acquireLease('here:8:def', HOUR, NIGHT + 1);
    expect(next?.fence ?? null).toBe(given ? first!.fence + 1 : null);
    await ledger.close();
  });
});

describe('several processes', () => {
  it('two connections: one claim wins, and the newer lease is the one that counts', async () => {
    const [one, two] = [await openSqliteLedger(path), await openSqliteLedger(path)];
    const old = await one.acquireLease('one', MINUTE, NIGHT);
    expect(await two.acquireLease('two', MINUTE, NIGHT)).toBeNull();
    expect(await one.claim(anAttempt('a'), old!)).toBe(true);
    const lease = await two.acquireLease('two', MINUTE, NIGHT + MINUTE);
    expect(await two.claim(anAttempt('a'), lease!)).toBe(false);
    await expect(one.claim(anAttempt('b'), old!)).rejects.toThrow(StaleLeaseError);
    await one.close();
    await two.close();
  });

  it('four that begin at once on a new file all work, and each instance is claimed by one of them', async () => {
    const children = Array.from({ length: 4 }, () => writer(path, "'all'", 12));
    const claims = (await Promise.all(children.map(linesOf))).flat();
    expect(claims.filter((line) => line.startsWith('won')).sort()).toEqual(
      Array.from({ length: 12 }, (_, index) => `won ${String(index).padStart(5, '0')}`),
    );
  }, 30_000);

  it('killed in the middle of its writes: nothing that was told is lost, and the next run goes on at once', async () => {
    const child = writer(path, "hostname() + ':' + process.pid + ':n'", 100_000);
    const told: string[] = [];
    for await (const line of createInterface({ input: child.stdout! })) {
      told.push(line.replace('won', 'id').replace(' ', '-'));
      if (told.length === 40) child.kill('SIGKILL');
    }
    if (child.signalCode === null) await once(child, 'exit');
    expect(child.signalCode).toBe('SIGKILL');
    const ledger = await openSqliteLedger(path);
    const stored = new Set((await ledger.attempts({})).map(({ instanceId }) => instanceId));
    expect(told.filter((instanceId) => !stored.has(instanceId))).toEqual([]);
    expect(await ledger.acquireLease('next', MINUTE, NIGHT)).not.toBeNull();
    await ledger.close();
  }, 30_000);
});

/** A process of its own that takes the lease as `holder` (an expression) and claims instance after instance, telling of each. */
function writer(file: string, holder: string, count: number): ChildProcess {
  const attempt = JSON.stringify(anAttempt('x'));
  const module = new URL('../../lib/io/ledger/sqlite.ts', import.meta.url).href;
  const script = `
    import { hostname } from 'node:os';
    import { openSqliteLedger } from '${module}';
    const ledger = await openSqliteLedger(${JSON.stringify(file)});
    const holder = ${holder};
    const lease = await ledger.acquireLease(holder, 60_000, ${NIGHT});
    for (let n = 0; n < ${count}; n += 1) {
      const name = String(n).padStart(5, '0');
      const claim = { ...${attempt}, id: name + '@o', instanceId: 'id-' + name };
      console.log(((await ledger.claim(claim, lease)) ? 'won ' : 'lost ') + name);
    }`;
  return spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function linesOf(child: ChildProcess): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout! })) lines.push(line);
  return lines;
}

function damage(file: string): void {
  const database = new DatabaseSync(file);
  database.exec("CREATE TABLE attempts (x TEXT); INSERT INTO attempts VALUES ('x'); PRAGMA user_version = 1");
  database.close();
  writeFileSync(file, Buffer.alloc(4096, 0xff), { flag: 'r+' });
}
