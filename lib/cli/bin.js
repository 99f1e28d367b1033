#!/usr/bin/env node
// Plain JavaScript, so that a Node that cannot read TypeScript gets a sentence instead of a stack trace.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(`dcs-upgrader needs Node 22.18 or newer, this is ${process.versions.node}.`);
  console.error('In a checkout, "npm ci" installs one for the project and "npx dcs-upgrader …" runs with it.');
  process.exit(3);
}
const { main } = await import('./main.ts');
process.exitCode = await main(process.argv.slice(2), process);
