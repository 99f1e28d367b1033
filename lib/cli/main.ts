import { parseArgs } from 'node:util';
import { VERSION } from '../io/version.ts';
import { failureText } from './failure.ts';
import type { Terminal } from './terminal.ts';
import { type Call, type ExitCode, UsageError, type Verb } from './verb.ts';
import { VERBS } from './verbs/index.ts';

const EVERY_VERB = {
  policy: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Runs one command line. Answers go to stdout, everything else to stderr. */
export async function main(args: readonly string[], host: NodeJS.Process): Promise<ExitCode> {
  const terminal = terminalOf(host);
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    terminal.out(overview());
    return name === undefined ? 2 : 0;
  }
  if (name === '--version') {
    terminal.out(`${VERSION}\n`);
    return 0;
  }
  const verb = VERBS[name];
  if (!verb) {
    terminal.err(`There is no verb "${name}".\n\n${overview()}`);
    return 2;
  }
  const interrupt = new AbortController();
  const stop = () => interrupt.abort(new Error('interrupted'));
  host.once('SIGINT', stop);
  host.once('SIGTERM', stop);
  try {
    const call = parse(name, verb, rest, host.env, terminal, interrupt.signal);
    return call ? await verb.run(call) : 0;
  } catch (error) {
    const { code, message } = failureText(error);
    terminal.err(`dcs-upgrader ${name}: ${message}\n`);
    return code;
  } finally {
    host.off('SIGINT', stop);
    host.off('SIGTERM', stop);
  }
}

/** Null: help was asked for and printed. @throws UsageError */
function parse(
  name: string,
  verb: Verb,
  args: string[],
  env: Call['env'],
  terminal: Terminal,
  signal: AbortSignal,
): Call | null {
  const { values, positionals } = parsed(verb, args);
  if (values.help) {
    terminal.out(helpOf(name, verb));
    return null;
  }
  if (positionals.length !== verb.takes)
    throw new UsageError(
      `takes ${verb.takes || 'no'} argument${verb.takes === 1 ? '' : 's'}, found ${positionals.length}; see --help`,
    );
  const { policy, json } = values;
  return {
    values,
    positionals,
    json: json === true,
    policyFile: typeof policy === 'string' ? policy : undefined,
    env,
    terminal,
    signal,
  };
}

function parsed(verb: Verb, args: string[]): { values: Call['values']; positionals: string[] } {
  try {
    const { values, positionals } = parseArgs({
      args,
      options: { ...EVERY_VERB, ...verb.options },
      allowPositionals: true,
      strict: true,
    });
    return { values: values as Call['values'], positionals };
  } catch (error) {
    throw new UsageError(`${(error as Error).message}; see --help`);
  }
}

function overview(): string {
  const lines = Object.entries(VERBS).map(([name, verb]) => `  ${name.padEnd(10)} ${verb.summary}`);
  return [
    'Usage: dcs-upgrader VERB [options]',
    '',
    ...lines,
    '',
    'Every verb takes --policy FILE, --json and --help.',
    '',
  ].join('\n');
}

function helpOf(name: string, verb: Verb): string {
  const shared = [
    '--policy FILE  the policy, default policy.yaml',
    '--json         one JSON document on stdout, nothing else there',
  ];
  return [
    `Usage: dcs-upgrader ${name} ${verb.usage}`.trimEnd(),
    '',
    verb.summary,
    '',
    ...[...verb.help, ...shared].map((line) => `  ${line}`),
    '',
  ].join('\n');
}

function terminalOf(host: NodeJS.Process): Terminal {
  return {
    out: (text) => void host.stdout.write(text),
    err: (text) => void host.stderr.write(text),
    isLive: host.stdout.isTTY === true && host.env.TERM !== 'dumb' && !host.env.NO_COLOR,
    // Who reads from a pipe cuts lines where it likes.
    columns: host.stdout.columns ?? Number.POSITIVE_INFINITY,
  };
}
