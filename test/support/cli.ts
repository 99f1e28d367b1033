import { EventEmitter } from 'node:events';
import { main } from '../../lib/cli/main.ts';
import type { ExitCode } from '../../lib/cli/verb.ts';

export interface Ran {
  code: ExitCode;
  out: string;
  err: string;
  /** Stdout as the one JSON document that `--json` promises. */
  json<T = unknown>(): T;
}

/** Runs one command line as a shell would, with this environment and no other, and keeps what it wrote. */
export async function cli(
  args: readonly string[],
  env: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<Ran> {
  const [out, err]: [string[], string[]] = [[], []];
  const host = Object.assign(new EventEmitter(), {
    env,
    stdout: { isTTY: false, write: (text: string) => out.push(text) },
    stderr: { write: (text: string) => err.push(text) },
  });
  signal?.addEventListener('abort', () => host.emit('SIGINT'));
  const code = await main(args, host as unknown as NodeJS.Process);
  return { code, out: out.join(''), err: err.join(''), json: <T>() => JSON.parse(out.join('')) as T };
}
