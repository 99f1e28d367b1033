import type { Attempt } from '../core/attempt.ts';
import type { Decision } from '../core/decision.ts';
import type { Hold } from '../core/hold.ts';
import type { WaveState } from '../core/rollout.ts';
import { iso, SECOND } from '../core/time.ts';
import type { FleetStatus } from '../operations.ts';
import { currentBy, waveText } from '../present.ts';

/** More rows are for programs, which ask `GET /fleet`. */
const MOST_ROWS = 500;

const STYLE = `
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem;color:#1c2733;background:#fff}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}
ul.counts{display:flex;flex-wrap:wrap;gap:1rem 2rem;list-style:none;padding:0}ul.counts b{display:block;font-size:1.6rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #d8dee6;vertical-align:top}
.failed,.unverified,.held{color:#a4161a}.start,.follow,.running,.claimed{color:#0b5cad}
@media(prefers-color-scheme:dark){body{color:#d8dee6;background:#14191f}th,td{border-color:#333d48}
.failed,.unverified,.held{color:#ff8a8a}.start,.follow,.running,.claimed{color:#7db8ff}}`;

/** The fleet on one page, for people. It loads itself anew, and needs no script. */
export function dashboardHtml({ report, counts, holds, outlook }: FleetStatus, attempts: readonly Attempt[]): string {
  const { now, opening, waves, decisions } = report;
  const open = opening ? `A window is open until ${when(opening.closes)}.` : 'No window is open.';
  const shown = inOrder(decisions).slice(0, MOST_ROWS);
  const rest = decisions.length - shown.length;
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
    `<meta http-equiv="refresh" content="30"><title>DCS upgrades</title><style>${STYLE}</style></head><body>`,
    `<h1>DCS upgrades</h1><p>As of ${when(now)}. ${open} ${escaped(outlook.detail)}.</p>`,
    `<ul class="counts">${Object.entries(counts).map(([name, count]) => `<li><b>${count}</b>${escaped(name)}</li>`).join('')}</ul>`,
    section('Holds in force', ['By', 'Reason', 'What', 'Until'], holds.map(holdRow)),
    section('Waves', ['Wave', 'Done', 'State', 'Current by'], waves.map((wave) => waveRow(wave, outlook))),
    section('Latest upgrades', ['Instance', 'State', 'Began', 'Ended', 'From → to', 'Asked by'], attempts.map(attemptRow)),
    section('Fleet', ['Instance', 'Wave', 'Action', 'Reason', 'Possible at', 'Detail'], shown.map(decisionRow)),
    rest > 0 ? `<p>… and ${rest} more.</p>` : '',
    '</body></html>',
  ].join('\n'); // biome-ignore format: a section a line
}

function waveRow(state: WaveState, outlook: FleetStatus['outlook']): string {
  const { wave, done, members } = state;
  return row([wave, `${done} of ${members}`, waveText(state), currentBy(outlook, wave)]);
}

const ORDER: Record<Decision['action'], number> = { follow: 0, start: 1, wait: 2, none: 3 };

function inOrder(decisions: readonly Decision[]): Decision[] {
  return decisions.toSorted((a, b) => ORDER[a.action] - ORDER[b.action] || (a.name < b.name ? -1 : 1));
}

function section(title: string, columns: readonly string[], rows: readonly string[]): string {
  if (rows.length === 0) return `<h2>${title}</h2><p>None.</p>`;
  const head = columns.map((column) => `<th scope="col">${column}</th>`).join('');
  return `<h2>${title}</h2><table><thead><tr>${head}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function decisionRow({ name, wave, action, reason, possibleAt, detail }: Decision): string {
  return row(
    [name, wave ?? '–', action, reason, possibleAt === null ? '–' : when(possibleAt), detail],
    reason === 'held' ? 'held' : action,
  );
}

function attemptRow({ name, state, claimedAt, finishedAt, parts, engine, proxy, requestedBy }: Attempt): string {
  const versions = parts.map((part) => `${part} ${{ engine, proxy }[part].from} → ${{ engine, proxy }[part].to}`);
  const ended = finishedAt === null ? '–' : when(finishedAt);
  return row([name, state, when(claimedAt), ended, versions.join(', '), requestedBy], state);
}

function holdRow({ by, reason, match, until }: Hold): string {
  return row([by, reason, JSON.stringify(match), until === null ? 'released' : when(until)], 'held');
}

/** `style` is one of this page's own class names. */
function row(cells: readonly string[], style = ''): string {
  return `<tr class="${style}">${cells.map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`;
}

function when(at: number): string {
  return iso(Math.floor(at / SECOND) * SECOND);
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** What turns the direction of writing would turn more than the name that it stands in. */
const TURNS = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

function escaped(text: string): string {
  return text.replace(TURNS, '\ufffd').replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}
