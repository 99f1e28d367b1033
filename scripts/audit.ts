/**
 * Asks the registry for known vulnerabilities of what is shipped. Exit 1 when there are any; 0 where the registry offers
 * no audit or cannot be reached, which is said: nothing is known then, and that is no reason to fail.
 *
 *   npm run audit
 */
import { spawnSync } from 'node:child_process';

interface Report {
  metadata?: { vulnerabilities: Record<string, number> };
  vulnerabilities?: Record<string, { severity: string; range: string }>;
}

const { stdout, error } = spawnSync('npm', ['audit', '--json', '--omit', 'dev'], { encoding: 'utf8' });
if (error) throw error;
const report = read(stdout);
if (!report?.metadata) {
  console.log('no audit: the registry offers none, or cannot be reached');
} else {
  const found = Object.entries(report.vulnerabilities ?? {});
  for (const [name, { severity, range }] of found) console.log(`${severity}\t${name} ${range}`);
  console.log(`${found.length} packages with known vulnerabilities`);
  if (found.length > 0) process.exitCode = 1;
}

function read(text: string): Report | null {
  try {
    return JSON.parse(text) as Report;
  } catch {
    return null;
  }
}
