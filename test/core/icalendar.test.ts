import { describe, expect, it } from '@jest/globals';
import ical, { type VEvent } from 'node-ical';
import { icalendarText } from '../../lib/core/icalendar.ts';

const STAMP = Date.parse('2026-11-24T08:00:00.500Z');
const EVENT = {
  uid: '2026-11-24T17:00:00Z.1a2b@dcs-upgrader',
  from: Date.parse('2026-11-24T17:00:00Z'),
  to: Date.parse('2026-11-24T21:00:00Z'),
  summary: 'DCS upgrades: night',
  description: 'starts',
};

/** What a parser that others wrote finds in it. */
function readBack(text: string): VEvent[] {
  return Object.values(ical.sync.parseICS(text)).filter((one): one is VEvent => one?.type === 'VEVENT');
}

describe('an iCalendar document', () => {
  it('says what was put in', () => {
    const [found, ...more] = readBack(icalendarText('windows', [EVENT], STAMP));
    expect(more).toEqual([]);
    expect(found).toMatchObject({ uid: EVENT.uid, summary: EVENT.summary, description: EVENT.description });
    expect([found!.start, found!.end, found!.dtstamp].map(Number)).toEqual([EVENT.from, EVENT.to, STAMP - 500]);
  });

  it.each([
    ['signs of the format', 'a, b; c\\d: "e"'],
    ['more than one line', 'first\nsecond'],
    ['more than one line, as Windows writes them', 'first\r\nsecond', 'first\nsecond'],
    ['more than fits on a line', 'word '.repeat(60).trim()],
    ['letters of several octets where a line is cut', '维护窗口'.repeat(40)],
    ['signs outside the basic plane where a line is cut', '🧊'.repeat(60)],
    ['what looks like another property', 'x\nDTSTART:19700101T000000Z'],
  ])('takes %s', (_, text, expected = text) => {
    const [found] = readBack(icalendarText('windows', [{ ...EVENT, summary: text, description: text }], STAMP));
    expect([found!.summary, found!.description, Number(found!.start)]).toEqual([expected, expected, EVENT.from]);
  });

  it('has lines of at most 75 octets, each with CRLF at its end', () => {
    const text = icalendarText('windows', [{ ...EVENT, summary: '维护窗口 and more '.repeat(20) }], STAMP);
    const lines = text.split('\r\n');
    expect(lines.pop()).toBe('');
    expect(lines.filter((line) => Buffer.byteLength(line) > 75 || /[\r\n\ufffd]/.test(line))).toEqual([]);
  });

  it('may be empty', () => {
    expect(icalendarText('windows', [], STAMP).split('\r\n').slice(0, 2)).toEqual(['BEGIN:VCALENDAR', 'VERSION:2.0']);
  });
});
