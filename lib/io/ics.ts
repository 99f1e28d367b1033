import { createReadStream } from 'node:fs';
import { FeedError } from '../core/ics-text.ts';
import { SECOND } from '../core/time.ts';
import { exchange, type TransportCode } from './dcs/http.ts';

/** For all of a download; a tick has other things to do. */
const LASTS = 5 * SECOND;

const MOST_BYTES = 1024 * 1024;
const MOST_REDIRECTS = 3;

/** The text of a calendar at an https URL or in a file. @throws FeedError, which names neither */
export async function loadCalendar(source: string, lasts = LASTS): Promise<string> {
  const text = /^https?:/i.test(source) ? await download(new URL(source), lasts) : await fromFile(source);
  if (Buffer.byteLength(text) > MOST_BYTES) throw new FeedError(`it is larger than ${MOST_BYTES} bytes`);
  return text;
}

async function fromFile(path: string): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of createReadStream(path, { end: MOST_BYTES })) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  } catch (error) {
    throw new FeedError(`its file cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** Follows redirects on the same host alone: another one was not meant, and may hold anything. */
async function download(first: URL, lasts: number): Promise<string> {
  if (first.username !== '' || first.password !== '')
    throw new FeedError('its address holds a user or a password, which are not sent');
  const signal = AbortSignal.timeout(lasts);
  let url = first;
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    const headers = { accept: 'text/calendar', 'user-agent': 'dcs-upgrader' };
    const reply = await exchange({ method: 'GET', url, headers, body: '' }, lasts, signal);
    if ('code' in reply) throw new FeedError(whatHappened(reply.code, lasts));
    if (reply.problem) throw new FeedError(whatHappened(reply.problem, lasts));
    const location = reply.status >= 300 && reply.status < 400 ? reply.headers.get('location') : null;
    if (location === null && reply.status === 200) return reply.text;
    if (location === null) throw new FeedError(`its server answered ${reply.status}`);
    const next = URL.parse(location, url.href);
    if (next?.origin !== first.origin) throw new FeedError('its server sends elsewhere, which is not followed');
    url = next;
  }
  throw new FeedError(`its server redirects more than ${MOST_REDIRECTS} times`);
}

function whatHappened(code: TransportCode, lasts: number): string {
  return code === 'TRANSPORT.TIMEOUT'
    ? `its server did not answer within ${lasts / SECOND} seconds`
    : WHAT_HAPPENED[code];
}

const WHAT_HAPPENED: Record<Exclude<TransportCode, 'TRANSPORT.TIMEOUT'>, string> = {
  'TRANSPORT.RESET': 'the connection to its server broke',
  'TRANSPORT.DNS': 'the name of its server is not known',
  'TRANSPORT.REFUSED': 'its server takes no connection',
  'TRANSPORT.TLS': 'the certificate of its server is not trusted',
  'TRANSPORT.ENDPOINT': 'its server cannot be asked under this address',
  'TRANSPORT.TOO_LARGE': 'it is too large',
  'TRANSPORT.GARBLED': 'what its server sent is garbled',
};
