import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** As Debian calls it, and as its makers do; `ALERTMANAGER` may name another. */
const NAMES = [process.env.ALERTMANAGER, 'prometheus-alertmanager', 'alertmanager'];

/** The program, or null where it is not installed. */
export function alertmanager(): string | null {
  const isThere = (name: string) => {
    try {
      execFileSync(name, ['--version'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  };
  return NAMES.find((name): name is string => name !== undefined && isThere(name)) ?? null;
}

export interface RunningAlertmanager {
  /** Posts alerts, as Prometheus does. */
  alert(alerts: object[]): Promise<void>;
  stop(): Promise<void>;
}

/** A real one, which sends what it is told to the webhook at once, with the key as its credentials. */
export async function startAlertmanager(program: string, webhook: string, key: string): Promise<RunningAlertmanager> {
  const folder = mkdtempSync(join(tmpdir(), 'alertmanager-'));
  const config = join(folder, 'alertmanager.yml');
  writeFileSync(config, `
route: { receiver: dcs-upgrader, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1h }
receivers:
  - name: dcs-upgrader
    webhook_configs:
      - url: ${webhook}
        send_resolved: true
        http_config: { authorization: { type: Bearer, credentials: ${key} } }
`); // biome-ignore format: a file
  const url = `http://127.0.0.1:${await freePort()}`;
  const flags = [
    `--config.file=${config}`,
    `--storage.path=${folder}`,
    `--web.listen-address=${new URL(url).host}`,
    '--cluster.listen-address=',
  ];
  const child = spawn(program, flags, { stdio: 'ignore' }); // biome-ignore format: flags
  await ready(`${url}/-/ready`, child);
  return {
    async alert(alerts) {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${url}/api/v2/alerts`, { method: 'POST', headers, body: JSON.stringify(alerts) });
      if (!answer.ok) throw new Error(`Alertmanager answered ${answer.status}: ${await answer.text()}`);
    },
    async stop() {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
      rmSync(folder, { recursive: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

async function ready(url: string, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 100 && child.exitCode === null; tries += 1) {
    if (await fetch(url).then(({ ok }) => ok, () => false)) return; // biome-ignore format: one question
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('Alertmanager did not become ready');
}
