import { readFile } from 'node:fs/promises';
import { fieldsOf } from '../core/day.ts';
import type { FeedOptions } from '../core/feed-event.ts';
import type { Component } from '../core/jcal.ts';
import { FeedError } from '../core/jcal.ts';
import { DAY, SECOND } from '../core/time.ts';
import { exchange, type TransportCode } from './dcs/http.ts';

/** For one request; a tick has other things to do. */
const TRY_LASTS = 5 * SECOND;

const MOST_BYTES = 1024 * 1024;
const MOST_REDIRECTS = 3;

/** A calendar as it was parsed, and the zones that it defines itself. */
export interface ParsedCalendar {
  calendars: Component[];
  zoneOf: NonNullable<FeedOptions['zoneOf']>;
}

/** The text of a calendar at an https URL or in a file. @throws FeedError, which names neither */
export async function loadCalendar(source: string): Promise<string> {
  const text = /^https?:/i.test(source) ? await download(new URL(source)) : await fromFile(source);
  if (Buffer.byteLength(text) > MOST_BYTES) throw new FeedError(`it is larger than ${MOST_BYTES} bytes`);
  return text;
}

async function fromFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new FeedError(`its file cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** Follows redirects on the same host alone: another one was not meant, and may hold anything. */
async function download(first: URL): Promise<string> {
  let url = first;
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    const headers = { accept: 'text/calendar', 'user-agent': 'dcs-upgrader' };
    const reply = await exchange({ method: 'GET', url, headers, body: '' }, TRY_LASTS);
    if ('code' in reply) throw new FeedError(WHAT_HAPPENED[reply.code]);
    if (reply.problem) throw new FeedError(WHAT_HAPPENED[reply.problem]);
    const location = reply.status >= 300 && reply.status < 400 ? reply.headers.get('location') : null;
    if (location === null && reply.status === 200) return reply.text;
    if (location === null) throw new FeedError(`its server answered ${reply.status}`);
    const next = URL.parse(location, url.href);
    if (next?.origin !== first.origin) throw new FeedError('its server sends elsewhere, which is not followed');
    url = next;
  }
  throw new FeedError(`its server redirects more than ${MOST_REDIRECTS} times`);
}

const WHAT_HAPPENED: Record<TransportCode, string> = {
  'TRANSPORT.TIMEOUT': `its server did not answer within ${TRY_LASTS / SECOND} seconds`,
  'TRANSPORT.RESET': 'the connection to its server broke',
  'TRANSPORT.DNS': 'the name of its server is not known',
  'TRANSPORT.REFUSED': 'its server takes no connection',
  'TRANSPORT.TLS': 'the certificate of its server is not trusted',
  'TRANSPORT.ENDPOINT': 'its server cannot be asked under this address',
  'TRANSPORT.TOO_LARGE': 'it is too large',
  'TRANSPORT.GARBLED': 'what its server sent is garbled',
};

/** The parser is loaded here, so that only policies with calendars pay for it. @throws FeedError */
export async function parseCalendar(text: string): Promise<ParsedCalendar> {
  const { default: ical } = await import('ical.js');
  let parsed: unknown;
  try {
    parsed = ical.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new FeedError(`it is no calendar: ${(error as Error).message.slice(0, 100)}`);
  }
  const calendars = (Array.isArray(parsed) && typeof parsed[0] === 'string' ? [parsed] : parsed) as Component[];
  if (calendars.length === 0 || calendars.some(([name]) => name !== 'vcalendar'))
    throw new FeedError('it is no calendar');
  return { calendars, zoneOf: (tzid) => zoneOf(ical, calendars, tzid) };
}

/** A zone that the calendar defines itself, as some programs do under names of their own. */
function zoneOf(
  ical: typeof import('ical.js').default,
  calendars: readonly Component[],
  tzid: string,
): ReturnType<ParsedCalendar['zoneOf']> {
  const defined = calendars
    .flatMap(([, , components]) => components.filter(([name]) => name === 'vtimezone'))
    .find(([, properties]) => properties.some(([name, , , value]) => name === 'tzid' && value === tzid));
  if (!defined) return null;
  const timezone = new ical.Timezone({
    component: new ical.Component(structuredClone(defined) as unknown as string),
    tzid,
  });
  return (day, time) => {
    const [date, rest] = [fieldsOf(day + Math.floor(time / DAY)), (time % DAY) / SECOND];
    const fields = {
      ...date,
      hour: Math.floor(rest / 3_600),
      minute: Math.floor(rest / 60) % 60,
      second: rest % 60,
      isDate: false,
    };
    return day * DAY + time - timezone.utcOffset(new ical.Time(fields, timezone)) * SECOND;
  };
}
