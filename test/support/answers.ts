/** Prints what the verbs that ask nobody say to one policy; run as a process of its own, so that its surroundings can differ. */
import { cli } from './cli.ts';

const [policy = '', fleet = ''] = process.argv.slice(2);
const span = ['--policy', policy, '--from', '2026-03-01T00:00:00Z', '--to', '2026-12-01T00:00:00Z'];
const lines: string[] = [];
for (const args of [
  ['windows', ...span],
  ['windows', ...span, '--json'],
  ['windows', ...span, '--format', 'ics'],
  ['rehearse', ...span, '--fleet', fleet],
  ['rehearse', ...span, '--fleet', fleet, '--json'],
  ['validate', '--policy', policy],
]) {
  const { code, out, err } = await cli(args, { LEDGER: 'memory' });
  lines.push(`${args[0]}: ${code}`, out.replace(/^DTSTAMP:.*$/gm, ''), err);
}
process.stdout.write(lines.join('\n'));
