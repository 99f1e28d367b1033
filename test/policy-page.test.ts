import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { policyPage } from '../scripts/policy-page.ts';

const read = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');

/** Every key of the schema for editors, wherever it stands. */
function keysOf(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return [];
  const { properties = {} } = node as { properties?: Record<string, unknown> };
  return [...Object.keys(properties), ...Object.values(node).flatMap(keysOf)];
}

describe('the reference of the policy', () => {
  it('is up to date: npm run schema', () => {
    expect(read('docs/policy.md')).toBe(policyPage());
  });

  it('has a line for every key', () => {
    const keys = keysOf(JSON.parse(read('policy.schema.json')));
    expect(keys.length).toBeGreaterThan(60);
    expect(keys.filter((key) => !policyPage().includes(`\n| \`${key}\` | `))).toEqual([]);
  });

  it('leads nowhere but to its own headings and to files that are there', () => {
    const headings = [...policyPage().matchAll(/^## `?([^`\n]+)`?$/gm)].map(
      ([, title]) =>
        `#${title!
          .toLowerCase()
          .replace(/[^a-z0-9_ -]/g, '')
          .replaceAll(' ', '-')}`,
    );
    const links = [...policyPage().matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => link!);
    expect(links.filter((link) => link.startsWith('#') && !headings.includes(link))).toEqual([]);
    expect(links.filter((link) => !link.startsWith('#')).map((link) => link.replace(/#.*/, ''))).toEqual([
      '../README.md',
      '../policy.example.yaml',
    ]);
  });

  it('is found from the README', () => {
    expect(read('README.md')).toContain('(docs/policy.md)');
  });
});
